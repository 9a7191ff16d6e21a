"""RealtimeKit's transcripts: CSV, as its webhooks link to, and JSON, as its API gives too.

Source: https://github.com/cloudflare/cloudflare-docs at 0309c8b:
`src/content/docs/realtime/realtimekit/ai/transcription.mdx`; as Dyte, https://github.com/dyte-io/docs at
0c38df2: `docs/guides/capabilities/ai/meeting-transcription.mdx`.

Contradictions observed, and what is done about them:
- the first column is milliseconds from the start, or a time of the day: told by its form
- there is a first row of titles in one document, and none in the other: what is no time there is a title
- a row has no end: captions estimate one; JSON has it
"""

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import epoch, moment, number, parse_json, text
from schemas.meeting import ParsedTranscript
from schemas.segments import in_order, not_before, seconds, speaker_of
from schemas.spacing import tidy
from schemas.transcript import Segment

FILE: Final = "realtimekit.transcript"
"""A file in CSV or JSON, told by its first character."""

_COLUMNS: Final = 6
_LONGEST_FIELD: Final = 256 * 1024 * 1024
_LONGEST_MILLISECONDS: Final = 1e11
"""Three years: what is more is milliseconds since 1970."""


def parse_transcript(shape: str, data: bytes) -> ParsedTranscript:
    """Segments in order of time, those without words left out.

    Times of the day count from the first of them. Raises `BrokenEvent` when it is not such a file.
    """
    if shape != FILE:
        raise BrokenEvent(shape, ("not a shape of RealtimeKit's transcripts",))
    try:
        content = data.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        raise BrokenEvent(shape, (f"not UTF-8 (byte {error.start})",)) from error
    began, rows = (None, _json_rows(data)) if content.startswith(("[", "{")) else _csv_rows(content)
    segments = [segment for segment in rows if segment.text]
    nothing = "In none of the sender's segments are there words." if rows else "The sender found no words."
    return ParsedTranscript(
        language=None,
        duration_seconds=None,
        segments=tuple(in_order(segments)),
        reason=None if segments else nothing,
        began_at=began,
    )


def _csv_rows(content: str) -> tuple[datetime | None, list[Segment]]:
    """And the first of the times, where they are of the day."""
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
    except csv.Error as error:
        raise BrokenEvent(FILE, (f"not CSV: {error}",)) from error
    if rows and len(rows[0]) >= _COLUMNS and _is_title(rows[0][0]):
        del rows[0]
    for place, row in enumerate(rows, start=1):
        if len(row) < _COLUMNS:
            raise BrokenEvent(FILE, (f"row {place} has {len(row)} of {_COLUMNS} columns",))
    began = min((at for row in rows if (at := _time_of_day(row[0]))), default=None)
    return began, [_segment(row, began) for row in rows]


def _segment(row: list[str], began: datetime | None) -> Segment:
    start, _, _, custom_id, name, *said = row
    return Segment(
        speaker=speaker_of(name) or speaker_of(custom_id),
        start=_start(start, began),
        end=None,
        text=tidy(",".join(said)),
    )


def _is_title(cell: str) -> bool:
    return number(cell) is None and moment(cell) is None and cell.strip()[:1].isalpha()


def _start(cell: str, began: datetime | None) -> float | None:
    at = _time_of_day(cell)
    return _seconds(cell) if at is None or began is None else seconds((at - began).total_seconds())


def _time_of_day(cell: str) -> datetime | None:
    """Null for milliseconds from the start."""
    milliseconds = number(cell)
    if milliseconds is None:
        return moment(cell)
    return epoch(milliseconds) if milliseconds > _LONGEST_MILLISECONDS else None


def _json_rows(data: bytes) -> list[Segment]:
    try:
        rows = parse_json(data.removeprefix(b"\xef\xbb\xbf"))
    except NotAnEvent as error:
        raise BrokenEvent(FILE, (str(error),)) from error
    if not isinstance(rows, list):
        raise BrokenEvent(FILE, ("JSON, but not a list",))
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BrokenEvent(FILE, (f"[{place}]: not an object",))
    return [_of_object(row) for row in rows]


def _of_object(row: Mapping[str, Any]) -> Segment:
    start = _seconds(row.get("startTime"))
    found = row.get("peerData")
    peer: Mapping[str, Any] = found if isinstance(found, dict) else {}
    return Segment(
        speaker=speaker_of(peer.get("displayName")) or speaker_of(peer.get("cpi")),
        start=start,
        end=not_before(start, _seconds(row.get("endTime"))),
        text=tidy(text(row.get("sentence")) or ""),
    )


def _seconds(milliseconds: object) -> float | None:
    found = number(milliseconds)
    return None if found is None else seconds(found / 1000)
