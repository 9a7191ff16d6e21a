"""Waterr's analysis of a meeting as a summary: by webhook, or from `/analyses/meeting/{id}`.

Contradictions observed, and what is done about them:
- `strengths`, `growth_areas`, `recommendations` and the lists about speech are text or arrays: both are read
- goals are `{goal, result: {score, feedback}}` (webhook), `{goal_id, score, feedback}` (REST),
  `{goal, score, short_description, long_description}` (meeting) or `{name, score, feedback}`
  (`meeting.completed`), under `goal_results`, `GoalResults` or `goals`: all are read
- the scale of scores differs by sample (4 beside an average of 82): they are told as they came
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.identity import BrokenEvent, NotAnEvent
from schemas.lenient import number, parse_json, text
from schemas.meeting import ParsedSummary, Section
from schemas.waterr.payload import Payload, fields_of

ANALYSIS: Final = "waterr.analysis"

_Fields = Mapping[str, Any]
_Item = tuple[str, float | None]

_OVERVIEW: Final = ("summary", "call_summary")
_GOALS: Final = ("goal_results", "GoalResults", "goals")
_LISTS: Final = {
    "Strengths": "strengths",
    "Growth areas": "growth_areas",
    "Recommendations": "recommendations",
    "Filler words": "filler_words",
    "Weak words": "weak_words",
    "Repetitions": "repetitions",
    "Sentence starters": "sentence_starters",
}
_SCORES: Final = {"Average score": "average_score", "Total score": "total_score"}


def has_analysis(payload: Payload) -> bool:
    """Whether an event holds the result, and does not only tell of one."""
    return bool(_analysis(payload))


def parse_summary(shape: str, data: bytes) -> ParsedSummary:
    """Raises `BrokenEvent` where there is no analysis."""
    if shape != ANALYSIS:
        raise BrokenEvent(shape, ("not a shape of Waterr's summaries",))
    try:
        answer = parse_json(data)
    except NotAnEvent as error:
        raise BrokenEvent(shape, (str(error),)) from error
    found = _analysis(Payload(answer if isinstance(answer, dict) else {}, fields_of(answer)))
    if not found:
        raise BrokenEvent(shape, ("no analysis",))
    overview = dict.fromkeys(part for name in _OVERVIEW for part in _texts(found.get(name)))
    sections = (
        Section("Highlights", tuple(_highlights(found))),
        Section("Goals", tuple((goal, None) for goal in _goals(found))),
        *(
            Section(title, tuple((part, None) for part in _texts(found.get(name))))
            for title, name in _LISTS.items()
        ),
        Section("Scores", tuple((score, None) for score in _scores(found))),
    )
    return ParsedSummary(tuple(overview), tuple(section for section in sections if section.items))


def _analysis(payload: Payload) -> _Fields:
    """The object that holds the result: in `analysis`, or the data itself where it has any of its fields."""
    inside = payload.find("analysis")
    if isinstance(inside, dict) and inside:
        return inside
    fields = (*_OVERVIEW, *_GOALS, *_LISTS.values(), *_SCORES.values())
    return payload.data if any(payload.data.get(name) for name in fields) else {}


def _texts(value: object) -> Iterator[str]:
    """Paragraphs of a text, or the items of a list, whatever they are."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield from (line.strip() for line in one.split("\n") if line.strip())
        elif isinstance(one, dict):
            told = [str(part) for part in one.values() if isinstance(part, str | int | float)]
            if told:
                yield ": ".join(told)


def _highlights(analysis: _Fields) -> Iterator[_Item]:
    listed = analysis.get("highlights")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and (title := text(one.get("title"))):
            yield title, number(one.get("timestamp"))


def _goals(analysis: _Fields) -> Iterator[str]:
    listed = next((value for name in _GOALS if isinstance(value := analysis.get(name), list)), [])
    for one in listed:
        if not isinstance(one, dict):
            continue
        result = one.get("result")
        told = {**one, **(result if isinstance(result, dict) else {})}
        name = text(told.get("goal")) or text(told.get("name")) or text(told.get("short_description"))
        score = number(told.get("score"))
        words = text(told.get("feedback")) or text(told.get("long_description"))
        parts = [name, None if score is None else f"{score:g}", words]
        if any(parts):
            yield ": ".join(part for part in parts if part)


def _scores(analysis: _Fields) -> Iterator[str]:
    for title, name in _SCORES.items():
        score = number(analysis.get(name))
        if score is not None:
            yield f"{title}: {score:g}"
