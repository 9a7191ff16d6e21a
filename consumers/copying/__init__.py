"""A file from its link into the object store, once and whole, whatever dies: `copy.py` is the front."""
