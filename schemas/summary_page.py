"""`summary.md`: Markdown (https://spec.commonmark.org/0.31.2/) in which nothing that was said is markup."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

from schemas.meeting import ParsedSummary
from schemas.summary import Point, Summary, SummaryHead

_RULE: Final = "---\n"
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>&#|~$@]|(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"^(\d{1,9})([.)])")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_HOW_EXTRACTIVE: Final = (
    "This summary is extractive: a program picked its sentences from the transcript, without a language"
    " model, and wrote none of its own. Decisions and action items are found by set phrases (“we decided”,"
    " “I will”) of a few languages: others are missed, and some are none."
)
_HOW_WRITTEN: Final = "This summary was written by a language model: what matters, check in the transcript."
_HOW_GIVEN: Final = (
    "This summary came with the meeting, made by {sender}: what matters, check in the transcript."
)
_SILENCE: Final = "The transcript holds no words."


def as_markdown(head: SummaryHead, summary: Summary) -> str:
    """The whole document. All text from outside is shown as it is: no HTML, links or emphasis of its own."""
    lines = [*_front(head), "", "# Summary", ""]
    if summary.overview:
        lines += [f"> {_how(head)}", ""]
    lines += [line for paragraph in summary.overview or [_SILENCE] for line in (plain(paragraph), "")]
    lines += _section(
        "Topics",
        (
            f"- {_time(topic.start)}**{plain(topic.title)}**"
            + (f": {plain(topic.text)}" if topic.text else "")
            for topic in summary.topics
        ),
    )
    lines += _section("Decisions", map(_point, summary.decisions))
    lines += _section("Action items", map(_point, summary.action_items))
    return "\n".join(lines).rstrip("\n") + "\n"


def given_as_markdown(head: SummaryHead, given: ParsedSummary) -> str:
    """The whole document of a summary that `head.by`, the meeting's sender, made: as above."""
    lines = [*_front(head), "", "# Summary", "", f"> {_HOW_GIVEN.format(sender=plain(head.by))}", ""]
    lines += [line for paragraph in given.overview for line in (plain(paragraph), "")]
    for section in given.sections:
        items = (f"- {_time(start)}{plain(text)}" for text, start in section.items)
        lines += _section(plain(section.title), items)
    return "\n".join(lines).rstrip("\n") + "\n"


def head_of(document: bytes) -> SummaryHead | None:
    """What the first lines say; null where it is no document of ours."""
    text = document.decode("utf-8", "replace")
    front, end, _ = text.removeprefix(_RULE).partition(f"\n{_RULE}")
    if not (text.startswith(_RULE) and end):
        return None
    try:
        fields = dict(line.split(": ", 1) for line in front.split("\n"))
        return SummaryHead.model_validate({name: json.loads(value) for name, value in fields.items()})
    except (ValueError, ValidationError, RecursionError):
        return None


def body_of(document: bytes) -> bytes:
    """What follows the first lines that `head_of` reads."""
    return document.removeprefix(_RULE.encode()).partition(f"\n{_RULE}".encode())[2]


def plain(text: str) -> str:
    """As one line of Markdown that shows just this text: every sign that could be markup is escaped."""
    line = " ".join(_UNPRINTABLE.sub("", text).split())
    line = _MARKUP.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), line)
    line = _NUMBERED.sub(r"\1\\\2", line)
    return f"\\{line}" if line[:1] in tuple("-+=") else line


def _front(head: SummaryHead) -> Iterable[str]:
    """YAML that is JSON from the colon on, so that no value ends its line."""
    yield _RULE.strip()
    for name, value in head.model_dump(mode="json").items():
        yield f"{name}: {json.dumps(value)}"
    yield _RULE.strip()


def _how(head: SummaryHead) -> str:
    if head.by == "extractive":
        return _HOW_EXTRACTIVE
    return f"{_HOW_WRITTEN} Model: {plain(head.model or 'unknown')}."


def _section(title: str, items: Iterable[str]) -> Sequence[str]:
    lines = list(items)
    return [f"## {title}", "", *lines, ""] if lines else []


def _point(point: Point) -> str:
    return f"- {_time(point.start)}" + (f"**{plain(point.who)}**: " if point.who else "") + plain(point.text)


def _time(seconds: float | None) -> str:
    if seconds is None or not 0 <= seconds < 360_000:
        return ""
    minutes, second = divmod(int(seconds), 60)
    return f"`{minutes // 60:02}:{minutes % 60:02}:{second:02}` "
