"""`adjourn meetings` and `adjourn meeting ID`: what is known of the meetings."""

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_meeting
from adjourn.cli.meeting_page import as_full_object, as_object, page, row
from adjourn.cli.output import json_option, print_json, print_table, run_async, settings
from adjourn.objects import objects_of
from adjourn.settings import Settings
from infra.database.events import timeline
from infra.database.failures import open_failures_of
from infra.database.meetings import list_meetings
from schemas.names import object_name


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@json_option
def meetings(limit: int, as_json: bool) -> None:
    """List meetings, newest first."""
    run_async(_meetings(settings(), limit, as_json))


@click.command()
@click.argument("meeting_id", metavar="ID")
@json_option
def meeting(meeting_id: str, as_json: bool) -> None:
    """Show a meeting: state, timeline, files, failures.

    ID is the meeting's id, or PROVIDER/ID where two providers share one.
    """
    run_async(_meeting(settings(), meeting_id, as_json))


async def _meetings(configured: Settings, limit: int, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        found = await list_meetings(tx, limit=limit)
    if as_json:
        for overview in found:
            print_json(as_object(overview))
    elif found:
        print_table(("last event", "meeting", "state", "length", "files", "failures"), map(row, found))
    else:
        click.echo("No meetings yet. `adjourn send` sends a sample.")


async def _meeting(configured: Settings, wanted: str, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        overview = await only_meeting(tx, wanted)
        provider, meeting_id = overview.meeting.provider, overview.meeting.meeting_id
        events = await timeline(tx, provider, meeting_id)
        failures = await open_failures_of(tx, provider, meeting_id)
    objects, names = objects_of(configured), [one.name for one in overview.artifacts]
    urls = {name: objects.url(object_name(provider, meeting_id, name)) for name in names}
    if as_json:
        print_json(as_full_object(overview, events, failures, urls))
    else:
        click.echo("\n".join(page(overview, events, failures, urls)))
