"""The worlds of `manage.py seed`: the example year, and the one that questions are scored in."""
