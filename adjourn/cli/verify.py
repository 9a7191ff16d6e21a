"""`adjourn verify`: are the stored files still what they were?"""

import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

import click

from adjourn.asking import existing_database
from adjourn.cli.bars import bar_of_bytes
from adjourn.cli.moments import MOMENT, moment
from adjourn.cli.output import (
    failed,
    json_option,
    print_json,
    print_table,
    run_async,
    settings,
    size,
    visible,
)
from adjourn.objects import objects_of
from adjourn.places import require_existing
from adjourn.settings import Settings
from consumers.verify import Finding, Verdict
from consumers.verify import verify as verify_objects
from infra.database.holdings import amount_stored

_WHAT_TO_DO: Final[Mapping[Verdict, str]] = {
    "missing": "Restore it from a backup, or have its event sent again while its links live.",
    "wrong_size": "Restore it from a backup: somebody has changed it, or the disk has lost of it.",
    "changed": "Restore it from a backup: somebody has changed it, or the disk has.",
    "manifest": "It is written anew when its event comes again. What counts is in the database.",
    "unknown": "If nobody needs it, remove it: a program that was killed may have left it.",
    "forgotten": "Run `adjourn forget` for its meeting once more.",
}


@dataclass(slots=True)
class _Counts:
    """Of findings, by verdict: how many, and how many bytes their objects have or should have."""

    objects: Counter[Verdict] = field(default_factory=Counter)
    sizes: Counter[Verdict] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        self.objects[finding.verdict] += 1
        self.sizes[finding.verdict] += finding.size or finding.expected_size or 0

    @property
    def wrong(self) -> list[Verdict]:
        return [verdict for verdict in _WHAT_TO_DO if self.objects[verdict]]


@click.command()
@click.option("--since", metavar=MOMENT, callback=moment, help="Only what was stored since: a date, 7d, 12h.")
@json_option
def verify(since: datetime | None, as_json: bool) -> None:
    """Read every stored file again: is it what it was?

    Finds files that are missing, changed, or known to nobody, and manifests that are not right. Changes
    nothing, and may run beside everything else. Exits 1 when something is wrong. With --json a line for each
    object, also where it is well.
    """
    counts = run_async(_verify(settings(), since, as_json))
    if not as_json:
        _print_summary(counts)
    if counts.wrong:
        bad = sum(counts.objects[verdict] for verdict in counts.wrong)
        advice = " ".join(f"{verdict}: {_WHAT_TO_DO[verdict]}" for verdict in counts.wrong)
        raise failed(
            f"{bad} of {counts.objects.total()} objects {'is' if bad == 1 else 'are'} not as "
            f"{'it' if bad == 1 else 'they'} should be. {advice if as_json else 'The table says what to do.'}"
        )


async def _verify(configured: Settings, since: datetime | None, as_json: bool) -> _Counts:
    require_existing(configured.objects_url)
    counts, objects = _Counts(), objects_of(configured)
    async with existing_database(configured) as database:
        async with database.reading() as tx:
            amount = await amount_stored(tx, since)
        with ExitStack() as shown:
            bar = bar_of_bytes("verifying", amount.size, quiet=as_json and sys.stdout.isatty())
            on_bytes = shown.enter_context(bar)
            async for finding in verify_objects(objects, database, since=since, on_bytes=on_bytes):
                counts.add(finding)
                if as_json:
                    print_json(asdict(finding))
                elif finding.verdict != "well":
                    shown.close()  # these come when all has been read
                    click.echo(_line(finding))
    return counts


def _line(finding: Finding) -> str:
    verdict = click.style(f"{_words(finding.verdict):<12}", fg="red")
    return f"{verdict}{visible(finding.name)}{_compared(finding)}"


def _words(verdict: Verdict) -> str:
    return verdict.replace("_", " ")


def _compared(finding: Finding) -> str:
    if finding.verdict == "wrong_size":
        return f"  {finding.size} bytes, and {finding.expected_size} were stored"
    if finding.verdict == "changed":
        return f"  sha256 {finding.sha256}, and {finding.expected_sha256} was stored"
    return ""


def _print_summary(counts: _Counts) -> None:
    if not counts.objects:
        click.echo("Nothing is stored that could be verified.")
    elif not counts.wrong:
        click.echo(
            f"All is well: {counts.objects['well']} objects, {size(counts.sizes['well'])}, "
            "are what they were when they were stored."
        )
    else:
        click.echo()
        print_table(
            ("found", "objects", "bytes", "what to do"),
            [
                (_words(verdict), str(counts.objects[verdict]), size(counts.sizes[verdict]), advice)
                for verdict, advice in {"well": "", **_WHAT_TO_DO}.items()
                if counts.objects[verdict]
            ],
        )
