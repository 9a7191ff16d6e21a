"""Reading values that others made."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lenient import epoch, moment, number, rfc3339, text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
)


@given(ANYTHING)
def test_nothing_trips_a_reader(value: object) -> None:
    for reader in (text, number, moment, epoch, rfc3339):
        reader(value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_read_back_from_its_rfc_3339(at: datetime) -> None:
    assert moment(rfc3339(at.isoformat())) == at


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, 0),
        (1.5, 1.5),
        ("1.5", 1.5),
        (-1, None),
        ("-1", None),
        (True, None),
        ("", None),
        ("NaN", None),
        (10**400, None),
    ],
)
def test_a_number_is_finite_and_not_negative(value: object, read: float | None) -> None:
    assert number(value) == read


def test_seconds_and_milliseconds_are_told_by_their_size() -> None:
    assert epoch(1_772_445_601) == epoch(1_772_445_601_000) == datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "2026-03-02", "10:00:00", "1772445601", None, 5])
def test_what_has_no_date_and_time_is_no_moment(value: object) -> None:
    assert moment(value) is None
