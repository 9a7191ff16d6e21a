"""RealtimeKit's events and the states of its recordings.

Source: https://github.com/cloudflare/cloudflare-docs at 1ab5188: `src/content/docs/realtime/realtimekit/`
(`webhooks.mdx`, `ai/transcription.mdx`, `recording-guide/monitor-status.mdx`); its REST objects in
https://github.com/cloudflare/cloudflare-typescript at faaaf89: `src/resources/realtime-kit/`; as Dyte,
https://github.com/dyte-io/docs at 0c38df2: `docs/guides/capabilities/webhooks/`.

A meeting there is a room that is used again and again; what we call a meeting is one session in it.

Contradictions observed, and what is done about them:
- `meeting.status` is "LIVE" in every sample, also after the end: it is not read
- `sessionId` is missing beside some recordings: `recording.roomUUID` is the same
- a recording has 4, 5 or 6 states by the page that one reads: all are known here
- times are `2026-06-03T10:00:00.000Z` or `2023-04-14 04:46:08.306221Z`: both are read
- `fileSize` is text or a number, `recordingDuration` 0 beside a file of 47 s: neither is relied on
- `stopReason` is an object, or text in which Python has written one: it is not read
- `rtk-uuid` is said to be for telling deliveries apart, and reported to be new for each attempt, as it is for
  each of several webhooks: an event's id is made of what it is about
- a transcript, a summary or a chat may be made again, under the same name: where its link leads tells
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.manifest import ArtifactKind
from schemas.meeting import State

STARTED: Final = "meeting.started"
ENDED: Final = "meeting.ended"
JOINED: Final = "meeting.participantJoined"
LEFT: Final = "meeting.participantLeft"
CHAT: Final = "meeting.chatSynced"
RECORDING: Final = "recording.statusUpdate"
LIVESTREAM: Final = "livestreaming.statusUpdate"
TRANSCRIPT: Final = "meeting.transcript"
SUMMARY: Final = "meeting.summary"


@dataclass(frozen=True, slots=True)
class File:
    """A field with a link, and the field that says until when."""

    link: str
    expiry: str
    kind: ArtifactKind


RECORDED: Final = (
    File("downloadUrl", "downloadUrlExpiry", "video"),
    File("audioDownloadUrl", "downloadUrlExpiry", "audio"),
)
"""In `recording`."""

FILES: Final[Mapping[str, File]] = {
    CHAT: File("chatDownloadUrl", "chatDownloadUrlExpiry", "chat"),
    TRANSCRIPT: File("transcriptDownloadUrl", "transcriptDownloadUrlExpiry", "transcript"),
    SUMMARY: File("summaryDownloadUrl", "summaryDownloadUrlExpiry", "summary"),
}
"""Beside `event`."""

EVENTS: Final = frozenset({STARTED, ENDED, JOINED, LEFT, RECORDING, LIVESTREAM, *FILES})

UPLOADED: Final = "UPLOADED"
ERRORED: Final = "ERRORED"


@dataclass(frozen=True, slots=True)
class Status:
    """A recording never goes down in `rank`; those of one rank may follow each other.

    `at` is the field of the recording with the time of it, "" where none has. `says` is the state that it
    alone speaks for.
    """

    rank: int
    at: str
    says: State | None


STATUSES: Final[Mapping[str, Status]] = {
    "INVOKED": Status(1, "invokedTime", None),
    "RECORDING": Status(2, "startedTime", State.LIVE),
    "PAUSED": Status(2, "startedTime", State.LIVE),
    "UPLOADING": Status(3, "stoppedTime", None),
    UPLOADED: Status(4, "", None),
    ERRORED: Status(4, "", State.FAILED),
}
