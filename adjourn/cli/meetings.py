"""`adjourn meetings` and `adjourn meeting ID`: what is known of the meetings."""

from collections.abc import Sequence
from typing import Final

import click

from adjourn.asking import existing_database
from adjourn.cli.copies import by_meeting
from adjourn.cli.lookup import only_meeting
from adjourn.cli.meeting_page import as_full_object, as_object, page, row, unverified_row
from adjourn.cli.output import json_option, print_json, print_table, run_async, settings
from adjourn.objects import objects_of
from adjourn.settings import Settings
from infra.clock import wall_clock_ms
from infra.database.downloads import all_downloads, downloads_of
from infra.database.events import timeline
from infra.database.failures import open_failures_of
from infra.database.meetings import MeetingOverview, list_meetings
from infra.database.retranscriptions import retranscriptions_of
from schemas.names import object_name

_COLUMNS: Final = (
    "last event",
    "meeting",
    "state",
    "length",
    "files",
    "failures",
    "known as",
    "on their way",
)

_SELDOM: Final = ("known as", "on their way")
"""Columns that are there only where one of them says something."""


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@click.option("--unverified", is_flag=True, help="Only those with a file that nothing proved complete.")
@json_option
def meetings(limit: int, unverified: bool, as_json: bool) -> None:
    """List meetings, newest first."""
    run_async(_meetings(settings(), limit, unverified, as_json))


@click.command()
@click.argument("meeting_id", metavar="ID")
@json_option
def meeting(meeting_id: str, as_json: bool) -> None:
    """Show a meeting: state, timeline, files, failures.

    ID is the meeting's id, or PROVIDER/ID where two providers share one.
    """
    run_async(_meeting(settings(), meeting_id, as_json))


async def _meetings(configured: Settings, limit: int, unverified: bool, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        found = await list_meetings(tx, limit=limit, unverified=unverified)
        downloads, now_ms = by_meeting(await all_downloads(tx)), wall_clock_ms()
    if as_json:
        for overview in found:
            print_json(as_object(overview, downloads.get(overview.key, ()), now_ms))
    elif unverified:
        _print_unverified(found)
    elif found:
        rows = [row(overview, downloads.get(overview.key, ()), now_ms) for overview in found]
        used = [
            at for at, name in enumerate(_COLUMNS) if name not in _SELDOM or any(cells[at] for cells in rows)
        ]
        print_table([_COLUMNS[at] for at in used], ([cells[at] for at in used] for cells in rows))
    else:
        click.echo("No meetings yet. `adjourn send` sends a sample.")


def _print_unverified(found: Sequence[MeetingOverview]) -> None:
    if not found:
        click.echo("Every stored file was proved complete.")
        return
    print_table(("last event", "meeting", "state", "not proved complete"), map(unverified_row, found))
    click.echo(
        "\nTheir sources said no length, and their formats do not show where they end: see whether their "
        "last minutes are there."
    )


async def _meeting(configured: Settings, wanted: str, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        overview = await only_meeting(tx, wanted)
        provider, meeting_id = overview.key
        events = await timeline(tx, provider, meeting_id)
        failures = await open_failures_of(tx, provider, meeting_id)
        downloads, now_ms = await downloads_of(tx, provider, meeting_id), wall_clock_ms()
        asked = await retranscriptions_of(tx, provider, meeting_id)
    objects, names = objects_of(configured), [one.name for one in overview.artifacts]
    urls = {name: objects.url(object_name(provider, meeting_id, name)) for name in names}
    if as_json:
        print_json(as_full_object(overview, events, failures, urls, downloads, asked, now_ms))
    else:
        click.echo("\n".join(page(overview, events, failures, urls, downloads, asked, now_ms)))
