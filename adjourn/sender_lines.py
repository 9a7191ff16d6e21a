"""What each sender took, counted: the tables of `docs/adding-a-provider.md` are made of this."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from adjourn.senders.table import SENDERS

_PARTS: Final[Mapping[str, Sequence[str]]] = {
    "what it sends": ("schemas/{name}/**/*.py",),
    "how it proves itself": ("receiver/{name}.py",),
    "its API": ("infra/providers/{name}/**/*.py",),
    "in the program": ("adjourn/senders/{name}.py", "adjourn/senders/{name}_*.py"),
    "its contract": ("schemas/contract/{name}.py",),
}
_ON_TOP: Final[Mapping[str, Sequence[str]]] = {"vonage": ("infra/providers/twentythree_blocks/*.py",)}
"""Whoever stands on a sender's shoulders is counted with its API."""
_THIS: Final = "adjourn/sender_lines.py"
_SOURCES: Final = ("adjourn", "consumers", "infra", "receiver", "schemas")


def own_modules(root: Path) -> str:
    """A table in Markdown: lines of Python in each part of each sender, and the longest file among them."""
    rows = [f"| sender | {' | '.join(_PARTS)} | all | longest file |", f"|---|{'---|' * (len(_PARTS) + 2)}"]
    for provider, sender in SENDERS.items():
        counts = [sum(map(_lines, _files(root, provider, part))) for part in _PARTS]
        longest = max(_lines(file) for part in _PARTS for file in _files(root, provider, part))
        rows.append(f"| {sender.title} | {' | '.join(map(str, [*counts, sum(counts), longest]))} |")
    return "\n".join(rows) + "\n"


def lines_elsewhere(root: Path) -> str:
    """A table in Markdown: every line outside a sender's own modules that names it in code, by file."""
    found = {provider: list(_named(root, provider)) for provider in SENDERS}
    rows = ["| sender | lines | where |", "|---|---|---|"]
    for provider, lines in found.items():
        files = ", ".join(f"`{file}` ({lines.count(file)})" for file in dict.fromkeys(lines))
        rows.append(f"| {SENDERS[provider].title} | {len(lines)} | {files} |")
    return "\n".join(rows) + "\n"


def _files(root: Path, provider: str, part: str) -> list[Path]:
    name = provider.replace("-", "_")
    patterns = (*_PARTS[part], *(_ON_TOP.get(provider, ()) if part == "its API" else ()))
    return sorted(file for pattern in patterns for file in root.glob(pattern.format(name=name)))


def _lines(file: Path) -> int:
    return len(file.read_text("utf-8").splitlines())


def _named(root: Path, provider: str) -> Iterator[str]:
    """The file of each line, once a line. Comments and words for people do not count."""
    own = {file for part in _PARTS for file in _files(root, provider, part)} | {root / _THIS}
    word = provider.replace("-", "_")
    settings = f"{provider.replace('-', '')}Settings"
    name = re.compile(rf'\b{word}\b|"{provider}"|{settings}', re.IGNORECASE)
    for source in _SOURCES:
        for file in sorted((root / source).rglob("*.py")):
            if file not in own:
                for line in file.read_text("utf-8").splitlines():
                    if name.search(line):
                        yield file.relative_to(root).as_posix()
