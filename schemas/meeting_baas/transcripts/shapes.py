"""The shapes in which Meeting BaaS gives a transcript, and where each has what.

Source: https://github.com/Meeting-BaaS/docs at fd14185: `openapi.json` (`Transcript`, `Word`),
`openapi-v2.json` (`OutputTranscription`, `RawTranscription`), `content/docs/api/reference/webhooks/`,
`content/docs/api-v2/migration-guide.mdx`.

Contradictions observed, and what is done about them:
- a word is `word, start, end` in webhooks and in v2's files, `text, start_time, end_time` in v1's REST: both
  are read
- a segment is `start_time, end_time` in v1 (absent in its older sample, `end_time` null in REST), `start,
  end` in v2; what is missing is taken from `offset`, then from the words
- a segment of v2 and of the migration guide has its text, one of v1 only words, with or without their spaces
- a speaker is a name, but in v2's raw file a number, which begins again with each part
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import parse_json, text
from schemas.meeting import ParsedTranscript
from schemas.meeting_baas.transcripts.raw import parse_raw
from schemas.meeting_baas.transcripts.segments import Said, segment_of
from schemas.segments import in_order, seconds

V1_WEBHOOK: Final = "meeting-baas.v1.webhook"
"""The whole body of a v1 `complete`, nested or flat."""

V1_REST: Final = "meeting-baas.v1.rest"
"""The answer of v1's `GET /bots/meeting_data`."""

V2_OUTPUT: Final = "meeting-baas.v2.output"
"""v2's `output_transcription.json`."""

V2_RAW: Final = "meeting-baas.v2.raw"
"""v2's `raw_transcription.json`, where Gladia made it."""

_LONGEST_LANGUAGE: Final = 35
"""Characters of a language's tag (RFC 5646, 4.4.1)."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Paths in the document; the first list that there is, is the transcript's."""

    segments: Sequence[tuple[str, ...]]
    duration: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


_SHAPES: Final[Mapping[str, _Shape]] = {
    V1_WEBHOOK: _Shape([("data", "transcript"), ("transcript",)]),
    V1_REST: _Shape([("bot_data", "transcripts")], duration=("duration",)),
    V2_OUTPUT: _Shape(
        [("result", "utterances")], duration=("result", "total_duration"), languages=("result", "languages")
    ),
}


def parse_transcript(shape: str, data: bytes) -> ParsedTranscript:
    """A transcript in one of the four shapes: segments in order of time, those without words left out.

    What is no time (NaN, a negative number, an end before its start) is not known, and taken from the words
    where they know. The language is the one in which most was said. Where nothing was, the reason is given.
    Raises `BrokenEvent` when there is no list of segments where the shape has it, or something else in it.
    """
    if shape != V2_RAW and shape not in _SHAPES:
        raise BrokenEvent(shape, ("not a shape of Meeting BaaS's transcripts",))
    try:
        document = parse_json(data)
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    if shape == V2_RAW:
        raw = parse_raw(shape, document)
        return _parsed(raw.said, raw.languages, raw.seconds, raw.nothing, added_up=raw.parts > 1)
    paths = _SHAPES[shape]
    found = _segments(shape, paths.segments, document)
    said = [(segment, one) for one in found if (segment := segment_of(one)).text]
    nothing = "In none of the sender's segments are there words." if found else "The sender found no words."
    return _parsed(said, _at(paths.languages, document), seconds(_at(paths.duration, document)), nothing)


def _segments(shape: str, paths: Sequence[tuple[str, ...]], document: object) -> Sequence[Mapping[str, Any]]:
    found = next((it for path in paths if isinstance(it := _at(path, document), list)), None)
    if found is None:
        raise BrokenEvent(shape, (f"{'.'.join(paths[0])}: not a list",))
    for index, one in enumerate(found):
        if not isinstance(one, dict):
            raise BrokenEvent(shape, (f"{'.'.join(paths[0])}[{index}]: not an object",))
    return found


def _at(path: tuple[str, ...], document: object) -> object:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if path else None


def _parsed(
    said: Sequence[Said], announced: object, duration: float | None, nothing: str, *, added_up: bool = False
) -> ParsedTranscript:
    return ParsedTranscript(
        language=_language(said, announced),
        duration_seconds=duration,
        segments=tuple(in_order([segment for segment, _ in said])),
        reason=None if said else nothing,
        added_up=added_up,
    )


def _language(said: Sequence[Said], announced: object) -> str | None:
    spoken: Counter[str] = Counter()
    for segment, one in said:
        for language in _tags(one.get("language"), one.get("lang")):
            spoken[language] += len(segment.text)
            break
    if spoken:
        return spoken.most_common(1)[0][0]
    return next(_tags(*announced), None) if isinstance(announced, list) else None


def _tags(*values: object) -> Iterator[str]:
    for value in values:
        tag = text(value)
        if tag and len(tag) <= _LONGEST_LANGUAGE and tag.isprintable():
            yield tag
