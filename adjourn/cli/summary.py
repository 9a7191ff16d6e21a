"""`adjourn summary ID`: what a meeting came to."""

import time
import uuid

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_meeting
from adjourn.cli.output import failed, json_option, print_json, run_async, settings, visible
from adjourn.objects import objects_of
from adjourn.settings import Settings
from adjourn.wiring import opened
from consumers.summaries import summarise_again
from infra.database.holdings import Key
from schemas.envelope import event_headers, rfc3339
from schemas.names import object_name
from schemas.summary import SUMMARY_FILE
from schemas.summary_page import head_of
from schemas.topics import EVENTS


@click.command()
@click.argument("meeting_id", metavar="ID")
@click.option("--again", is_flag=True, help="Make it anew first, as ADJOURN_SUMMARY says; it may cost money.")
@json_option
def summary(meeting_id: str, again: bool, as_json: bool) -> None:
    """Print the summary of a meeting: Markdown.

    That of its newest transcript. ID is the meeting's id, or PROVIDER/ID where two providers share one.
    """
    run_async(_summary(settings(), meeting_id, again, as_json))


async def _summary(configured: Settings, wanted: str, again: bool, as_json: bool) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        meeting = (await only_meeting(tx, wanted)).meeting
    key = (meeting.provider, meeting.meeting_id)
    if again:
        await _again(configured, key)
    try:
        chunks = objects_of(configured).read(object_name(*key, SUMMARY_FILE))
        document = b"".join([chunk async for chunk in chunks])
    except FileNotFoundError as error:
        raise failed(
            f"This meeting has no summary. `adjourn meeting {visible(wanted)}` shows what it has; with a"
            " transcript, --again makes one."
        ) from error
    if as_json:
        head = head_of(document)
        print_json({**(head.model_dump(mode="json") if head else {}), "document": document.decode()})
    else:
        click.echo(document.decode(), nl=False)


async def _again(configured: Settings, key: Key) -> None:
    """The fact is told as a consumer would tell it, so that the manifest and subscribers follow."""
    if configured.summary == "off":
        raise failed("Summaries are off: set ADJOURN_SUMMARY=extractive or openai to have one made.")
    async with opened(configured) as parts:
        fact = await summarise_again(key, parts.services, cause=f"summary-{uuid.uuid4()}")
        if fact is None:
            raise failed("This meeting has no transcript that could be summarised.")
        headers = event_headers(
            id=fact.id,
            source="/commands/summary",
            type=fact.type,
            subject=fact.meeting_id,
            time=rfc3339(time.time()),
        )
        body = fact.body.model_dump_json().encode()
        await parts.log.append(EVENTS, key=fact.meeting_id, value=body, headers=headers)
