"""RealtimeKit's side of the wire: the key that it signs with, and its REST API."""
