"""What a language model may answer; anything else is nonsense."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.database.words import words_of
from infra.summaries.lines import Line
from schemas.summary import Point, Summary, Topic

_LIMITS: Final = frozenset(
    {"title", "minLength", "maxLength", "minItems", "maxItems", "minimum", "description"}
)
"""Of a JSON Schema: not every endpoint takes them. We check them ourselves."""

_Title = Annotated[str, Field(min_length=1, max_length=300)]
_Text = Annotated[str, Field(min_length=1, max_length=4_000)]


class Nonsense(Exception):
    """An answer of no use. The text says what is wrong with it, and quotes nothing."""


class SaidTopic(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: _Title
    text: str = Field(max_length=4_000)
    line: int


class SaidPoint(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: _Text
    who: str | None
    line: int


class Answer(BaseModel):
    """`line` is the number of a line that was given."""

    model_config = ConfigDict(extra="forbid", strict=True)

    overview: Annotated[list[_Text], Field(min_length=1, max_length=10)]
    topics: Annotated[list[SaidTopic], Field(max_length=50)]
    decisions: Annotated[list[SaidPoint], Field(max_length=50)]
    action_items: Annotated[list[SaidPoint], Field(max_length=50)]

    @property
    def lines(self) -> set[int]:
        points = (*self.decisions, *self.action_items)
        return {topic.line for topic in self.topics} | {point.line for point in points}


def _without_limits(schema: Any, *, names: bool = False) -> Any:
    if isinstance(schema, dict):
        return {
            key: _without_limits(value, names=key in ("properties", "$defs"))
            for key, value in schema.items()
            if names or key not in _LIMITS
        }
    return schema


SCHEMA: Final[Mapping[str, Any]] = _without_limits(Answer.model_json_schema())


def read_answer(content: str, given: Collection[int]) -> Answer:
    """Also where a model fences it or says a word before. Raises `Nonsense`."""
    begin, end = content.find("{"), content.rfind("}")
    if begin < 0 or end < begin:
        raise Nonsense("it holds no JSON object")
    try:
        answer = Answer.model_validate_json(content[begin : end + 1])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(key) for key in first["loc"] if key in _FIELDS or isinstance(key, int))
        raise Nonsense(f"it is not of the schema ({place}: {first['type']})") from None
    if not answer.lines <= set(given):
        raise Nonsense("it points to lines that do not exist")
    return answer


_FIELDS: Final = frozenset({*Answer.model_fields, *SaidTopic.model_fields, *SaidPoint.model_fields})
"""A place in an answer is told by these only: other names are the model's words."""


def notes_of(answers: Sequence[Answer], lines: Sequence[Line]) -> list[Line]:
    """What several answers say, as lines for one more request."""
    starts = {line.number: line.start for line in lines}
    notes: list[Line] = []
    for answer in answers:
        first = min(answer.lines, default=lines[0].number)
        said = [
            *(("overview", text, first) for text in answer.overview),
            *(("topic", f"{topic.title}: {topic.text}", topic.line) for topic in answer.topics),
            *(("decision", _with_name(point), point.line) for point in answer.decisions),
            *(("action item", _with_name(point), point.line) for point in answer.action_items),
        ]
        notes += [Line(number, starts[number], kind, text) for kind, text, number in said]
    return notes


def as_summary(answer: Answer, lines: Sequence[Line]) -> Summary:
    """Times are those of the lines it points to, and only names that occur in the transcript remain."""
    starts = {line.number: line.start for line in lines}
    said = {word for line in lines for word in (*words_of(line.text), *words_of(line.by))}

    def point(of: SaidPoint) -> Point:
        name = words_of(of.who or "")
        known = bool(name) and said.issuperset(name) and name != ["unknown"]
        return Point(text=of.text, who=of.who if known else None, start=starts[of.line])

    return Summary(
        overview=tuple(answer.overview),
        topics=tuple(
            Topic(title=topic.title, text=topic.text, start=starts[topic.line])
            for topic in sorted(answer.topics, key=lambda topic: topic.line)
        ),
        decisions=tuple(map(point, sorted(answer.decisions, key=lambda said: said.line))),
        action_items=tuple(map(point, sorted(answer.action_items, key=lambda said: said.line))),
    )


def _with_name(point: SaidPoint) -> str:
    return f"{point.text} ({point.who})" if point.who else point.text
