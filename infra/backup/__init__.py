"""Put a house into one file, and build it again from that file.

The file holds the database and the secrets that open what is encrypted in it. Redis is not in it:
it holds only work in flight, and what is due is read from the database.
"""
