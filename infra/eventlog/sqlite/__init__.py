"""The log in one SQLite file: `log.py` is its front."""
