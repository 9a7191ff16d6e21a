"""`adjourn replay`: tries again what failed, or does any slice of a topic once more."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final

import click

from adjourn.asking import closings_in
from adjourn.cli.choosing import as_typed, choosing
from adjourn.cli.output import failed, json_option, run_async, settings
from adjourn.cli.replay_telling import Teller, print_groups, teller
from adjourn.places import require_existing
from adjourn.replaying import alone, begun, ended, left_on_its_way, remembered_by, saved_by
from adjourn.settings import Settings
from adjourn.wiring import Parts, consumers_of, opened
from consumers.base import Consumer
from consumers.replay.again import Means, ReplayCounts
from consumers.replay.again import replay as replay_chosen
from consumers.replay.choose import Wanted, choose
from consumers.replay.index import Index
from consumers.replay.republish import republish
from consumers.replay.source import Bounds
from consumers.replay.which import Which
from consumers.runner.policy import Limits, RetryPolicy
from infra.clock import wall_clock_ms
from infra.database.replays import Replay
from schemas.topics import DEAD_LETTERS, EVENTS, TOPICS, WEBHOOKS

_TOPICS: Final = {"webhooks": WEBHOOKS, "events": EVENTS, "dead-letters": DEAD_LETTERS}
_TO: Final = {"webhooks": WEBHOOKS, "events": EVENTS}
_PATIENCE: Final = RetryPolicy(attempts=3)
"""Somebody waits for the end of a replay; what fails now can be replayed again."""


@dataclass(frozen=True, slots=True)
class _Command:
    """What was asked for. `name` is the same for what is the same command, however fast it is to go."""

    name: str
    wanted: Wanted
    bounds: Bounds
    to: str | None
    concurrency: int | None
    anew: bool


@click.command()
@choosing
@click.option(
    "--from-topic",
    type=click.Choice([*_TOPICS, *TOPICS]),
    help="Not dead letters but the records of this topic, for each consumer that reads it.",
)
@click.option("--again", is_flag=True, help="Also what has succeeded since, or was discarded.")
@click.option(
    "--max-attempts", type=click.IntRange(1), metavar="N", help="Not what was tried N times already."
)
@click.option(
    "--to", type=click.Choice([*_TO, *_TO.values()]), help="Do nothing, but republish it to this topic."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="No more than N records.")
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="At most N records a second."
)
@click.option("--concurrency", type=click.IntRange(1, 1000), metavar="N", help="N handlers at once.")
@click.option("--dry-run", is_flag=True, help="Print what would run, and touch nothing.")
@click.option("--restart", is_flag=True, help="Begin anew where the same command was stopped before.")
@json_option
@click.pass_context
def replay(
    context: click.Context,
    which: Which,
    from_topic: str | None,
    again: bool,
    max_attempts: int | None,
    to: str | None,
    limit: int | None,
    rate: float | None,
    concurrency: int | None,
    dry_run: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Try again what failed.

    By default every open dead letter; what has succeeded since is left out. What fails again stays one dead
    letter, its attempts added up. It may run beside `adjourn run`, and be stopped or killed at any time: the
    same command goes on where it was.

    With --from-topic, any slice of a topic, though nothing failed: after a change of a handler, say. Then
    --since and --until are about when the records came, and --again is needed for what has succeeded.
    """
    topic = _TOPICS.get(from_topic or "", from_topic)
    which = replace(which, max_attempts=max_attempts)
    if to and topic and not which.consumer and which.asks_for_a_letter:
        raise click.UsageError("--kind and --error are about dead letters: name a --consumer with them.")
    wanted = Wanted(which, topic, again=again, once_each=to is not None)
    name = {**asdict(wanted), "to": to, "limit": limit, "typed": as_typed(context)}
    if typed := as_typed(context):
        name["which"] |= {f"{each}_ms": None for each in typed}
    command = _Command(
        json.dumps(name, sort_keys=True),
        wanted,
        Bounds(limit, rate),
        _TO.get(to or "", to),
        concurrency,
        anew=restart,
    )
    if dry_run:
        run_async(_dry_run(settings(), command, as_json))
    else:
        run_async(_replay(settings(), command, as_json))


async def _dry_run(configured: Settings, command: _Command, as_json: bool) -> None:
    require_existing(configured.log_url)
    require_existing(configured.database_url)
    async with opened(configured) as parts:
        run = None if command.anew else await left_on_its_way(parts.services.database, command.name)
        with Index() as index:
            await _choose(parts, command, consumers_of(configured), run, index)
            print_groups(index, run, command.bounds.limit, as_json=as_json, to=command.to)


