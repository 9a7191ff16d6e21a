"""Waterr's events, under all the names that they have had.

Source: https://github.com/thinkharshh/docs at fdeff93 (2026-06-30): `api-reference/{webhooks,post-meeting,
session-lifecycle,meetings}.mdx`, `capabilities/notifications.mdx`, `openapi.yaml`; its revisions 53c9f8c
(2026-02), f4eb057 (2026-05-30) and 7558c08 (2026-06-14); https://github.com/waterrai/skills.

Contradictions observed, and what is done about them:
- the analysis is told of by `session.analysis_complete` (the table of events), `analysis.completed` (a tip,
  and the agents' skill) or `meeting.completed` (2026-02, still shown at HEAD): one meaning
- `session.ended` and `session.transcript_ready` were planned: read as `meeting.ended` and `transcript.ready`
- `meeting.started` is planned, and not sent: read when it is
- ids are UUIDs, in older text numbers: numbers become text
- `meeting.completed` has no envelope id, and its result stands in `data` itself
- an event of v2 and its legacy twin have different envelope ids: two events of one meaning, and what they
  bring is stored once
"""

from collections.abc import Mapping
from typing import Final

from schemas.meeting import State

ENDED: Final = "meeting.ended"
TRANSCRIBED: Final = "transcript.ready"
RECORDED: Final = "recording.ready"
ANALYSED: Final = "session.analysis_complete"
NOT_ANALYSED: Final = "analysis.failed"
JOINED: Final = "participant.joined"
LEFT: Final = "participant.left"

ALIASES: Final[Mapping[str, str]] = {
    "analysis.completed": ANALYSED,
    "meeting.completed": ANALYSED,
    "session.ended": ENDED,
    "session.transcript_ready": TRANSCRIBED,
}
"""Other names, by what they mean."""

DISTINCT: Final[Mapping[str, tuple[str, ...]]] = {
    "meeting.created": (),
    "meeting.started": (),
    JOINED: ("participant.id", "participant.joined_at"),
    LEFT: ("participant.id", "participant.left_at"),
    ENDED: (),
    TRANSCRIBED: ("transcript_id",),
    RECORDED: ("recording_id",),
    ANALYSED: ("analysis.analysis_id",),
    NOT_ANALYSED: (),
}
"""Every event, and the fields of `data` that with the meeting tell it from others of its name."""

SAYS: Final[Mapping[str, State]] = {
    "meeting.started": State.LIVE,
    JOINED: State.LIVE,
    ENDED: State.PROCESSING,
    ANALYSED: State.COMPLETED,
    NOT_ANALYSED: State.COMPLETED,
}
"""The analysis comes last, or says that it does not: then it alone failed, and the meeting did not."""


def meaning(name: str) -> str:
    """The present name of an event."""
    return ALIASES.get(name, name)
