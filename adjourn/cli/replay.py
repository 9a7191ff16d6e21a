"""`adjourn replay`: tries again what failed."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Final

import click

from adjourn.asking import successes_in
from adjourn.cli.output import json_option, print_json, run_async, settings
from adjourn.places import require_existing
from adjourn.settings import Settings
from adjourn.wiring import consumers_of, opened, remembered_in
from consumers.quarantine import RECEIVER
from consumers.replay import ReplayCounts
from consumers.replay import replay as replay_letters
from consumers.runner.policy import Limits, RetryPolicy
from consumers.table import CONSUMERS, ON_REQUEST

_NAMES: Final = [*(consumer.name for consumer in (*CONSUMERS, *ON_REQUEST)), RECEIVER]
_PATIENCE: Final = RetryPolicy(attempts=3)
"""Somebody waits for the end of a replay; what fails now can be replayed again."""


@click.command()
@click.option("--consumer", type=click.Choice(_NAMES), help="Only what failed here.")
@json_option
def replay(consumer: str | None, as_json: bool) -> None:
    """Try again what failed.

    What has succeeded since is left out; what fails again stays a dead letter. It may run beside
    `adjourn run`, and be stopped at any time.
    """
    counts = run_async(_replay(settings(), consumer))
    if as_json:
        print_json(asdict(counts))
        return
    click.echo(f"{counts.healed} healed, {counts.failed} failed again.")
    if counts.unknown:
        click.echo(f"{counts.unknown} are of consumers that this version does not have.")
    if counts.failed:
        click.echo("`adjourn dead-letters` says why.")


async def _replay(configured: Settings, consumer: str | None) -> ReplayCounts:
    require_existing(configured.log_url)
    require_existing(configured.database_url)
    async with opened(configured) as parts:
        database = parts.services.database
        with _progress() as on_progress:
            return await replay_letters(
                parts.log,
                services=parts.services,
                consumers=consumers_of(configured),
                remember=partial(remembered_in, database),
                last_successes=successes_in(database),
                policy=_PATIENCE,
                limits=Limits(concurrency=configured.concurrency),
                stop=asyncio.Event(),
                consumer=consumer,
                on_progress=on_progress,
            )


@contextmanager
def _progress() -> Iterator[Callable[[ReplayCounts, int], None]]:
    """A bar on stderr where a person looks, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("replaying", total=None)

        def update(counts: ReplayCounts, letters: int) -> None:
            bar.update(task, completed=counts.healed + counts.failed, total=letters)

        yield update
