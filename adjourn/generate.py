"""Write what is made from code, or say what is stale: `python -m adjourn.generate [--check]`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adjourn.reference import env_example, settings_table

_BEGIN: Final = "<!-- settings:begin -->\n"
_END: Final = "<!-- settings:end -->"


def generated(root: Path) -> dict[Path, str]:
    """Each generated file with the text that it should have. Raises `ValueError` when there is no room."""
    readme = root / "README.md"
    return {readme: _with_table(readme.read_text("utf-8")), root / ".env.example": env_example()}


def stale(root: Path) -> list[Path]:
    """The generated files that are not as they should be."""
    return [
        path for path, text in generated(root).items() if not path.exists() or path.read_text("utf-8") != text
    ]


def main(arguments: Sequence[str], root: Path) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: python -m adjourn.generate [--check]", file=sys.stderr)
        return 2
    try:
        behind = stale(root)
        texts = generated(root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for path in behind:
        if arguments:
            print(f"{path.name} is stale: write it anew with `make format`.", file=sys.stderr)
        else:
            path.write_text(texts[path], "utf-8")
            print(f"wrote {path.name}")
    return 1 if arguments and behind else 0


def _with_table(readme: str) -> str:
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(
            f"README.md needs the lines {_BEGIN.strip()} and {_END} around its table of settings."
        )
    return before + begin + settings_table() + end + after


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[1]))
