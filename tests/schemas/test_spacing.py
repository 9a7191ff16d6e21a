"""How words become a line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.spacing import join_words, tidy


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], ""),
        (["", " "], ""),
        (["Good", "morning."], "Good morning."),
        ([" Good", " morning."], "Good morning."),
        (["Good ", "morning. "], "Good morning."),
        (["Good", " ", "morning."], "Good morning."),
        ([" Un", "believ", "able", " is", " all", " of", " this"], "Unbelievable is all of this"),
        (["Hello ", " everyone", "again"], "Hello everyone again"),
        (["Well", ",", "yes", "!", "(", "of", "course", ")", "…"], "Well, yes! (of course)…"),
        (["¿", "Qué", "?"], "¿Qué?"),
        (["costs", ".5", "€"], "costs .5 €"),
        (["the", "dogs'", "tails"], "the dogs' tails"),
        (["今日", "は", "良い", "天気", "です", "。"], "今日は良い天気です。"),
        (["我们", "在", "星期四", "发布", "，", "好", "吗", "？"], "我们在星期四发布，好吗？"),
        (["我们", "用", "Python", "写"], "我们用 Python 写"),
        (["오늘은", "날씨가", "좋네요"], "오늘은 날씨가 좋네요"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"),
        (["مرحبا", "بكم"], "مرحبا بكم"),
    ],
)
def test_words_are_joined_as_they_are_written(words: list[str], line: str) -> None:
    assert join_words(words) == line


@given(st.lists(st.text(max_size=5)))
def test_no_letter_is_lost_and_no_space_is_doubled(words: list[str]) -> None:
    line = join_words(words)
    assert line == tidy(line)
    assert "".join(line.split()) == _without_controls("".join("".join(words).split()))


def test_control_characters_are_no_part_of_a_line() -> None:
    assert tidy("Good\x00 \x1b[31mmorning\x7f,\x9f \x07 all.") == "Good [31mmorning, all."


def test_what_joins_letters_and_signs_is_no_control_character() -> None:
    assert tidy("می\u200cخواهم 👩\u200d🚀") == "می\u200cخواهم 👩\u200d🚀"


def _without_controls(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character) != "Cc")
