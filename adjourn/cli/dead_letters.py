"""`adjourn dead-letters` and `adjourn replay`: what failed, and trying it again."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import click

from adjourn.cli.output import json_option, local_time, print_json, run_async, settings, visible
from adjourn.settings import Settings
from adjourn.wiring import opened, opened_database, opened_log, remembered_in, require_existing, successes_in
from consumers.dead_letters import Letter, LetterGroup, all_letters, grouped, open_letters, rfc3339
from consumers.policy import Limits, RetryPolicy
from consumers.quarantine import RECEIVER
from consumers.replay import ReplayCounts
from consumers.replay import replay as replay_letters
from consumers.table import CONSUMERS

_SHOWN_OF_A_GROUP = 3
_NAMES = [consumer.name for consumer in CONSUMERS]
_PATIENCE = RetryPolicy(attempts=3)
"""Somebody waits for the end of a replay; what fails now can be replayed again."""


@click.command("dead-letters")
@click.option("--all", "everything", is_flag=True, help="Also what has succeeded since.")
@json_option
def dead_letters(everything: bool, as_json: bool) -> None:
    """Show what failed, and why.

    Grouped by consumer and reason; with --json a line for each letter.
    """
    run_async(_dead_letters(settings(), everything, as_json))


@click.command()
@click.option("--consumer", type=click.Choice([*_NAMES, RECEIVER]), help="Only what failed here.")
@json_option
def replay(consumer: str | None, as_json: bool) -> None:
    """Try again what failed.

    What has succeeded since is left out. What fails again stays a dead letter. May run beside `adjourn run`, and may
    be stopped at any time.
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


async def _dead_letters(configured: Settings, everything: bool, as_json: bool) -> None:
    require_existing(configured.log_url)
    async with opened_database(configured) as database, opened_log(configured) as log:
        letters = await (all_letters(log) if everything else open_letters(log, successes_in(database)))
    if as_json:
        for letter in letters:
            print_json(_object(letter))
        return
    for group in grouped(letters):
        _print_group(group)
    if letters:
        click.echo("When the cause is gone, `adjourn replay` tries again.")
    else:
        click.echo("No dead letters: everything that came could be done.")


def _object(letter: Letter) -> dict[str, Any]:
    known = asdict(letter)
    return known | {"time": rfc3339(known.pop("time_ms"))}


def _print_group(group: LetterGroup) -> None:
    count = len(group.letters)
    title = f"{group.consumer}  {group.kind}  {count} {'letter' if count == 1 else 'letters'}"
    click.echo(click.style(title, bold=True))
    click.echo(f"  {visible(group.reason)}")
    for letter in group.letters[-_SHOWN_OF_A_GROUP:]:
        words = f"{letter.type}  {letter.key or 'no meeting'}"
        click.echo(f"  {local_time(letter.time_ms / 1000)}  {visible(words)}")
    if count > _SHOWN_OF_A_GROUP:
        click.echo(f"  and {count - _SHOWN_OF_A_GROUP} before these")
    click.echo()


async def _replay(configured: Settings, consumer: str | None) -> ReplayCounts:
    require_existing(configured.log_url)
    require_existing(configured.database_url)
    async with opened(configured) as parts:
        database = parts.services.database
        with _progress() as on_progress:
            return await replay_letters(
                parts.log,
                services=parts.services,
                consumers=CONSUMERS,
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
