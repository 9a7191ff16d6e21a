"""`adjourn transcript ID` and `adjourn search WORDS`: what was said."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_meeting
from adjourn.cli.output import failed, json_option, length, print_json, run_async, settings, visible
from adjourn.objects import objects_of
from adjourn.settings import Settings
from infra.database.search import search as search_segments
from schemas.captions import as_srt, as_text, as_vtt
from schemas.names import object_name
from schemas.transcript import Transcript

_FORMATS: Final[Mapping[str, Callable[[Transcript], str]]] = {"text": as_text, "vtt": as_vtt, "srt": as_srt}


@click.command()
@click.argument("meeting_id", metavar="ID")
@click.option("--format", "form", type=click.Choice([*_FORMATS, "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def transcript(meeting_id: str, form: str, as_json: bool) -> None:
    """Print a transcript: text, vtt, srt or json.

    The newest one of the meeting. ID is the meeting's id, or PROVIDER/ID where two providers share one.
    json is printed on one line.
    """
    run_async(_transcript(settings(), meeting_id, "json" if as_json else form))


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@json_option
def search(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find what was said, in all meetings.

    Every word must occur in what somebody said in one go, whatever its case and accents. Best match first.
    """
    run_async(_search(settings(), " ".join(words), limit, as_json))


async def _transcript(configured: Settings, wanted: str, form: str) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        meeting = (await only_meeting(tx, wanted)).meeting
    name = object_name(meeting.provider, meeting.meeting_id, "transcript.json")
    try:
        content = b"".join([chunk async for chunk in objects_of(configured).read(name)])
    except FileNotFoundError as error:
        raise failed(
            f"This meeting has no transcript. `adjourn meeting {visible(wanted)}` shows what it has."
        ) from error
    if form == "json":
        print_json(json.loads(content))
    else:
        click.echo(_FORMATS[form](Transcript.model_validate_json(content)), nl=False)


async def _search(configured: Settings, words: str, limit: int, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        hits = await search_segments(tx, words, limit=limit)
    for hit in hits:
        if as_json:
            print_json(asdict(hit))
        else:
            where = click.style(visible(f"{hit.provider}/{hit.meeting_id}"), dim=True)
            click.echo(
                f"{where}  {length(hit.start)}  {visible(hit.speaker or 'unknown')}: {visible(hit.text)}"
            )
    if not hits and not as_json:
        click.echo("Nobody said that in any transcript that is here.")
