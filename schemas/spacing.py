"""Words to sentences: where a transcript's words are joined by a space, and where not.

Speech-to-text engines differ: bare words ("Good", "morning."), words that carry their own spaces (" Good",
" morn", "ing."), punctuation as a word of its own, and scripts that are written without spaces.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

# Thai, Lao, Burmese, Khmer, kana, Chinese characters; Korean is not among them, it is written with spaces.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_WIDE_PUNCTUATION: Final = "\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
# The last character of a word, a line break for the boundary, the first character of the next.
_NO_SPACE_BETWEEN: Final = re.compile(
    rf"[{_UNSPACED}]\n[{_UNSPACED}]|[{_WIDE_PUNCTUATION}]\n|\n[{_WIDE_PUNCTUATION}]"
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CLOSING: Final = re.compile(r"[.,!?;:…)\]}%]+")
_OPENING: Final = re.compile(r"[(\[{¿¡]+")


def tidy(text: str) -> str:
    """Without space at the ends, never more than one blank in a row, and without control characters."""
    line = " ".join(text.split())
    return line if line.isprintable() else " ".join(_CONTROL.sub("", line).split())


def join_words(words: Sequence[str]) -> str:
    """One tidy line.

    Where more than half of the boundaries have a space in the words themselves, the words know best, and a
    boundary without one is inside a word. Else a space goes between words, but not before closing or after
    opening punctuation, nor inside a script that has none.
    """
    words = [word for word in words if word]
    spaced = sum(before[-1].isspace() or after[0].isspace() for before, after in pairwise(words))
    if 2 * spaced > len(words) - 1:
        return tidy("".join(words))
    words = [stripped for word in words if (stripped := word.strip())]
    parts = words[:1]
    for before, after in pairwise(words):
        parts.append(after if _touch(before, after) else f" {after}")
    return tidy("".join(parts))


def _touch(before: str, after: str) -> bool:
    if before[-1].isalnum() and after[0].isascii() and after[0].isalnum():
        return False  # nearly all boundaries, settled without a regular expression
    return (
        _CLOSING.fullmatch(after) is not None
        or _OPENING.fullmatch(before) is not None
        or _NO_SPACE_BETWEEN.search(f"{before[-1]}\n{after[0]}") is not None
    )
