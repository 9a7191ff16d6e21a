"""Write what is made from code, or say what is stale: `python -m adjourn.generate [--check]`.

`--check` also says what of the contract with other teams is broken. `--release` makes the present contract
the one that later ones must keep.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adjourn.reference import env_example, settings_table
from adjourn.sender_lines import lines_elsewhere, own_modules
from schemas.contract.asyncapi import VERSION, asyncapi
from schemas.contract.documents import as_text, documents
from schemas.contract.promises import broken_promises

_MOST_SENTENCES: Final = 12
"""Of what is broken: a header is part of every message."""


def generated(root: Path) -> dict[Path, str]:
    """Each generated file with the text that it should have. Raises `ValueError` when there is no room."""
    readme, page = root / "README.md", root / "docs" / "adding-a-provider.md"
    contract = {root / "schemas" / name: text for name, text in documents().items()}
    return {
        readme: _with(readme.read_text("utf-8"), "settings", settings_table(), readme.name),
        root / ".env.example": env_example(),
        **contract,
        **({page: _with_counts(page.read_text("utf-8"), root)} if page.exists() else {}),
    }


def stale(root: Path) -> list[Path]:
    """The generated files that are not as they should be."""
    return [
        path for path, text in generated(root).items() if not path.exists() or path.read_text("utf-8") != text
    ]


def broken(root: Path) -> list[str]:
    """What the present contract breaks of the released one of its version: whole sentences.

    A version that was never released binds nobody yet.
    """
    path = _released(root)
    if not path.exists():
        return []
    return list(broken_promises(json.loads(path.read_text("utf-8")), asyncapi()))


def main(arguments: Sequence[str], root: Path) -> int:
    """Exit code 0 when all is well or has been written, 1 when something is not, 2 on wrong usage."""
    try:
        match arguments:
            case []:
                return _write(root)
            case ["--check"]:
                return _check(root)
            case ["--release"]:
                return _release(root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m adjourn.generate [--check | --release]", file=sys.stderr)
    return 2


def _write(root: Path) -> int:
    texts = generated(root)
    for path in stale(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], "utf-8")
        print(f"wrote {path.relative_to(root)}")
    return 0


def _check(root: Path) -> int:
    behind = stale(root)
    for path in behind:
        print(f"{path.relative_to(root)} is stale: write it anew with `make format`.", file=sys.stderr)
    return 1 if _complain(root) or behind else 0


def _release(root: Path) -> int:
    if _complain(root):
        return 1
    path = _released(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(asyncapi()), "utf-8")
    print(f"wrote {path.relative_to(root)}: what it says is promised from now on.")
    return 0


def _complain(root: Path) -> bool:
    """Say what is broken, and what to do."""
    sentences = broken(root)
    if sentences:
        print(
            f"Subscribers rely on version {VERSION} of the contract ({_released(root).relative_to(root)}),"
            " which this change breaks:",
            *(f"- {sentence}" for sentence in sentences[:_MOST_SENTENCES]),
            *([f"- … and {more} more."] if (more := len(sentences) - _MOST_SENTENCES) > 0 else []),
            "Take it back, or add the new beside the old. If it must be: raise `VERSION` in"
            " schemas/contract/asyncapi.py, write in CHANGELOG.md what subscribers have to change, and run"
            " `python -m adjourn.generate --release`.",
            sep="\n",
            file=sys.stderr,
        )
    return bool(sentences)


def _released(root: Path) -> Path:
    return root / "schemas" / "released" / f"{VERSION}.json"


def _with_counts(page: str, root: Path) -> str:
    page = _with(page, "modules", own_modules(root), "adding-a-provider.md")
    return _with(page, "lines", lines_elsewhere(root), "adding-a-provider.md")


def _with(text: str, name: str, table: str, file: str) -> str:
    """With the table that stands between two lines of the name."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, found, rest = text.partition(begin)
    _, ends, after = rest.partition(end)
    if not (found and ends):
        raise ValueError(f"{file} needs the lines {begin.strip()} and {end} around its table of {name}.")
    return before + begin + table + end + after


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[1]))
