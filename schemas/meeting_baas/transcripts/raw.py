"""v2's raw transcription: what Gladia said of each part of the sound, the times of each from its own start.

Other providers' answers come in the same file, undocumented: of these there is no transcript.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.identity import BrokenEvent
from schemas.meeting_baas.transcripts.segments import Said, segment_of
from schemas.segments import seconds


@dataclass(slots=True)
class Raw:
    """`seconds` are those of all parts together, null where nobody says. `nothing` says why nothing was said,
    where nothing was."""

    parts: int
    said: list[Said] = field(default_factory=list)
    languages: list[object] = field(default_factory=list)
    seconds: float | None = None
    nothing: str = "The sender found no words."


def parse_raw(shape: str, document: object) -> Raw:
    """One part after the other. Raises `BrokenEvent` where it is not as Gladia's."""
    parts = document.get("transcriptions") if isinstance(document, dict) else None
    if not isinstance(parts, list):
        raise BrokenEvent(shape, ("transcriptions: not a list",))
    raw = Raw(len(parts))
    failed = 0
    offset = 0.0
    for number, part in enumerate(parts, start=1):
        place = f"transcriptions[{number - 1}]"
        if not isinstance(part, dict) or not ("transcription" in part or "error" in part):
            raise BrokenEvent(shape, (f"{place}: not as Gladia's, whose shape alone is documented",))
        made = part.get("transcription")
        known = made if isinstance(made, dict) else {}
        failed += made is None or bool(known.get("error")) or bool(part.get("error"))
        length = seconds(_at(part, "metadata", "audio_duration"))
        said = [
            (segment, one)
            for one in _utterances(shape, place, made, length)
            if (segment := segment_of(one, offset=offset, part=number)).text
        ]
        ends = (segment.end or segment.start or 0.0 for segment, _ in said)
        raw.said += said
        languages = known.get("languages")
        raw.languages += languages if isinstance(languages, list) else []
        offset = offset + length if length else max(ends, default=offset)
    raw.seconds = seconds(offset) or None
    if failed:
        raw.nothing = f"The sender could not transcribe {failed} of {len(parts)} parts of the recording."
    return raw


def _utterances(shape: str, place: str, made: object, length: float | None) -> Iterator[Mapping[str, Any]]:
    """Where there are none, all of the part is one."""
    if made is None:
        return
    if not isinstance(made, dict):
        raise BrokenEvent(shape, (f"{place}.transcription: not an object",))
    utterances = made.get("utterances")
    if utterances is None:
        if not {"full_transcript", "error", "languages"} & made.keys():
            reason = "not as Gladia's, whose shape alone is documented"
            raise BrokenEvent(shape, (f"{place}.transcription: {reason}",))
        yield {"text": made.get("full_transcript"), "start": 0, "end": length}
        return
    yield from _objects(shape, f"{place}.transcription.utterances", utterances)


def _objects(shape: str, place: str, values: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(values, list):
        raise BrokenEvent(shape, (f"{place}: not a list",))
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise BrokenEvent(shape, (f"{place}[{index}]: not an object",))
    return values


def _at(part: Mapping[str, Any], *path: str) -> object:
    value: object = part
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
