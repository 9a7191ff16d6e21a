"""The three topics. Other teams subscribe to them: names and meaning are a contract."""

from typing import Final

WEBHOOKS: Final = "meetings.webhooks"
"""Every authentic webhook, body unchanged, keyed by meeting id."""

EVENTS: Final = "meetings.events"
"""Facts that the pipeline itself caused, keyed by meeting id."""

DEAD_LETTERS: Final = "meetings.dead-letters"
"""What failed: original bytes and headers, and the reason, under the original key."""

TOPICS: Final = (WEBHOOKS, EVENTS, DEAD_LETTERS)
