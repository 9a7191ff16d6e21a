"""The options by which commands are told which dead letters, or which records, are meant."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Final, get_args

import click

from adjourn.cli.moments import MOMENT, last_moment, moment
from consumers.quarantine import RECEIVER
from consumers.replay.which import Which
from consumers.table import CONSUMERS, ON_REQUEST
from schemas.dead_letter import DeadLetterKind
from schemas.providers import PROVIDERS

_NAMES: Final = [*(consumer.name for consumer in (*CONSUMERS, *ON_REQUEST)), RECEIVER]
_AS_TYPED: Final = "adjourn.as_typed"

_Command = Callable[..., Any]


def choosing(command: _Command) -> _Command:
    """Gives a command these options, and its function what they say as `which`."""

    @wraps(command)
    def with_which(
        *,
        consumer: str | None,
        provider: str | None,
        meeting: str | None,
        event_type: str | None,
        kind: str | None,
        error: str | None,
        since: datetime | None,
        until: datetime | None,
        **others: Any,
    ) -> Any:
        which = Which(consumer, provider, meeting, event_type, kind, error, _ms(since), _ms(until))
        return command(which=which, **others)

    for option in reversed(_OPTIONS):
        with_which = option(with_which)
    return with_which


def as_typed(context: click.Context) -> dict[str, str]:
    """`--since` and `--until` as they were written: `7d` is the same wish an hour later."""
    typed: dict[str, str] = context.meta.get(_AS_TYPED, {})
    return typed


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    _note(context, parameter, value)
    return moment(context, parameter, value)


def _until(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    _note(context, parameter, value)
    return last_moment(context, parameter, value)


def _note(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None and parameter.name:
        context.meta.setdefault(_AS_TYPED, {})[parameter.name] = value


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


_OPTIONS: Final = (
    click.option("--consumer", type=click.Choice(_NAMES), help="Only what failed here."),
    click.option("--provider", type=click.Choice(list(PROVIDERS)), help="Only events of this sender."),
    click.option("--meeting", metavar="ID", help="Only of this meeting: its id, or PROVIDER/ID."),
    click.option("--type", "event_type", metavar="TYPE", help="Only this ce_type; * stands for anything."),
    click.option("--kind", type=click.Choice(get_args(DeadLetterKind)), help="Only what failed like this."),
    click.option("--error", metavar="TEXT", help="Only errors that say this, in whatever case."),
    click.option("--since", metavar=MOMENT, callback=_since, help="Only since then: a date, 7d, 12h."),
    click.option("--until", metavar=MOMENT, callback=_until, help="Only before then."),
)
