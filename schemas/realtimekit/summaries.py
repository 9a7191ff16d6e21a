"""RealtimeKit's summaries: one text, plain or in Markdown, as `summarize_on_end` has set.

Source: https://github.com/cloudflare/cloudflare-docs: `src/content/docs/realtime/realtimekit/ai/summary.mdx`.
"""

import re
from typing import Final

from schemas.identity import BrokenEvent
from schemas.meeting import ParsedSummary, Section
from schemas.spacing import tidy

TEXT: Final = "realtimekit.summary"
"""A file of plain text or Markdown."""

_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*|\*\*([^*]+?):?\*\*:?")
_ITEM: Final = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+(.*)")
_MARKS: Final = re.compile(r"(\*\*|__|`)(\S(?:.*?\S)?)\1")


def parse_summary(shape: str, data: bytes) -> ParsedSummary:
    """Its paragraphs before the first heading, and a part for each heading; marks of Markdown are left out.

    Raises `BrokenEvent` where there is no text in it.
    """
    if shape != TEXT:
        raise BrokenEvent(shape, ("not a shape of RealtimeKit's summaries",))
    try:
        lines = [line.strip() for line in data.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise BrokenEvent(shape, (f"not UTF-8 (byte {error.start})",)) from error
    parts: list[tuple[str, list[str]]] = [("", [])]
    continues = False
    for line in lines:
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if heading:
            parts.append((_plain(heading[1] or heading[2]), []))
        elif item:
            parts[-1][1].append(_plain(item[1]))
        elif line and continues:
            parts[-1][1][-1] = f"{parts[-1][1][-1]} {_plain(line)}".strip()
        elif line:
            parts[-1][1].append(_plain(line))
        continues = bool(line) and not heading
    overview = tuple(filter(None, parts[0][1]))
    sections = tuple(
        Section(title, tuple((item, None) for item in items if item)) for title, items in parts[1:] if title
    )
    if not overview and not sections:
        raise BrokenEvent(shape, ("no text",))
    return ParsedSummary(overview, sections)


def _plain(line: str) -> str:
    return tidy(_MARKS.sub(r"\2", line))
