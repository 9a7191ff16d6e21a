"""Recordings that come stream by stream in a zip, taken out of it one by one."""
