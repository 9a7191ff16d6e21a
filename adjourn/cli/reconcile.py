"""`adjourn reconcile`: compares with the providers, and fetches what never came."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

import click

from adjourn.cli.moments import MOMENT, moment
from adjourn.cli.output import (
    failed,
    json_option,
    local_time,
    print_json,
    print_table,
    rfc3339,
    run_async,
    settings,
    visible,
)
from adjourn.places import require_existing
from adjourn.senders.table import SENDERS
from adjourn.sentences import sentence
from adjourn.settings import Settings
from adjourn.wiring import opened
from consumers.reconciling.base import Counts, Run
from consumers.reconciling.run import reconcile as reconcile_run
from consumers.reconciling.turns import NotOurTurn, own_name, reconcile_in_turn, since_when
from consumers.reconciling.waiting import unworked_after
from infra.clock import wall_clock_ms
from infra.database.reconciling import Judged, Verdict
from infra.errors import Poison, Retryable

_LONGEST_WAIT_SECONDS: Final = 600
_LOOK_SECONDS: Final = 1
_SHOWN: Final = 20
_TOLD: Final[tuple[Verdict, ...]] = ("fetched", "missing", "waiting", "impossible")


@click.command()
@click.option(
    "--since",
    metavar=MOMENT,
    callback=moment,
    help="What ended since then: a date, 7d, 12h. Without it, since last time.",
)
@click.option("--provider", type=click.Choice(list(SENDERS)), help="Only what is there.")
@click.option("--again", is_flag=True, help="Ask anew about everything, also about what was found before.")
@click.option("--dry-run", is_flag=True, help="Only say what is missing.")
@click.option(
    "--wait", is_flag=True, help="Until the consumers are through; exits 1 if something is missing."
)
@json_option
def reconcile(
    since: datetime | None, provider: str | None, again: bool, dry_run: bool, wait: bool, as_json: bool
) -> None:
    """Compare with the providers, and fetch what never came.

    Asks each provider, to whose API we have a key, which meetings ended, and how those are of which nothing
    was heard for an hour. What is missing is handed to the consumers in place of its webhook, so they need
    to run. It may be stopped at any time, and be repeated.
    """
    if dry_run and wait:
        raise click.UsageError("--dry-run hands nothing to the consumers: there is nothing to --wait for.")
    configured = settings()
    troubles = run_async(_reconcile(configured, since, provider, again, dry_run, wait, as_json))
    if troubles:
        raise failed(" ".join(troubles))


async def _reconcile(
    configured: Settings,
    since: datetime | None,
    only: str | None,
    again: bool,
    dry: bool,
    wait: bool,
    as_json: bool,
) -> list[str]:
    """What went wrong, a sentence for each provider."""
    require_existing(configured.log_url)
    require_existing(configured.database_url)
    troubles: list[str] = []
    async with opened(configured) as parts:
        apis = {name: api for name, api in parts.services.providers.items() if only in (None, name)}
        if not apis:
            raise failed("There is no provider that we may ask: put a key to its API into .env.")
        log, database = parts.log, parts.services.database
        for provider, api in apis.items():
            begins = since or await since_when(database, provider, wall_clock_ms())
            run = Run(provider, api, log, database, begins, again, dry)
            counts, found, trouble = await _compared(run, as_json)
            if wait and counts.fetched:
                if not as_json:
                    _print_words(run, counts, found)
                left = await _waited(run, found, quiet=as_json)
                counts, found, broken = await _compared(replace(run, again=False), as_json)
                trouble = trouble or broken or _not_through(provider, left)
            if found or not trouble:
                (_print_objects if as_json else _print_words)(run, counts, found)
            if wait and counts.missing and not trouble:
                trouble = f"{provider}: {counts.missing} of {counts.known} are still missing something."
            troubles += [trouble] if trouble else []
    return troubles


async def _compared(run: Run, as_json: bool) -> tuple[Counts, Sequence[Judged], str]:
    """And what went wrong: "" where nothing did."""
    found: list[Judged] = []
    try:
        with _progress(run.provider, found, quiet=as_json) as add:
            told = replace(run, found=add)
            return await (reconcile_run(told) if run.dry else _in_turn(told)), found, ""
    except (Poison, Retryable) as error:
        return _counted(found), found, f"{run.provider}: {sentence(error)}"


async def _waited(run: Run, found: Sequence[Judged], *, quiet: bool) -> Sequence[Judged]:
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    with console.status("waiting until the consumers are through …"):
        return await unworked_after(
            found, run.database, wait_seconds=_LONGEST_WAIT_SECONDS, look_seconds=_LOOK_SECONDS
        )


def _not_through(provider: str, left: Sequence[Judged]) -> str:
    if not left:
        return ""
    return (
        f"{provider}: after {_LONGEST_WAIT_SECONDS // 60} minutes the consumers are not through with "
        f"{len(left)} of what was fetched: does `adjourn run` run?"
    )


async def _in_turn(run: Run) -> Counts:
    deadline, is_told = time.monotonic() + _LONGEST_WAIT_SECONDS, False
    while True:
        try:
            return await reconcile_in_turn(run, own_name())
        except NotOurTurn as other:
            if time.monotonic() > deadline:
                raise
            if not is_told:
                click.echo(f"{sentence(other)} Waiting for it.", err=True)
            is_told = True
            await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def _progress(provider: str, found: list[Judged], *, quiet: bool) -> Iterator[Callable[[Judged], None]]:
    """What it gives keeps what is found; on stderr, where a person looks, stands how many are compared."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    with console.status(f"asking {provider} …") as status:

        def add(one: Judged) -> None:
            found.append(one)
            status.update(f"comparing with {provider}: {len(found)} meetings …")

        yield add


