"""What commands share: settings, a loop, errors as sentences, and printing for programs and for people."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

import click
import structlog

from adjourn.logs import set_up_logging
from adjourn.settings import BadSettings, Settings, load_settings, unknown_variables
from infra.errors import Halt, LogUnavailable, Poison, Retryable

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, for programs; nothing else on stdout."
)

_T = TypeVar("_T")
_EXPECTED: Final = (Halt, LogUnavailable, Poison, Retryable)


class WrongSettings(click.ClickException):
    exit_code = 2


def settings(*, quiet: bool = True) -> Settings:
    """The settings, and logging set up: as configured, or from WARNING on where commands print (`quiet`)."""
    try:
        loaded = load_settings()
    except BadSettings as error:
        raise WrongSettings(str(error)) from error
    set_up_logging("warning" if quiet and loaded.log_level == "info" else loaded.log_level)
    for name, nearest in unknown_variables().items():
        structlog.get_logger().warning("unknown_setting", name=name, nearest=nearest)
    return loaded


def run_async(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run one command's work. What it is told to expect comes out as a sentence and exit code 1."""
    try:
        return asyncio.run(coroutine)
    except _EXPECTED as error:
        raise failed(str(error)) from error


def failed(sentence: str) -> click.ClickException:
    """To be raised: the program prints the sentence and exits 1."""
    return click.ClickException(sentence)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":")))


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table as wide as the terminal; rich is imported only here, where a person looks."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)
