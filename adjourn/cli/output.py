"""What commands share: settings, a loop, errors as sentences, and printing for programs and for people."""

import asyncio
import json
import shutil
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click
import structlog
import uvloop

from adjourn.logs import set_up_logging
from adjourn.sentences import sentence
from adjourn.settings import (
    BadSettings,
    Settings,
    lend_aws_variables,
    load_settings,
    unknown_variables,
)
from infra.errors import Halt, LogUnavailable, Poison, Retryable

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, for programs; nothing else on stdout."
)

_T = TypeVar("_T")
_WIDEST: Final = 160
_EXPECTED: Final = (Halt, LogUnavailable, Poison, Retryable)


class WrongSettings(click.ClickException):
    exit_code = 2


def settings(*, quiet: bool = True) -> Settings:
    """The settings, and logging set up: as configured, or from WARNING on where commands print (`quiet`)."""
    try:
        loaded = load_settings()
    except BadSettings as error:
        raise WrongSettings(str(error)) from error
    lend_aws_variables()
    set_up_logging("warning" if quiet and loaded.log_level == "info" else loaded.log_level)
    for name, nearest in unknown_variables().items():
        structlog.get_logger().warning("unknown_setting", name=name, nearest=nearest)
    return loaded


def run_async(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run one command's work. What it is told to expect comes out as a sentence and exit code 1."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(coroutine)
    except _EXPECTED as error:
        hint = " Try again when that is mended." if isinstance(error, LogUnavailable | Retryable) else ""
        raise failed(sentence(error) + hint) from error


def failed(sentence: str) -> click.ClickException:
    """To be raised: the program prints the sentence and exits 1."""
    return click.ClickException(sentence)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":")))


def visible(text: str) -> str:
    """What came from outside, fit for a terminal: nothing in it moves the cursor or changes colours."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def local_time(moment: datetime | float) -> str:
    """In the time zone of whoever looks; a number is in seconds since 1970 UTC."""
    at = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def from_ms(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def rfc3339(moment: datetime | None) -> str | None:
    """In UTC, as programs read it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def length(seconds: float | None) -> str:
    """`0:42:07`; "" where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def size(count: int) -> str:
    """A number of bytes as people read it: `812 B`, `3.2 MB`."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if amount >= 1000:
            amount, unit = amount / 1000, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table; rich is imported only here, where a person looks."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    # A narrow terminal wraps whole lines by itself; ids that are cut into pieces could not be copied.
    width = max(_WIDEST, shutil.get_terminal_size().columns)
    Console(highlight=False, markup=False, width=width).print(table)
