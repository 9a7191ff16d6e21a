"""Vonage's transcription of an archive. Its format is not published: the file is stored as it came, and read
for what any transcript has.

Source: https://developer.vonage.com/en/video/guides/transcription, which shows how to ask for one ("a JSON
file", with a summary in it if that was asked for) and not what is in it. So the list whose entries say the
most is taken for what was said, wherever it stands, and each field is looked for by the names that other
senders give it. A transcription that comes in a zip is read there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, parse_json, text
from schemas.meeting import ParsedTranscript
from schemas.segments import in_order, not_before, seconds, speaker_of
from schemas.spacing import join_words, tidy
from schemas.transcript import Segment, Word

SHAPE: Final = "vonage.transcription"

_SAID: Final = ("text", "transcript", "content", "sentence", "display_text", "utterance")
_SPEAKERS: Final = (
    "speaker",
    "speaker_name",
    "speakerName",
    "participant",
    "name",
    "connectionData",
    "connection_data",
    "speaker_id",
    "speakerId",
    "streamId",
    "stream_id",
    "channel",
)
_NAMES: Final = ("name", "userName", "username", "id")
_STARTS: Final = ("start", "start_time", "startTime", "offset", "begin", "from")
_ENDS: Final = ("end", "end_time", "endTime", "to")
_DURATIONS: Final = ("duration", "total_duration")
_LANGUAGES: Final = ("primaryLanguageCode", "languageCode", "language_code", "language")
_IN_MILLISECONDS: Final = ("_ms", "Ms", "_millis", "Millis", "Offset", "_in_ms")
_DEEPEST: Final = 8
_MOST_BYTES: Final = 256 * 1024 * 1024
_LONGEST_LANGUAGE: Final = 35


def parse_transcript(shape: str, data: bytes) -> ParsedTranscript:
    """What was said, in order of time. Raises `BrokenEvent` where no list in it looks like that."""
    if shape != SHAPE:
        raise BrokenEvent(shape, ("not a shape of Vonage's transcriptions",))
    try:
        document = parse_json(_unzipped(data))
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    lists = list(_lists(document, 0))
    if not lists:
        raise BrokenEvent(shape, ("there is no list in it",))
    segments = max(map(_segments, lists), key=lambda found: sum(len(one.text) for one in found))
    is_empty = all(not entries for entries in lists)
    if not segments and not is_empty:
        raise BrokenEvent(shape, ("in none of its lists do entries say anything",))
    top = document if isinstance(document, dict) else {}
    return ParsedTranscript(
        language=_language(top),
        duration_seconds=_time(top, _DURATIONS),
        segments=tuple(in_order(segments)),
        reason=None if segments else "The sender found no words.",
    )


def _unzipped(data: bytes) -> bytes:
    """The first JSON file of a zip; anything else as it is."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    import io
    import zipfile  # slow to load, and hardly ever needed

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if member.filename.lower().endswith(".json") and member.file_size <= _MOST_BYTES:
                    return archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        raise NotAnEvent("a zip that cannot be read") from error
    raise NotAnEvent("a zip without a JSON file")


def _lists(value: object, depth: int) -> Iterator[Sequence[Any]]:
    """All lists of objects, and empty ones; those inside others' entries too, in order of the document."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        if all(isinstance(one, dict) for one in value):
            yield value
        for one in value:
            yield from _lists(one, depth + 1)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _lists(one, depth + 1)


def _segments(entries: Sequence[Mapping[str, Any]]) -> list[Segment]:
    return [segment for one in entries if (segment := _segment(one)).text]


def _segment(one: Mapping[str, Any]) -> Segment:
    words = one.get("words")
    spoken = [word for each in words if (word := _word(each))] if isinstance(words, list) else []
    said = next((found for name in _SAID if (found := text(one.get(name)))), None)
    start = _time(one, _STARTS)
    if start is None:
        start = min((word.start for word in spoken if word.start is not None), default=None)
    end = not_before(start, _time(one, _ENDS))
    if end is None:
        end = not_before(start, max((word.end for word in spoken if word.end is not None), default=None))
    speaker = next((found for name in _SPEAKERS if (found := _speaker(one.get(name)))), None)
    return Segment(
        speaker=speaker,
        start=start,
        end=end,
        text=tidy(said or "") or join_words([word.text for word in spoken]),
        words=tuple(spoken),
    )


def _word(each: object) -> Word | None:
    fields = each if isinstance(each, dict) else {"word": each}
    said = next((tidy(found) for name in ("word", *_SAID) if (found := text(fields.get(name)))), "")
    if not said:
        return None
    start = _time(fields, _STARTS)
    confidence = number(fields.get("confidence"))
    return Word(
        text=said,
        start=start,
        end=not_before(start, _time(fields, _ENDS)),
        confidence=confidence if confidence is None or confidence <= 1 else None,
    )


def _speaker(value: object) -> str | None:
    """A name, or what an application says of somebody: often JSON once more."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = parse_json(value.encode("utf-8", "replace"))
        except NotAnEvent:
            return speaker_of(value)
    if isinstance(value, dict):
        return next((found for name in _NAMES if (found := speaker_of(value.get(name)))), None)
    return speaker_of(value)


def _time(fields: Mapping[str, Any], names: Sequence[str]) -> float | None:
    """In seconds; in milliseconds where the field's name ends so."""
    for name in names:
        if (found := seconds(fields.get(name))) is not None:
            return found
        for suffix in _IN_MILLISECONDS:
            given = number(fields.get(f"{name}{suffix}"))
            if given is not None:
                return seconds(given / 1000)
    return None


def _language(top: Mapping[str, Any]) -> str | None:
    for name in _LANGUAGES:
        tag = text(top.get(name))
        if tag and len(tag) <= _LONGEST_LANGUAGE and tag.isprintable():
            return tag
    return None
