"""Replay: what failed, or any slice of a topic, is done again by the code that the runner uses.

`choose` finds which records, into an `index` on disk; `again` hands them to their consumers, and `republish`
to whoever subscribes to a topic.
"""
