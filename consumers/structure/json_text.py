"""JSON, by RFC 8259, in UTF-8; and JSON lines (jsonlines.org), which are JSON values one behind the other.

Proved: a JSON text is one value, and that is closed. `NaN` and `Infinity` pass, since many writers have them,
and the bytes inside a string are not judged: they tell nothing about the end.
Cannot tell: JSON lines, cut between two of them; a number alone, of which digits may be missing; words and
nesting beyond all measure.
"""

import re
from typing import Final, Literal, TypeAlias

from consumers.structure.reading import Reading, Steps, at_end, take

_MOST_OPEN: Final = 1_000_000
_LONGEST_WORD: Final = 10_000
_MARK: Final = b"\xef\xbb\xbf"

_Expected: TypeAlias = Literal["value", "value or end", "key", "key or end", "colon", "comma or end"]
_CLOSING: Final[dict[bytes, bytes]] = {b"[": b"]", b"{": b"}"}
_FIRST: Final[dict[bytes, _Expected]] = {b"[": "value or end", b"{": "key or end"}
_AFTER_COMMA: Final[dict[bytes, _Expected]] = {b"[": "value", b"{": "key"}


def json_lines(reading: Reading) -> Steps[bool | None]:
    return False if (yield from json_text(reading)) is False else None


def json_text(reading: Reading) -> Steps[bool | None]:
    opened = bytearray()
    expected: _Expected = "value"
    values, word_alone = 0, False
    if (yield from _next(reading)) == _MARK[:1] and (yield from take(reading, 3)) != _MARK:
        return False
    while True:
        expected = _run(reading, opened, expected)
        sign = yield from _next(reading)
        if not sign:
            break
        inside = bytes(opened[-1:])
        if expected in ("value", "value or end") and sign != b"]":
            if sign == b'"':
                yield from _string(reading)
                expected = "comma or end"
            elif flat := _flat.match(reading.held, reading.at):
                reading.at, expected = flat.end(), "comma or end"
            elif sign in _CLOSING:
                reading.at, expected = reading.at + 1, _FIRST[sign]
                opened += sign
            else:
                word = yield from _word(reading)
                if len(word) > _LONGEST_WORD:
                    return None
                if not _words.fullmatch(word):
                    return False
                word_alone = not opened
                expected = "comma or end"
        elif expected in ("key", "key or end") and sign == b'"':
            yield from _string(reading)
            expected = "colon"
        else:
            reading.at += 1
            if expected == "colon" and sign == b":":
                expected = "value"
            elif expected == "comma or end" and sign == b",":
                expected = _AFTER_COMMA[inside]
            elif expected not in ("value", "key", "colon") and sign == _CLOSING[inside]:
                expected = "comma or end"
                del opened[-1]
            else:
                return False
        if len(opened) > _MOST_OPEN:
            return None
        if expected == "comma or end" and not opened:
            expected = "value"
            values += 1
    if opened or expected != "value" or not values:
        return False
    return True if values == 1 and not word_alone else None


def _run(reading: Reading, opened: bytearray, expected: _Expected) -> _Expected:
    """Pass as many elements or members as are there with the comma behind them."""
    if not opened or expected in ("colon", "comma or end"):
        return expected
    inside = bytes(opened[-1:])
    if expected not in (_FIRST[inside], _AFTER_COMMA[inside]):
        return expected
    found = (_members if inside == b"{" else _elements).match(reading.held, reading.at)
    if found is None:
        return expected
    reading.at = found.end()
    return _AFTER_COMMA[inside]


def _next(reading: Reading) -> Steps[bytes]:
    """The next byte that is no space, which is not passed; empty at the end of the file."""
    while not (yield from at_end(reading)):
        _pass(reading, _spaces)
        if reading.at < len(reading.held):
            break
    return reading.held[reading.at : reading.at + 1]


def _string(reading: Reading) -> Steps[None]:
    yield from take(reading, 1)
    while True:
        _pass(reading, _plain)
        if (yield from take(reading, 1)) == b'"':
            return
        yield from take(reading, 1)


def _word(reading: Reading) -> Steps[bytes]:
    word = b""
    while not (yield from at_end(reading)):
        begin = reading.at
        _pass(reading, _letters)
        word += reading.held[begin : reading.at]
        if reading.at < len(reading.held) or len(word) > _LONGEST_WORD:
            break
    return word


def _pass(reading: Reading, some: re.Pattern[bytes]) -> None:
    if found := some.match(reading.held, reading.at):
        reading.at = found.end()


_SPACE: Final = rb"[ \t\n\r]*+"
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_WORD: Final = (
    rb"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+|true|false|null|NaN|-?Infinity)"
)
_SCALAR: Final = rb"(?:%b|%b)" % (_STRING, _WORD)


def _element(value: bytes) -> bytes:
    return _SPACE + value + _SPACE


def _member(value: bytes) -> bytes:
    return _SPACE + _STRING + _SPACE + b":" + _element(value)


def _listed(item: bytes) -> bytes:
    return rb"(?:%b(?:,%b)*+|%b)" % (item, item, _SPACE)


# Most of a text is flat, and found by these at once; what they leave is looked at sign by sign.
_FLAT: Final = rb"(?:\[%b\]|\{%b\})" % (_listed(_element(_SCALAR)), _listed(_member(_SCALAR)))
_VALUE: Final = rb"(?:%b|%b)" % (_SCALAR, _FLAT)
_flat: Final = re.compile(_FLAT, re.DOTALL)
_elements: Final = re.compile(rb"(?:%b,)++" % _element(_VALUE), re.DOTALL)
_members: Final = re.compile(rb"(?:%b,)++" % _member(_VALUE), re.DOTALL)
_spaces: Final = re.compile(_SPACE)
_plain: Final = re.compile(rb'[^"\\]*+')
_letters: Final = re.compile(rb"[-+.0-9A-Za-z]*+")
_words: Final = re.compile(_WORD)
