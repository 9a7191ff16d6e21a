"""What waits on disk while another log is away: `log.py` is its front."""
