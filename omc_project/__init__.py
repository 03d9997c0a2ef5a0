"""What wires the apps together; importing it reads `.env`, before any module reads a variable."""

from omc_project.dotenv import load_own

load_own()
