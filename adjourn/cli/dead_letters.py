"""`adjourn dead-letters`: what failed, and why; one of them with all that is known; and closing for good."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from adjourn.asking import closings_in, existing_database
from adjourn.cli.choosing import choosing
from adjourn.cli.letter_page import found_letter, page, whole
from adjourn.cli.output import (
    failed,
    from_ms,
    json_option,
    local_time,
    print_json,
    rfc3339,
    run_async,
    settings,
    visible,
)
from adjourn.event_log import existing_log
from adjourn.settings import Settings
from consumers.dead_letters import LetterGroup, grouped
from consumers.replay.choose import Closings, choose_letters, drop_closed, is_closed
from consumers.replay.index import Index, Row
from consumers.replay.which import Which
from infra.clock import wall_clock_ms
from infra.database.closings import Closing, Discard, discard
from infra.database.engine import Database
from schemas.dead_letter import Letter

_ALL: Final = Which()


@click.group("dead-letters", invoke_without_command=True)
@choosing
@click.option("--all", "everything", is_flag=True, help="Also what has succeeded since, or was discarded.")
@json_option
@click.pass_context
def dead_letters(context: click.Context, which: Which, everything: bool, as_json: bool) -> None:
    """Show what failed, and why.

    Grouped by consumer and reason; with --json a line for each letter. `adjourn dead-letters show ID` shows
    one with its body, `adjourn dead-letters discard ID --why TEXT` closes what will never work.
    """
    if context.invoked_subcommand is None:
        run_async(_list(settings(), which, everything, as_json))


@dead_letters.command()
@click.argument("letter_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Only the body, its bytes as they came.")
@json_option
def show(letter_id: str, raw: bool, as_json: bool) -> None:
    """Show one dead letter: its headers, its error, its body.

    ID is what `adjourn dead-letters` prints, or the beginning of it, or the event's id. A body is shown as it
    came: it may hold links that open a recording.
    """
    run_async(_show(settings(), letter_id, raw, as_json))


@dead_letters.command("discard")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@choosing
@click.option("--why", required=True, metavar="TEXT", help="Kept, for whoever asks later.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def discard_letters(ids: tuple[str, ...], which: Which, why: str, yes: bool, as_json: bool) -> None:
    """Close what will never work.

    By their IDs, or all that the options choose. Discarded letters are kept: --all lists them, with the
    reason and when, and `adjourn replay --again` tries them all the same.
    """
    if bool(ids) == (which != _ALL):
        raise click.UsageError("Say which: IDs, or options that choose (--consumer, --kind, --error, …).")
    if not why.strip():
        raise click.UsageError("--why is for whoever asks later: say something.")
    run_async(_discard(settings(), ids, which, why.strip(), yes, as_json))


async def _list(configured: Settings, which: Which, everything: bool, as_json: bool) -> None:
    async with existing_log(configured) as log, existing_database(configured) as database:
        closings = closings_in(database)
        with Index() as index:
            await choose_letters(log, which, index)
            if not everything:
                await drop_closed(index, closings)
            if as_json:
                for rows in index.rows():
                    known = await _closed_by(rows, closings)
                    for row in rows:
                        print_json(_object(row.letter, known.get(row.place)))
                return
            groups = grouped(index.letters())
        for group in groups:
            await _print_group(group, closings)
    if groups:
        click.echo("`adjourn dead-letters show ID` shows one of them.")
        click.echo("When the cause is gone, `adjourn replay` tries again.")
    elif which != _ALL:
        click.echo("No open dead letters like that.")
    else:
        click.echo("No open dead letters: what came is done, or was discarded (--all lists it).")


async def _show(configured: Settings, letter_id: str, raw: bool, as_json: bool) -> None:
    async with existing_log(configured) as log, existing_database(configured) as database:
        letter, record = await found_letter(log, letter_id)
        closing = await _closing_of(letter, closings_in(database))
    if raw:
        sys.stdout.buffer.write(record.value)
    elif as_json:
        print_json(_object(letter, closing) | whole(record))
    else:
        for line in page(letter, record, _state(closing)):
            click.echo(line)


async def _discard(
    configured: Settings, ids: tuple[str, ...], which: Which, why: str, yes: bool, as_json: bool
) -> None:
    async with existing_log(configured) as log, existing_database(configured) as database:
        with Index() as index:
            if ids:
                for each in ids:
                    index.add(*await found_letter(log, each))
            else:
                await choose_letters(log, which, index)
            await drop_closed(index, closings_in(database))
            groups = grouped(index.letters())
            count = sum(group.count for group in groups)
            if count and not ids and not yes:
                _ask(groups, count)
            await _close(database, index, why, as_json)
    if not as_json:
        what = "1 dead letter" if count == 1 else f"{count} dead letters"
        click.echo(f"{what} discarded." if count else "No open dead letter is meant: nothing was discarded.")


def _ask(groups: Sequence[LetterGroup], count: int) -> None:
    if not sys.stdin.isatty():
        raise failed(f"Nobody is here to be asked whether to discard {count} dead letters: add --yes.")
    for group in groups:
        click.echo(f"  {group.count:>6}  {group.consumer}  {group.kind}  {visible(group.reason)}", err=True)
    if not click.confirm(f"Discard these {count} dead letters?", err=True):
        raise failed("Nothing was discarded.")


async def _close(database: Database, index: Index, why: str, as_json: bool) -> None:
    for rows in index.rows():
        now_ms = wall_clock_ms()
        closed = [
            Discard(row.letter.consumer, row.letter.outcome_id, why, max(now_ms, row.letter.time_ms + 1))
            for row in rows
        ]
        async with database.transaction() as tx:
            await discard(tx, closed)
        if as_json:
            for row, each in zip(rows, closed, strict=True):
                print_json(_object(row.letter, Closing(each.at_ms, why)))


async def _closed_by(rows: Sequence[Row], closings: Closings) -> Mapping[int, Closing]:
    """By the place of their row, what closed those that are closed."""
    found = {}
    for consumer in {row.letter.consumer for row in rows}:
        own = [row for row in rows if row.letter.consumer == consumer]
        known = await closings(consumer, {row.letter.outcome_id for row in own})
        for row in own:
            closing = known.get(row.letter.outcome_id)
            if closing is not None and is_closed(row.letter, closing):
                found[row.place] = closing
    return found


async def _closing_of(letter: Letter, closings: Closings) -> Closing | None:
    closing = (await closings(letter.consumer, [letter.outcome_id])).get(letter.outcome_id)
    return closing if is_closed(letter, closing) else None


def _object(letter: Letter, closing: Closing | None) -> dict[str, Any]:
    known = asdict(letter)
    buried_ms = known.pop("time_ms")
    closed = None if closing is None else "succeeded" if closing.why is None else "discarded"
    return {
        "id": letter.id,
        **known,
        "time": rfc3339(from_ms(buried_ms)),
        "closed": closed,
        "closed_at": None if closing is None else rfc3339(from_ms(closing.at_ms)),
        "why": None if closing is None else closing.why,
    }


def _state(closing: Closing | None) -> str:
    if closing is None:
        return "open"
    at = local_time(closing.at_ms / 1000)
    return f"done {at}" if closing.why is None else f"discarded {at}: {closing.why}"


async def _print_group(group: LetterGroup, closings: Closings) -> None:
    title = f"{group.consumer}  {group.kind}  {group.count} {'letter' if group.count == 1 else 'letters'}"
    click.echo(click.style(visible(title), bold=True))
    click.echo(f"  {visible(group.reason)}")
    for letter in group.last:
        closing = await _closing_of(letter, closings)
        state = "" if closing is None else f"  {_state(closing)}"
        words = f"{letter.id}  {letter.type}  {letter.key or 'no meeting'}{state}"
        click.echo(f"  {local_time(letter.time_ms / 1000)}  {visible(words)}")
    if group.count > len(group.last):
        click.echo(f"  and {group.count - len(group.last)} before these")
    click.echo()
