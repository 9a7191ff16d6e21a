"""`adjourn setup`: creates what is missing."""

import click

from adjourn.cli.output import json_option, print_json, run_async, settings
from adjourn.places import shown
from adjourn.settings import Settings
from adjourn.wiring import opened, set_up


@click.command()
@json_option
def setup(as_json: bool) -> None:
    """Create what is missing; safe to repeat."""
    configured = settings()
    run_async(_setup(configured))
    places = {
        "log": configured.log_url,
        "objects": configured.objects_url,
        "database": configured.database_url,
    }
    for part, url in places.items():
        if as_json:
            print_json({"part": part, "url": shown(url)})
        else:
            click.echo(f"{part:<8}  ready at {shown(url)}")


async def _setup(configured: Settings) -> None:
    async with opened(configured) as parts:
        await set_up(parts)