async def _replay(configured: Settings, command: _Command, as_json: bool) -> None:
    require_existing(configured.log_url)
    require_existing(configured.database_url)
    which = command.wanted.which
    async with (
        opened(configured) as parts,
        alone(parts.services.database, configured.database_url, command.name),
    ):
        database = parts.services.database
        run, goes_on = await begun(
            database,
            command.name,
            wall_clock_ms(),
            since_ms=which.since_ms,
            until_ms=which.until_ms,
            anew=command.anew,
        )
        with Index() as index, _stopping() as stop:
            consumers = consumers_of(configured)
            failed_before = await _choose(parts, command, consumers, run, index)
            bounds = _left(command.bounds, run.done + failed_before)
            total = sum(index.counts().values())
            total = total if bounds.limit is None else min(bounds.limit, total)
            began = time.monotonic()
            with teller(as_json=as_json, total=total, healing=command.wanted.topic is None) as tell:
                tell.began(run, goes_on=goes_on, failed_before=failed_before)
                if command.to is None:
                    counts = await _again(
                        parts, command, consumers, run, index, bounds, configured, stop, tell
                    )
                else:
                    counts = await _republish(parts, command, run, index, bounds, stop, tell)
            left = total - counts.healed - counts.failed - counts.passed - counts.unknown
            if stop.is_set() and left > 0:
                tell.stopped(counts, left)
                raise failed("Stopped. The same command goes on where it was.")
            await ended(database, run)
            tell.ended(counts, seconds=time.monotonic() - began, to=command.to)


async def _choose(
    parts: Parts, command: _Command, consumers: Sequence[Consumer], run: Replay | None, index: Index
) -> int:
    wanted = command.wanted
    if run is not None:
        which = replace(wanted.which, since_ms=run.since_ms, until_ms=run.until_ms)
        wanted = replace(wanted, which=which)
    closings = closings_in(parts.services.database)
    readers = _readers(command, consumers)
    return await choose(parts.log, wanted, readers, closings, run=run, into=index)


def _readers(command: _Command, consumers: Sequence[Consumer]) -> Sequence[str]:
    wanted, only = command.wanted, command.wanted.which.consumer
    if wanted.topic is None:
        return ()
    if command.to is not None:
        return (only or "",)
    names = [each.name for each in consumers if wanted.topic in each.topics and only in (None, each.name)]
    if not names:
        raise failed(f"{only or 'No consumer'} does not read {wanted.topic}.")
    return names


def _left(bounds: Bounds, through: int) -> Bounds:
    return bounds if bounds.limit is None else replace(bounds, limit=max(0, bounds.limit - through))


async def _again(
    parts: Parts,
    command: _Command,
    consumers: Sequence[Consumer],
    run: Replay,
    index: Index,
    bounds: Bounds,
    configured: Settings,
    stop: asyncio.Event,
    tell: Teller,
) -> ReplayCounts:
    database = parts.services.database
    means = Means(
        id=run.id,
        log=parts.log,
        services=parts.services,
        remember=remembered_by(database, run),
        closings=closings_in(database),
        policy=_PATIENCE,
        limits=Limits(concurrency=command.concurrency or configured.concurrency),
        stop=stop,
        told=tell.handled,
    )
    wanted = command.wanted
    since_ms = run.began_ms if wanted.again else None
    return await replay_chosen(
        index, consumers, means, topic=wanted.source, bounds=bounds, done_since_ms=since_ms
    )


async def _republish(
    parts: Parts,
    command: _Command,
    run: Replay,
    index: Index,
    bounds: Bounds,
    stop: asyncio.Event,
    tell: Teller,
) -> ReplayCounts:
    keep = saved_by(parts.services.database, run)

    async def save(done: int, marks: Mapping[int, int]) -> None:
        await keep(done, marks)
        tell.republished(done)

    count = await republish(
        index,
        parts.log,
        topic=command.wanted.source,
        to=command.to or "",
        replay_id=run.id,
        marks=run.marks,
        save=save,
        bounds=bounds,
        policy=_PATIENCE,
        stop=stop,
    )
    return ReplayCounts(healed=count)


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """Set by the first signal, for an orderly end; another ends the program at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal() -> None:
        stop.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
        print("Stopping when what has begun is done; once more ends it at once.", file=sys.stderr)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, on_signal)
    try:
        yield stop
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
