"""Moments as people give them."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from adjourn.cli.moments import last_moment, moment

CONTEXT, OPTION = click.Context(click.Command("any")), click.Option(["--since"])


@pytest.mark.parametrize(
    ("given", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_how_long_ago(given: str, ago: timedelta) -> None:
    found = moment(CONTEXT, OPTION, given)
    assert found is not None
    assert abs(datetime.now(UTC) - ago - found) < timedelta(minutes=1)


def test_a_date_begins_at_midnight_where_we_are() -> None:
    assert moment(CONTEXT, OPTION, "2026-11-21") == datetime(2026, 11, 21).astimezone()


@pytest.mark.parametrize("given", ["2026-11-21", "20261121"])
def test_the_last_day_is_a_whole_one(given: str) -> None:
    assert last_moment(CONTEXT, OPTION, given) == datetime(2026, 11, 22).astimezone()


def test_another_last_moment_is_as_it_is_given() -> None:
    given = "2026-11-21T10:30"
    assert last_moment(CONTEXT, OPTION, given) == moment(CONTEXT, OPTION, given)
    assert last_moment(CONTEXT, OPTION, None) is None


def test_the_last_day_of_all_has_an_end() -> None:
    assert last_moment(CONTEXT, OPTION, "9999-12-31") is not None


def test_a_zone_is_heeded() -> None:
    found = moment(CONTEXT, OPTION, "2026-11-21T10:30:00+05:00")
    assert found == datetime(2026, 11, 21, 5, 30, tzinfo=UTC)


def test_none_stays_none() -> None:
    assert moment(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize("given", ["", "d", "-3d", "3 d", "yesterday", "2026-13-01", "0001-01-01", "999999w"])
def test_anything_else_is_wrong_usage(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is no date"):
        moment(CONTEXT, OPTION, given)
    with pytest.raises(click.BadParameter, match="is no date"):
        last_moment(CONTEXT, OPTION, given)
