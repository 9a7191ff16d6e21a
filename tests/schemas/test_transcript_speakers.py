"""Whose words are whose: by the log, by numbers, by elimination."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.speaking import Turn, is_named, named
from schemas.transcript import Segment


def segment(speaker: str | None, start: float | None, end: float | None) -> Segment:
    return Segment(speaker=speaker, start=start, end=end, text="Hi")


def names(
    *segments: Segment,
    turns: tuple[Turn, ...] = (),
    numbers: dict[str, str] | None = None,
    people: tuple[str, ...] = (),
) -> list[str | None]:
    return [one.speaker for one in named(segments, turns, numbers or {}, people)]


TWO = (Turn("Ada", 0, 5), Turn("Grace", 5, 10))


def test_who_spoke_for_most_of_a_segment_said_it() -> None:
    assert names(segment(None, 3, 6), segment(None, 4, 9), turns=TWO) == ["Ada", "Grace"]


def test_an_interjection_is_not_that_of_the_one_who_is_interrupted() -> None:
    turns = (Turn("Ada", 0, 20), Turn("Grace", 8, 9))
    assert names(segment(None, 0, 20), segment(None, 8, 9), turns=turns) == ["Ada", "Grace"]


def test_a_segment_without_an_end_is_that_of_who_spoke_when_it_began() -> None:
    assert names(segment(None, 6, None), segment(None, 6, 6), turns=TWO) == ["Grace", "Grace"]


def test_where_nobody_spoke_or_nobody_knows_when_there_is_no_name() -> None:
    assert names(segment(None, 30, 40), segment(None, None, None), turns=TWO) == [None, None]


def test_a_name_is_kept_whoever_the_log_says_it_was() -> None:
    assert names(segment("Linus", 0, 5), turns=TWO) == ["Linus"]


def test_a_telephone_number_is_a_name() -> None:
    assert names(segment("4930123456", 0, 5), turns=TWO) == ["4930123456"]


def test_a_number_that_the_log_does_not_cover_is_the_one_it_was_elsewhere() -> None:
    assert names(segment("0", 0, 5), segment("0", None, None), turns=TWO) == ["Ada", "Ada"]


def test_the_numbers_of_one_part_say_nothing_of_another() -> None:
    assert names(segment("0 (part 1)", 0, 5), segment("0 (part 2)", 50, 60), turns=TWO) == [
        "Ada",
        "0 (part 2)",
    ]


def test_a_participants_number_is_their_name() -> None:
    numbers = {"1": "Ada", "16778240": "Grace"}
    assert names(segment("1", 0, 1), segment("16778240", 1, 2), segment("7", 2, 3), numbers=numbers) == [
        "Ada",
        "Grace",
        "7",
    ]


def test_a_log_may_have_the_numbers_of_participants_too() -> None:
    assert names(segment(None, 0, 5), turns=(Turn("1", 0, 5),), numbers={"1": "Ada"}) == ["Ada"]


def test_a_log_that_has_only_unknown_numbers_names_nobody() -> None:
    assert names(segment(None, 0, 5), turns=(Turn("1", 0, 5),)) == [None]


@pytest.mark.parametrize("speaker", ["0 (part 1)", None])
def test_who_is_alone_said_all_of_it(speaker: str | None) -> None:
    assert names(segment(speaker, 0, 5), segment(speaker, 6, 9), people=("Ada",)) == ["Ada", "Ada"]


def test_of_two_numbers_neither_is_the_one_who_is_known_to_be_there() -> None:
    assert names(segment("0", 0, 5), segment("1", 6, 9), people=("Ada",)) == ["0", "1"]


_TIME = st.floats(0, 100)
_TURN = st.builds(
    lambda who, start, length: Turn(who, start, start + length),
    st.sampled_from("abc12"),
    _TIME,
    st.floats(0.001, 50),
)
_SEGMENT = st.builds(
    segment, st.none() | st.sampled_from(["0", "1", "Ada"]), st.none() | _TIME, st.none() | _TIME
)


@settings(deadline=None)
@given(st.lists(_SEGMENT, max_size=8), st.lists(_TURN, max_size=8))
def test_nothing_but_missing_names_is_changed_and_only_for_names_of_the_log(
    segments: list[Segment], turns: list[Turn]
) -> None:
    known = {turn.speaker for turn in turns if not turn.speaker.isdigit()}
    for before, after in zip(segments, named(segments, turns, {}, ()), strict=True):
        assert after.model_copy(update={"speaker": before.speaker}) == before
        assert after.speaker == before.speaker or (not is_named(before) and after.speaker in known)


def test_a_day_of_turns_that_all_overlap_takes_no_day() -> None:
    turns = [Turn(f"Speaker {n}", n * 0.1, 90_000) for n in range(20_000)]
    segments = [segment(None, 0, 90_000) for _ in range(5_000)]
    began = time.process_time()
    named(segments, turns, {}, ())
    assert time.process_time() - began < 20
