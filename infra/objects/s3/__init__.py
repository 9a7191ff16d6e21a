"""The store in an S3 bucket: `store.py` is its front."""
