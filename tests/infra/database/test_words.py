"""What counts as a word, and which words are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.database.words import LONGEST_TEXT_BYTES, LONGEST_WORD, indexed, spaced, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n", []),
        ("Good morning!", ["good", "morning"]),
        ("it's 5%, C++ and x_y", ["it", "s", "5", "c", "and", "x", "y"]),
        ("Zoë ÅNGSTRÖM naïve", ["zoe", "angstrom", "naive"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("İstanbul", ["istanbul"]),
        ("ﬁne ｆｕｌｌ x²", ["fine", "full", "x2"]),
        ("Ελλάδα ΣΊΣΥΦΟΣ", ["ελλαδα", "σισυφοσ"]),
        ("ёлка Йод", ["елка", "иод"]),
        ("שָׁלוֹם", ["שלום"]),
        ("مُحَمَّد", ["محمد"]),
        ("हिन्दी की का", ["हिन्दी", "की", "का"]),
        ("한국어", ["한국어"]),
        ("ไม่ใช่", ["ไ", "ม", "่", "ใ", "ช", "่"]),
        ("がカﾞか", ["が", "ガ", "か"]),
        ("人々の會議, Q3予算 12:30", ["人", "々", "の", "會", "議", "q3", "予", "算", "12", "30"]),
        ("a\x00b \ud83d😀", ["a", "b"]),
    ],
)
def test_words_are_folded(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_a_word_folded_again_stays_what_it_is(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


@given(st.text())
def test_case_does_not_count(text: str) -> None:
    assert words_of(text.casefold()) == words_of(text)


@given(st.text())
def test_a_database_can_hold_every_word(text: str) -> None:
    assert all(word.isprintable() and " " not in word for word in words_of(text))
    assert spaced(words_of(text)).encode().decode().split() == words_of(text)


@pytest.mark.parametrize("letter", ["x", "é", "李", "𐐨"])
def test_a_long_text_is_cut_between_two_words(letter: str) -> None:
    text = f"{letter * 300} " * 10_000
    kept = words_of(text)
    size = len(spaced(kept).encode())
    assert {len(word) for word in kept} == {1 if letter == "李" else LONGEST_WORD}
    assert size <= LONGEST_TEXT_BYTES < size + LONGEST_WORD * 4 + 2


@given(st.text(), st.text())
def test_no_word_of_a_text_is_one_of_a_speakers_name(name: str, text: str) -> None:
    of_name = set(indexed(name, "").split())
    assert of_name.isdisjoint(indexed(None, name).split())
    assert of_name.isdisjoint(indexed(None, text).split())
    assert indexed(name, text) == indexed(name, "") + indexed(None, text)


def test_a_speakers_name_of_a_megabyte_leaves_room_for_what_was_said() -> None:
    assert len(indexed("name " * 200_000, "word").encode()) < 1_000
    assert len(indexed("李" * 1_000_000, "word " * 300_000).encode()) < 2**20
