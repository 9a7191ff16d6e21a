"""What a question asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.database.query import MOST_WORDS, LongQuestion, Phrase, phrases_of
from infra.database.words import spaced, words_of


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("", []),
        ("budget Review", [Phrase(("budget",)), Phrase(("review",))]),
        ("yes YES", [Phrase(("yes",))]),
        ("isn't", [Phrase(("isn", "t"))]),
        ('"Budget  review"', [Phrase(("budget", "review"))]),
        (
            "“budget review” „of May“ «mai 68»",
            [*map(Phrase, [("budget", "review"), ("of", "may"), ("mai", "68")])],
        ),
        ('the "budget review', [Phrase(("the",)), Phrase(("budget",)), Phrase(("review",))]),
        ('5" pipe', [Phrase(("5",)), Phrase(("pipe",))]),
        ('""', []),
        ("invit*", [Phrase(("invit",), open=True)]),
        ("Zoë*", [Phrase(("zoe",), open=True)]),
        ('"budget rev*"', [Phrase(("budget", "rev"), open=True)]),
        ("isn'*", [Phrase(("isn",), open=True)]),
        ("in*it *it * **", [Phrase(("in", "it")), Phrase(("it",))]),
        ("予算", [Phrase(("予", "算"))]),
        ("a AND -b OR NOT c:d", [*map(Phrase, [("a",), ("and",), ("b",), ("or",), ("not",), ("c", "d")])]),
    ],
)
def test_words_phrases_and_beginnings(question: str, asked: list[Phrase]) -> None:
    assert phrases_of(question) == asked


@given(st.text(st.characters() | st.sampled_from("\"“”*' "), max_size=80))
def test_every_word_of_a_question_is_asked_for_and_no_other(question: str) -> None:
    asked = phrases_of(question)
    assert {word for phrase in asked for word in phrase.words} == set(words_of(question))
    assert all(phrase.words for phrase in asked)


@given(st.text())
def test_the_same_words_in_quotes_are_one_phrase(said: str) -> None:
    words = words_of(said)[:MOST_WORDS]
    assert phrases_of(f'"{" ".join(words)}"') == ([Phrase(tuple(words))] if words else [])


@pytest.mark.parametrize(
    ("phrase", "said", "times"),
    [
        (Phrase(("tea",)), "tea for two, tea", 2),
        (Phrase(("tea",)), "teas and steam", 0),
        (Phrase(("tea",), open=True), "teas and steam", 1),
        (Phrase(("two", "te"), open=True), "two teas, two tents", 2),
    ],
)
def test_a_phrase_stands_in_the_words_as_often_as_it_is_said(phrase: Phrase, said: str, times: int) -> None:
    assert spaced(words_of(said)).count(phrase.spaced) == times


def test_more_words_than_a_database_takes_are_refused_with_their_number() -> None:
    assert len(phrases_of(" ".join(f"w{number}" for number in range(100)))) == 100
    with pytest.raises(LongQuestion, match="101 words at once: 100 is the most"):
        phrases_of(" ".join(f"w{number}" for number in range(101)))
    with pytest.raises(LongQuestion):
        phrases_of(f'"{"a b " * 1_000}"')
