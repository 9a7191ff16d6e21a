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
@json_option
def reconcile(
    since: datetime | None, provider: str | None, again: bool, dry_run: bool, as_json: bool
) -> None:
    """Compare with the providers, and fetch what never came.

    Asks each provider, to whose API we have a key, which meetings ended, and how those are of which nothing
    was heard for an hour. What is missing is handed to the consumers in place of its webhook, so they need
    to run. It may be stopped at any time, and be repeated.
    """
    configured = settings()
    troubles = run_async(_reconcile(configured, since, provider, again, dry_run, as_json))
    if troubles:
        raise failed(" ".join(troubles))


async def _reconcile(
    configured: Settings, since: datetime | None, only: str | None, again: bool, dry: bool, as_json: bool
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
            run, found = Run(provider, api, log, database, begins, again, dry), list[Judged]()
            try:
                with _progress(provider, found, quiet=as_json) as add:
                    run = replace(run, found=add)
                    counts = await (reconcile_run(run) if dry else _in_turn(run))
            except (Poison, Retryable) as error:
                troubles.append(f"{provider}: {sentence(error)}")
                counts = _counted(found)
                if not found:
                    continue
            (_print_objects if as_json else _print_words)(run, counts, found)
    return troubles


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
        click.echo("What is fetched is in the log. The consumers work on it now, or once `adjourn run` runs.")
    elif run.dry and counts.missing:
        click.echo("Nothing was fetched: without --dry-run it is.")
    elif counts.missing == counts.waiting == counts.impossible == 0:
        click.echo("Nothing is missing.")
