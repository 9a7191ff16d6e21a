"""Meeting BaaS's transcripts in our shape.

Source: https://github.com/Meeting-BaaS/docs at fd14185: `openapi.json` (`Transcript`, `Word`),
`openapi-v2.json` (`OutputTranscription`), `content/docs/api/reference/webhooks/`,
`content/docs/api-v2/migration-guide.mdx`.

Contradictions observed, and what is done about them:
- a word is `word, start, end` in webhooks and in v2's file, `text, start_time, end_time` in v1's REST: both
  are read
- a segment is `start_time, end_time` in v1 (absent in its older sample, `end_time` null in REST), `start,
  end` in v2; what is missing is taken from `offset`, then from the words
- a segment of v2 and of the migration guide has its text, one of v1 only words, with or without their spaces
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, parse_json, text
from schemas.meeting import ParsedTranscript
from schemas.spacing import join_words, tidy
from schemas.transcript import Segment, Word

V1_WEBHOOK: Final = "meeting-baas.v1.webhook"
"""The whole body of a v1 `complete`, nested or flat."""

V1_REST: Final = "meeting-baas.v1.rest"
"""The answer of v1's `GET /bots/meeting_data`."""

V2_OUTPUT: Final = "meeting-baas.v2.output"
"""v2's `output_transcription.json`."""


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
    """A transcript in one of the three shapes: segments in order of time, those without words left out.

    What is no time (NaN, a negative number, an end before its start) is not known, and taken from the words
    where they know. The language is the one in which most was said. Raises `BrokenEvent` when there is no
    list of segments where the shape has it, or something else in it.
    """
    paths = _SHAPES.get(shape)
    if paths is None:
        raise BrokenEvent(shape, ("not a shape of Meeting BaaS's transcripts",))
    try:
        document = parse_json(data)
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    found = next((it for path in paths.segments if isinstance(it := _at(path, document), list)), None)
    if found is None:
        raise BrokenEvent(shape, (f"{'.'.join(paths.segments[0])}: not a list",))
    for index, one in enumerate(found):
        if not isinstance(one, dict):
            raise BrokenEvent(shape, (f"{'.'.join(paths.segments[0])}[{index}]: not an object",))
    said = [(segment, one) for one in found if (segment := _segment(one)).text]
    return ParsedTranscript(
        language=_language(said, _at(paths.languages, document)),
        duration_seconds=number(_at(paths.duration, document)) if paths.duration else None,
        segments=tuple(_in_order([segment for segment, _ in said])),
    )


def _at(path: tuple[str, ...], document: object) -> object:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _segment(one: Mapping[str, Any]) -> Segment:
    words = one.get("words")
    spoken, parsed = _words(words if isinstance(words, list) else ())
    start = _first(one, "start_time", "start", "offset")
    if start is None:
        start = min((word.start for word in parsed if word.start is not None), default=None)
    end = _not_before(start, _first(one, "end_time", "end"))
    if end is None:
        end = _not_before(start, max((word.end for word in parsed if word.end is not None), default=None))
    speaker = one.get("speaker")
    return Segment(
        speaker=str(speaker) if type(speaker) is int else text(speaker),
        start=start,
        end=end,
        text=tidy(text(one.get("text")) or join_words(spoken)),
        words=parsed,
    )


def _words(words: Sequence[Any]) -> tuple[list[str], tuple[Word, ...]]:
    """The words as they came, with the spaces that say how to join them, and as words of ours."""
    spoken: list[str] = []
    parsed: list[Word] = []
    for word in words:
        fields = word if isinstance(word, dict) else {"word": word}
        content = text(fields.get("word")) or text(fields.get("text"))
        if content is None:
            continue
        start = _first(fields, "start", "start_time")
        end = _not_before(start, _first(fields, "end", "end_time"))
        confidence = number(fields.get("confidence"))
        if confidence is not None and confidence > 1:
            confidence = None
        spoken.append(content)
        parsed.append(Word(text=content.strip(), start=start, end=end, confidence=confidence))
    return spoken, tuple(parsed)


def _first(fields: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        value = number(fields.get(name))
        if value is not None:
            return value
    return None


def _not_before(start: float | None, end: float | None) -> float | None:
    return None if start is not None and end is not None and end < start else end


def _in_order(segments: Sequence[Segment]) -> Iterator[Segment]:
    """By their start; one without a start stays behind the one it came after."""
    place = 0.0
    places = []
    for index, segment in enumerate(segments):
        place = place if segment.start is None else segment.start
        places.append((place, index))
    return (segments[index] for _, index in sorted(places))


def _language(said: Sequence[tuple[Segment, Mapping[str, Any]]], announced: object) -> str | None:
    spoken: Counter[str] = Counter()
    for segment, one in said:
        language = text(one.get("language")) or text(one.get("lang"))
        if language:
            spoken[language] += len(segment.text)
    if spoken:
        return spoken.most_common(1)[0][0]
    return text(announced[0]) if isinstance(announced, list) and announced else None
