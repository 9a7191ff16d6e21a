"""Whether a file is whole, told by its own structure while it streams by: `checkers.py` is the front."""
