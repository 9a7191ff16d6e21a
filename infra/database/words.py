"""The words of a text as search compares them: alike whatever their case, accents and compatibility forms.

Both databases index these and not the text itself: each would fold in a way of its own.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST_WORD: Final = 200
"""Characters of a word that count. PostgreSQL takes words of 2,046 bytes."""

LONGEST_TEXT_BYTES: Final = 1_000_000
"""Of a text's words, in UTF-8: what comes after them is not found. PostgreSQL indexes 2^20 bytes of a row."""

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""For a class in a regular expression: signs of the scripts that put no space between words. Each is a word,
so that a word of theirs is found as a phrase: Thai, Lao, Burmese, Khmer, kana, Chinese characters."""

_ASCII_WORD: Final = re.compile("[a-z0-9]+")
_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_SPEAKER: Final = "§"
"""Before each word of a speaker's name: no word of a text has it, and SQLite's tokenizer takes it along."""

_SPEAKER_WORDS: Final = 20
"""Of a name that count, so that none takes the room of what was said."""


def words_of(text: str) -> list[str]:
    """The runs of letters and digits in a text, folded and in their order; at most `LONGEST_TEXT_BYTES`."""
    found = _ASCII_WORD.findall(text.lower()) if text.isascii() else _WORD.findall(_folded(text))
    words = [word[:LONGEST_WORD] for word in found]
    if sum(map(len, words)) * 4 + len(words) * 2 <= LONGEST_TEXT_BYTES:
        return words
    room = LONGEST_TEXT_BYTES
    for place, word in enumerate(words):
        room -= len(word.encode()) + 2
        if room < 0:
            return words[:place]
    return words


def speaker_words(name: Iterable[str]) -> list[str]:
    """The words of a name as they stand before those of what was said: equal to none of any text."""
    return [f"{_SPEAKER}{word}" for word in name][:_SPEAKER_WORDS]


def indexed(speaker: str | None, text: str) -> str:
    """What both databases index of a segment."""
    return spaced([*speaker_words(words_of(speaker or "")), *words_of(text)])


def spaced(words: Iterable[str]) -> str:
    """Words in a row, each between spaces of its own: a part of the row is in it as often as it occurs."""
    return "".join(f" {word} " for word in words)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = plain.translate({ord(each): _instead_of(each) for each in set(plain)})
    return unicodedata.normalize("NFC", bare)


def _instead_of(character: str) -> str | None:
    """Accents and points go. Marks that are vowels or change a syllable, as in Hindi or Thai, are letters."""
    if character.isalnum():
        return character
    if not unicodedata.category(character).startswith("M"):
        return " "
    points = unicodedata.combining(character)
    return None if 10 <= points <= 36 or points >= 200 else character