def _counted(found: Sequence[Judged]) -> Counts:
    counts = Counts()
    for one in found:
        counts = counts.with_one(one)
    return counts


def _print_objects(run: Run, counts: Counts, found: Sequence[Judged]) -> None:
    for one in found:
        if one.verdict != "complete":
            known = asdict(one)
            print_json({name: known[name] for name in ("provider", "meeting_id", "event_type")} | _said(one))
    print_json({"provider": run.provider, "since": rfc3339(run.since), "dry_run": run.dry, **asdict(counts)})


def _said(one: Judged) -> dict[str, object]:
    return {"verdict": one.verdict, "reason": one.reason, "attempts": one.attempts}


def _print_words(run: Run, counts: Counts, found: Sequence[Judged]) -> None:
    click.echo(f"{run.provider}: what ended since {local_time(run.since)}, and what fell silent before.")
    known = asdict(counts)
    forgotten = known.pop("forgotten")
    print_table(known, [[str(count) for count in known.values()]])
    if forgotten:
        click.echo(f"{forgotten} {'was' if forgotten == 1 else 'were'} forgotten here, and left alone.")
    shown: Counter[Verdict] = Counter()
    for one in sorted(found, key=lambda one: _TOLD.index(one.verdict) if one.verdict in _TOLD else -1):
        shown[one.verdict] += 1
        if one.verdict in _TOLD and shown[one.verdict] <= _SHOWN:
            title = click.style(f"{one.verdict:<11}", fg="red" if one.verdict == "impossible" else None)
            click.echo(f"{title}{visible(f'{one.provider}/{one.meeting_id}')}  {visible(one.reason)}")
    for verdict in _TOLD:
        if shown[verdict] > _SHOWN:
            click.echo(f"{verdict:<11}and {shown[verdict] - _SHOWN} more; --json lists all")
    if counts.fetched:
        click.echo("What is fetched is in the log, not stored yet: the consumers of `adjourn run` do that.")
    elif run.dry and counts.missing:
        click.echo("Nothing was fetched: without --dry-run it is.")
    elif counts.missing == counts.waiting == counts.impossible == 0:
        click.echo("Nothing is missing.")
