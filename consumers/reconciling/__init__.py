"""Reconcile: what a provider has and we have not is found, and handed to the consumers.

`compare.py` is one meeting, `run.py` all of a provider, `turns.py` whose turn it is. Nothing is stored here:
a gap becomes a record in `meetings.webhooks` with the provider's answer as its body, and the consumers do
what they always do.
"""
