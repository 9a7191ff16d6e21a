"""`adjourn transcript ID` and `adjourn search WORDS`: what was said."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_meeting
from adjourn.cli.moments import MOMENT, last_moment, moment
from adjourn.cli.output import (
    failed,
    json_option,
    length,
    local_time,
    print_json,
    rfc3339,
    run_async,
    settings,
    visible,
)
from adjourn.objects import objects_of
from adjourn.settings import Settings
from infra.database.query import QUOTES, LongQuestion
from infra.database.scope import Only
from infra.database.search import Hit
from infra.database.search import search as search_segments
from schemas.captions import as_srt, as_text, as_vtt
from schemas.names import object_name
from schemas.providers import PROVIDERS
from schemas.transcript import Transcript

_FORMATS: Final[Mapping[str, Callable[[Transcript], str]]] = {"text": as_text, "vtt": as_vtt, "srt": as_srt}
_SHOWN_PEOPLE: Final = 4


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
@click.option("--since", metavar=MOMENT, callback=moment, help="Meetings since: a date, 7d, 12h.")
@click.option(
    "--until", metavar=MOMENT, callback=last_moment, help="Meetings until then; a date's day counts."
)
@click.option("--speaker", metavar="NAME", help="Said by one in whose name this occurs.")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), help="Of this sender's meetings.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@json_option
def search(words: tuple[str, ...], limit: int, as_json: bool, **only: Any) -> None:
    """Find what was said, in all meetings.

    Every word must occur in what somebody said in one go, whatever its case and accents. Words in quotes
    stand side by side, and a star ends the beginning of a word: adjourn search "budget review" 'invit*'.
    Best match first.
    """
    question = " ".join(map(_as_typed, words))
    run_async(_search(settings(), question, Only(**only), limit, as_json))


def _as_typed(argument: str) -> str:
    """With the quotes that the shell took: without any, it would have made several of one with a space."""
    return f'"{argument}"' if len(argument.split()) > 1 and not set(argument) & set(QUOTES) else argument


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


async def _search(configured: Settings, words: str, only: Only, limit: int, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        try:
            hits = await search_segments(tx, words, limit=limit, only=only)
        except LongQuestion as error:
            raise click.UsageError(str(error)) from error
    for hit in hits:
        if as_json:
            print_json({**asdict(hit), "at": rfc3339(hit.at)})
        else:
            click.echo(_line(hit))
    if not hits and not as_json:
        click.echo("Nobody said that in any transcript that is here.")


def _line(hit: Hit) -> str:
    meeting = [f"{hit.provider}/{hit.meeting_id}"]
    if hit.at is not None:
        meeting.append(local_time(hit.at))
    if hit.participants:
        meeting.append(_some(hit.participants))
    about = click.style(visible("  ".join(meeting)), dim=True)
    return f"{about}\n  {length(hit.start):>8}  {visible(hit.speaker or 'unknown')}: {visible(hit.text)}"


def _some(people: Sequence[str]) -> str:
    shown = ", ".join(people[:_SHOWN_PEOPLE])
    more = len(people) - _SHOWN_PEOPLE
    return f"{shown} and {more} more" if more > 0 else shown
