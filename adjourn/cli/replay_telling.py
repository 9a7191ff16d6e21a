"""What a replay tells: a bar and a sentence to people, an event a line to programs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import click

from adjourn.cli.bars import bar_of_records
from adjourn.cli.output import from_ms, local_time, print_json, print_table, rfc3339, visible
from consumers.dead_letters import grouped
from consumers.replay.again import Handled, ReplayCounts
from consumers.replay.index import Index
from infra.database.replays import Replay


@dataclass(frozen=True, slots=True)
class Teller:
    """`bar` is moved by how many are done and how many failed. `healing` is about what had failed before."""

    as_json: bool
    total: int
    healing: bool
    bar: Callable[[int, int], None]

    def began(self, run: Replay, *, goes_on: bool, failed_before: int) -> None:
        if self.as_json:
            print_json(
                {
                    "event": "began",
                    "replay": run.id,
                    "goes_on": goes_on,
                    "began_at": rfc3339(from_ms(run.began_ms)),
                    "done_before": run.done,
                    "failed_before": failed_before,
                    "records": self.total,
                }
            )
        elif goes_on:
            click.echo(
                f"Going on with the replay that began at {local_time(run.began_ms / 1000)}: {run.done} were "
                f"done and {failed_before} failed, {self.total} are left. (--restart begins anew.)"
            )

    def handled(self, handled: Handled) -> None:
        is_done = handled.outcome == "done"
        self.bar(int(is_done), int(not is_done))
        if self.as_json:
            letter = handled.letter
            told = {
                "event": "done" if is_done else "failed",
                "letter": letter.id,
                "consumer": letter.consumer,
                "event_id": letter.event_id,
                "type": letter.type,
                "key": letter.key,
            }
            print_json(told if is_done else told | {"kind": handled.outcome, "error": handled.error})

    def republished(self, count: int) -> None:
        self.bar(count, 0)
        if self.as_json:
            print_json({"event": "republished", "records": count})

    def stopped(self, counts: ReplayCounts, left: int) -> None:
        if self.as_json:
            print_json({"event": "stopped", **asdict(counts), "left": left})
        else:
            click.echo(f"{self._sentence(counts)} {left} are left.")

    def ended(self, counts: ReplayCounts, *, seconds: float, to: str | None) -> None:
        if self.as_json:
            print_json({"event": "ended", **asdict(counts), "seconds": round(seconds, 3)})
            return
        if to is not None:
            click.echo(f"{counts.healed} republished to {to}.")
            return
        click.echo(self._sentence(counts) if self.total else "There was nothing left to do.")
        if counts.passed:
            click.echo(f"{counts.passed} were done or discarded by somebody else meanwhile.")
        if counts.unknown:
            click.echo(f"{counts.unknown} are of consumers that do not run here.")
        if counts.failed:
            click.echo("`adjourn dead-letters` says why.")

    def _sentence(self, counts: ReplayCounts) -> str:
        if self.healing:
            return f"{counts.healed} healed, {counts.failed} failed again."
        return f"{counts.healed} done, {counts.failed} failed."


@contextmanager
def teller(*, as_json: bool, total: int, healing: bool) -> Iterator[Teller]:
    with bar_of_records("replaying", total, quiet=as_json and sys.stdout.isatty()) as bar:
        yield Teller(as_json, total, healing, bar)


def print_groups(
    index: Index, run: Replay | None, limit: int | None, *, as_json: bool, to: str | None
) -> None:
    """What would run."""
    groups = grouped(index.letters())
    total = sum(group.count for group in groups)
    if as_json:
        for group in groups:
            print_json(
                {
                    "consumer": group.consumer,
                    "kind": group.kind,
                    "reason": group.reason,
                    "records": group.count,
                }
            )
        return
    if run is not None:
        click.echo(
            f"The replay that began at {local_time(run.began_ms / 1000)} would go on: {run.done} were done."
        )
    if groups:
        print_table(
            ("consumer", "kind", "reason", "records"),
            [
                (visible(group.consumer), visible(group.kind), visible(group.reason), str(group.count))
                for group in groups
            ],
        )
        click.echo()
    count = total if limit is None else min(limit, total)
    would = f"be republished to {to}" if to else "be done again"
    click.echo(f"{count} {'record' if count == 1 else 'records'} would {would}. Nothing was touched.")
