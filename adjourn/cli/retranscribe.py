"""`adjourn retranscribe ID`: have a meeting's transcript made once more."""

import time
import uuid
from datetime import UTC, datetime

import click

from adjourn.asking import existing_database
from adjourn.cli.lookup import only_meeting
from adjourn.cli.output import (
    failed,
    from_ms,
    json_option,
    local_time,
    print_json,
    run_async,
    settings,
    visible,
)
from adjourn.event_log import existing_log
from adjourn.senders.table import apis_of
from adjourn.settings import Settings
from infra.database.holdings import Key
from infra.database.retranscriptions import OPEN, retranscriptions_of
from schemas.envelope import event_headers, rfc3339
from schemas.facts import RETRANSCRIPTION_REQUESTED, Fact, RetranscriptionRequested
from schemas.topics import EVENTS


@click.command()
@click.argument("meeting_id", metavar="ID")
@click.option("--provider", "transcriber", help="Who is to make it, as the meeting's sender names them.")
@click.option("--language", help="What is spoken, as a tag (de); most providers find out by themselves.")
@json_option
def retranscribe(meeting_id: str, transcriber: str | None, language: str | None, as_json: bool) -> None:
    """Have a transcript made once more by the meeting's sender.

    It may cost money. What comes is a new version; older ones are kept. ADJOURN_RETRANSCRIBE_PROVIDER and
    _LANGUAGE count where nothing else is said. ID is the meeting's id, or PROVIDER/ID where two providers
    share one.
    """
    run_async(_retranscribe(settings(), meeting_id, transcriber, language, as_json))


async def _retranscribe(
    configured: Settings, wanted: str, transcriber: str | None, language: str | None, as_json: bool
) -> None:
    async with existing_database(configured) as database, database.reading() as tx:
        key = (await only_meeting(tx, wanted)).key
        decided = await retranscriptions_of(tx, *key)
    open_one = next((one for one in decided if one.stage in OPEN), None)
    if open_one is not None:
        raise failed(
            f"Another transcript was asked for at {local_time(from_ms(open_one.requested_ms))}, and is waited"
            f" for: `adjourn meeting {visible(wanted)}` shows how far it is."
        )
    if key[0] not in apis_of(configured):
        raise failed(
            f"There is no key to the API of {visible(key[0])}, which alone can do this: README says which of"
            f" the settings ADJOURN_{key[0].upper().replace('-', '_')}_… it is."
        )
    by, spoken = transcriber or configured.retranscribe_provider, language or configured.retranscribe_language
    fact = _request(key, by or None, spoken or None)
    async with existing_log(configured) as log:
        headers = event_headers(
            id=fact.id,
            source="/commands/retranscribe",
            type=fact.type,
            subject=fact.meeting_id,
            time=rfc3339(time.time()),
        )
        body = fact.body.model_dump_json().encode()
        await log.append(EVENTS, key=fact.meeting_id, value=body, headers=headers)
    if as_json:
        print_json({"request": fact.id, **fact.body.model_dump(mode="json")})
    else:
        click.echo(
            f"Asked for. Whoever runs `adjourn run` (or `consume`) now has {visible(key[0])} make another"
            " transcript, and stores it when it is there: that takes minutes.\n"
            f"`adjourn meeting {visible(wanted)}` shows how far it is."
        )


def _request(key: Key, transcriber: str | None, language: str | None) -> Fact:
    body = RetranscriptionRequested(
        provider=key[0],
        meeting_id=key[1],
        at=datetime.now(UTC),
        reason="hand",
        transcriber=transcriber,
        language=language,
    )
    return Fact(RETRANSCRIPTION_REQUESTED, *key, body, distinct=uuid.uuid4().hex)
