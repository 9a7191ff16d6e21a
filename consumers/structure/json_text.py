"""JSON, by RFC 8259, in UTF-8; and JSON lines (jsonlines.org), which are JSON values one behind the other.

Proved: a JSON text is one value, and that is closed. `NaN` and `Infinity` pass, since many writers have them,
and the bytes inside a string are not judged: they tell nothing about the end.
Cannot tell: JSON lines, cut between two of them; a number alone, of which digits may be missing; words and
nesting beyond all measure.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from consumers.structure.reading import Reading, Steps, at_end, take

_MOST_OPEN: Final = 10_000
_LONGEST_WORD: Final = 10_000
_NOTHING: Final = "nothing"
_BEYOND_MEASURE: Final = "beyond measure"
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class _Text:
    """How far it was read. `opened` are the brackets that are open, the innermost last."""

    expected: str = "value"
    opened: bytearray = field(default_factory=bytearray)
    values: int = 0


def json_lines(reading: Reading) -> Steps[bool | None]:
    return False if (yield from json_text(reading)) is False else None


def json_text(reading: Reading) -> Steps[bool | None]:
    text, last = _Text(), ""
    if (yield from _next(reading)) == _MARK[:1] and (yield from take(reading, len(_MARK))) != _MARK:
        return False
    while token := (yield from _token(reading, text)):
        last = token
        if not _accept(text, token):
            return None if token == _BEYOND_MEASURE else False
        if len(text.opened) > _MOST_OPEN:
            return None
    if text.opened or not text.values:
        return False
    return True if text.values == 1 and last != "word" else None


# By what is expected: what may come, and what is expected then. After a value, that is told by what is open.
_AFTER_VALUE: Final = ""
_A_VALUE: Final = {
    "string": _AFTER_VALUE,
    "word": _AFTER_VALUE,
    "flat": _AFTER_VALUE,
    "[": "element or ]",
    "{": "key or }",
}
_GRAMMAR: Final = {
    "value": _A_VALUE,
    "element": _A_VALUE,
    "element or ]": _A_VALUE | {"]": _AFTER_VALUE},
    "comma or ]": {",": "element", "]": _AFTER_VALUE},
    "key": {"string": "colon"},
    "key or }": {"string": "colon", "}": _AFTER_VALUE},
    "colon": {":": "value"},
    "comma or }": {",": "key", "}": _AFTER_VALUE},
}
_INSIDE: Final = {ord("["): "comma or ]", ord("{"): "comma or }"}


def _accept(text: _Text, token: str) -> bool:
    """Whether the token may stand there."""
    expected = _GRAMMAR[text.expected].get(token)
    if expected is None:
        return False
    if token in ("[", "{"):
        text.opened += token.encode()
    elif token in ("]", "}"):
        del text.opened[-1]
    if expected is not _AFTER_VALUE:
        text.expected = expected
    elif text.opened:
        text.expected = _INSIDE[text.opened[-1]]
    else:
        text.expected = "value"
        text.values += 1
    return True


def _token(reading: Reading, text: _Text) -> Steps[str]:
    """The kind of the next token, or the sign that it is; empty at the end of the file. Elements and members
    that are there with the comma behind them are passed before."""
    if run := _RUNS.get(text.expected):
        several, then = run
        if found := several.match(reading.held, reading.at):
            reading.at, text.expected = found.end(), then
    if token := _tokens.match(reading.held, reading.at):
        reading.at = token.end()
        return token.lastgroup or chr(reading.held[reading.at - 1])
    sign = yield from _next(reading)
    if sign == b'"':
        yield from _string(reading)
        return "string"
    word = yield from _word(reading)
    if len(word) > _LONGEST_WORD:
        return _BEYOND_MEASURE
    if word:
        return "word" if _words.fullmatch(word) else _NOTHING
    if sign:
        reading.at += 1
    return sign.decode("latin-1")


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
        sign = yield from take(reading, 1)
        if sign == b'"':
            return
        if sign == b"\\":
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


# Most of a text is flat, and matched by these in runs, at the speed of `re`.
_FLAT: Final = rb"(?:\[%b\]|\{%b\})" % (_listed(_element(_SCALAR)), _listed(_member(_SCALAR)))
_VALUE: Final = rb"(?:%b|%b)" % (_SCALAR, _FLAT)
_tokens: Final = re.compile(
    _SPACE + rb"(?:(?P<flat>%b)|(?P<string>%b)|[][{},:])" % (_FLAT, _STRING), re.DOTALL
)
_elements: Final = re.compile(rb"(?:%b,)++" % _element(_VALUE), re.DOTALL)
_members: Final = re.compile(rb"(?:%b,)++" % _member(_VALUE), re.DOTALL)
_RUNS: Final = {
    "element": (_elements, "element"),
    "element or ]": (_elements, "element"),
    "key": (_members, "key"),
    "key or }": (_members, "key"),
}
_spaces: Final = re.compile(_SPACE)
_plain: Final = re.compile(rb'[^"\\]*+')
_letters: Final = re.compile(rb"[-+.0-9A-Za-z]*+")
_words: Final = re.compile(_WORD)
