"""How Oh My Coins runs on more than one machine."""
