"""Moments as people give them on the command line."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_AGO: Final = re.compile(r"(\d{1,6})([mhdw])")
_DAY: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

MOMENT: Final = "WHEN"
"""How help names one."""


def moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """A callback for click: `7d`, `12h`, `2026-11-21` or `2026-11-21T10:30`, without a zone in our own."""
    if value is None:
        return None
    try:
        if ago := _AGO.fullmatch(value):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(value).astimezone()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value} is no date (2026-11-21, 2026-11-21T10:30) and no time ago (30m, 12h, 7d, 2w)."
        ) from error


def last_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """As `moment`, for the end of a time: a date alone is the whole day, so that the day after begins it."""
    if value is None or not _DAY.fullmatch(value):
        return moment(context, parameter, value)
    moment(context, parameter, value)
    try:
        return (datetime.fromisoformat(value) + timedelta(days=1)).astimezone()
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
