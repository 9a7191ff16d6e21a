"""`summary.md` as another library's parser reads it: nothing from outside is markup."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from schemas.summary import Point, Summary, SummaryHead, Topic
from schemas.summary_page import as_markdown, head_of, plain

HEAD = SummaryHead(
    by="openai",
    model="tiny",
    requests=2,
    prompt_tokens=100,
    completion_tokens=20,
    cost=0.5,
    provider="meeting-baas",
    meeting_id="bot-1",
    transcript_version=3,
    transcript_sha256="f" * 64,
    language="en",
    made_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/?q=1)",
    "[click](javascript:alert(1))",
    "https://evil.example and www.evil.example and m@evil.example",
    "**bold** _it_ `code` ~~gone~~",
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "123) item",
    "> quote",
    "| a | b |\n|---|---|",
    "a\n\n---\n\nb",
    "===",
    "\\",
    "&lt;b&gt; &amp; &#60;",
    "    four spaces",
    "```\nfence",
    "\u202egnirts desrever",
    "[ref]: https://evil.example",
    "<https://evil.example>",
]
MARKUP = {"html_inline", "html_block", "link_open", "image", "em_open", "s_open", "code_inline", "fence"}
_PARSER = MarkdownIt("js-default", {"html": True})


def tokens(document: str) -> list[Token]:
    inline = [child for token in _PARSER.parse(document) for child in token.children or ()]
    return [*_PARSER.parse(document), *inline]


def shown(document: str) -> str:
    return "".join(
        token.content for token in tokens(document) if token.type in ("text", "text_special", "code_inline")
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup_wherever_it_stands(text: str) -> None:
    point = Point(text=text, who=text, start=61)
    summary = Summary(
        overview=(text,),
        topics=(Topic(title=text, text=text, start=None),),
        decisions=(point,),
        action_items=(point,),
    )
    harmless = Summary.model_validate_json(summary.model_dump_json().replace(_quoted(text), '"x"'))
    body, expected = (as_markdown(HEAD, each).partition("---\n\n")[2] for each in (summary, harmless))
    special = [token.type for token in tokens(body) if token.type not in ("text", "text_special")]
    assert special == [token.type for token in tokens(expected) if token.type not in ("text", "text_special")]


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"]), max_size=60) | st.text(
    "<>&[]()*_`#-+=.!|~\\:/@$ 1a\n", max_size=30
)


@given(TEXTS)
def test_a_reader_sees_the_text_as_it_was_said(text: str) -> None:
    said = " ".join(text.split())
    for line, expected in ((plain(text), said), (f"- **who**: {plain(text)}", f"who: {said}".rstrip())):
        assert shown(line) == expected
        assert MARKUP.isdisjoint(token.type for token in tokens(line))


def test_what_turns_letters_around_or_rings_a_bell_is_left_out() -> None:
    assert plain("a\u202eb\x07c\ud800d\ufeffe\u200bf") == "abcdef"


def test_no_address_can_be_clicked_where_a_reader_makes_links_of_addresses() -> None:
    assert "https://" not in plain("see https://evil.example")
    assert "www." not in plain("see WWW.evil.example".lower())
    assert "m@" not in plain("m@evil.example")


def test_the_first_lines_say_which_transcript_it_is_of_and_who_made_it() -> None:
    document = as_markdown(HEAD, Summary(overview=("Fine.",)))
    assert head_of(document.encode()) == HEAD
    assert "written by a language model" in document


@pytest.mark.parametrize("value", ["a\n---\nby: x", '"', "---", "\u2028", ": ", "</b>"])
def test_no_value_of_the_first_lines_ends_them(value: str) -> None:
    head = HEAD.model_copy(update={"meeting_id": value, "model": value})
    assert head_of(as_markdown(head, Summary()).encode()) == head


@pytest.mark.parametrize(
    "document",
    [b"", b"# Summary", b"---\n---\n", b"---\nby: 1\n---\n", b"\xff", b"---\nx\n---\n", b"---\na: [\n---\n"],
)
def test_another_document_has_no_such_lines(document: bytes) -> None:
    assert head_of(document) is None


def test_it_says_that_it_is_extractive() -> None:
    head = HEAD.model_copy(update={"by": "extractive", "model": None})
    assert "> This summary is extractive" in as_markdown(head, Summary(overview=("Fine.",)))


def test_an_empty_one_says_that_nothing_was_said() -> None:
    assert as_markdown(HEAD, Summary()).endswith("# Summary\n\nThe transcript holds no words.\n")


def test_times_stand_before_what_was_said() -> None:
    summary = Summary(overview=("x",), decisions=(Point(text="Yes.", who="Ada", start=3725.9),))
    assert "- `01:02:05` **Ada**: Yes." in as_markdown(HEAD, summary)


def _quoted(text: str) -> str:
    return Summary(overview=(text,)).model_dump_json().partition("[")[2].partition("],")[0]
