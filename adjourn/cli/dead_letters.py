"""`adjourn dead-letters`: what failed, and why."""

from dataclasses import asdict
from typing import Any

import click

from adjourn.asking import existing_database, successes_in
from adjourn.cli.output import json_option, local_time, print_json, run_async, settings, visible
from adjourn.event_log import existing_log
from adjourn.settings import Settings
from consumers.dead_letters import LetterGroup, all_letters, grouped, open_letters
from schemas.dead_letter import Letter
from schemas.envelope import rfc3339

_SHOWN_OF_A_GROUP = 3


@click.command("dead-letters")
@click.option("--all", "everything", is_flag=True, help="Also what has succeeded since.")
@json_option
def dead_letters(everything: bool, as_json: bool) -> None:
    """Show what failed, and why.

    Grouped by consumer and reason; with --json a line for each letter.
    """
    run_async(_dead_letters(settings(), everything, as_json))


async def _dead_letters(configured: Settings, everything: bool, as_json: bool) -> None:
    async with existing_log(configured) as log, existing_database(configured) as database:
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
    return known | {"time": rfc3339(known.pop("time_ms") / 1000)}


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
