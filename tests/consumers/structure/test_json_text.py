"""JSON of any form, against the parser of the standard library."""

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consumers.structure.asking import answer


def containers(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
    return st.recursive(
        st.lists(scalars) | st.dictionaries(texts, scalars),
        lambda values: st.lists(values | scalars) | st.dictionaries(texts, values | scalars),
        max_leaves=20,
    )


def is_json(body: bytes) -> bool:
    try:
        json.loads(body, strict=False)
    except ValueError:
        return False
    return True


@given(containers(st.text()), st.sampled_from([None, 2]), st.booleans(), st.integers(1, 40))
@settings(deadline=None)
def test_json_is_complete_whole_and_broken_wherever_it_is_cut(
    value: Any, indent: int | None, ascii_only: bool, piece_bytes: int
) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert answer("json", body, piece_bytes=piece_bytes) is True
    for count in range(0, len(body), max(1, len(body) // 50)):
        assert answer("json", body[:count], piece_bytes=piece_bytes) is False


@given(containers(st.text("ab")), st.data())
@settings(deadline=None, max_examples=300)
def test_what_is_no_json_is_never_complete(value: Any, data: st.DataObject) -> None:
    body = json.dumps(value).encode()
    at = data.draw(st.integers(0, len(body)))
    other = data.draw(st.sampled_from([b"", *(bytes([sign]) for sign in b',]}[{:1- x"')]))
    body = body[:at] + other + body[at + data.draw(st.integers(0, 2)) :]
    answered = answer("json", body, piece_bytes=data.draw(st.integers(1, 20)))
    assert (answered is True) <= is_json(body)
    assert (answered is False) <= (not is_json(body))


@pytest.mark.parametrize(
    "body",
    [
        b"[Error] not found",
        b"{error}",
        b"[,]",
        b"[1,]",
        b'{"a":1,}',
        b'{"a" 1}',
        b"{1:2}",
        b"[1 2]",
        b"[01]",
        b"[1.]",
        b"[-]",
        b"[nul]",
        b"[True]",
        b"[}",
        b"{]",
        b"]",
        b"[]]",
        b"[] x",
        b"\xef\xbb[]",
        b'{"a":}',
        b"['a']",
    ],
)
def test_what_looks_like_json_is_broken(body: bytes) -> None:
    assert answer("json", body) is False
    assert answer("json", body, piece_bytes=1) is False


@pytest.mark.parametrize(
    "body", [b"[]\n", b" {} ", b"\xef\xbb\xbf[1]", b'{"a":[{}]}', b'[NaN,-Infinity,"\t"]', b'["\\""]']
)
def test_what_readers_take_is_complete(body: bytes) -> None:
    assert answer("json", body) is True
    assert answer("json", body, piece_bytes=1) is True


@pytest.mark.parametrize(
    "body", [b"[1]\n[2]\n", b'{"a":1}\n{"a":2}', b"12", b"[" * 100_000 + b"]" * 100_000, b"[" + b"1" * 10_001]
)
def test_where_more_may_have_followed_json_cannot_tell(body: bytes) -> None:
    assert answer("json", body) is None
    assert answer("json", body, piece_bytes=1000) is None


LINES: Final = b'{"speaker": "Ada", "words": [{"at": 1.5}]}\n{"speaker": "Bob"}\r\n\n[1, 2]\n'


def test_json_lines_are_broken_wherever_they_are_cut_within_a_line() -> None:
    """Where a line ends, more lines may have come."""
    answers = {count: answer("jsonl", LINES[:count]) for count in range(len(LINES) + 1)}
    ends = {count for count in answers if count and is_lines(LINES[:count])}
    assert {count for count, answered in answers.items() if answered is None} == ends
    assert {answered for count, answered in answers.items() if count not in ends} == {False}


def is_lines(body: bytes) -> bool:
    return all(is_json(line) for line in body.splitlines() if line)


@pytest.mark.parametrize("body", [LINES + b"<html>", LINES + b'{"a"', LINES + b"}", b"\n\n", b"", b"x\n"])
def test_a_line_that_is_no_json_is_broken(body: bytes) -> None:
    assert answer("jsonl", body) is False
    assert answer("jsonl", body, piece_bytes=1) is False
