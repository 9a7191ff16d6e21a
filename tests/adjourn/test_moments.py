"""Moments as people give them."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from adjourn.cli.moments import moment

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


def test_a_zone_is_heeded() -> None:
    found = moment(CONTEXT, OPTION, "2026-11-21T10:30:00+05:00")
    assert found == datetime(2026, 11, 21, 5, 30, tzinfo=UTC)


def test_none_stays_none() -> None:
    assert moment(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize("given", ["", "d", "-3d", "3 d", "yesterday", "2026-13-01", "0001-01-01", "999999w"])
def test_anything_else_is_wrong_usage(given: str) -> None:
    with pytest.raises(click.BadParameter, match="is no date"):
        moment(CONTEXT, OPTION, given)
