"""v1's `transcription_complete` says no more than that there is a transcript: the API has it."""

from dataclasses import replace

import pytest

from consumers import transcripts
from infra.errors import Poison, Retryable
from schemas.envelope import Record
from schemas.facts import TranscriptStored
from tests.consumers.retranscription.desk import BOT, V1, Desk
from tests.consumers.storing import webhook
from tests.servers.meeting_baas_api import status
from tests.servers.meeting_baas_transcribing import said


def _complete() -> Record:
    """All of one bot have the same id."""
    return webhook("transcription_complete", {"bot_id": BOT}, event="of this bot", meeting=BOT)


async def test_what_the_api_has_is_stored(desk: Desk) -> None:
    bot = await desk.ended(V1)
    bot.transcribing.transcripts = said("from the api")
    [fact] = await transcripts.handle(_complete(), desk.services)
    assert isinstance(fact.body, TranscriptStored)
    assert (fact.body.version, fact.body.words) == (1, 3)
    assert await desk.newest() == "from the api"


async def test_a_second_one_of_the_same_id_brings_another_version(desk: Desk) -> None:
    bot = await desk.ended(V1)
    bot.transcribing.transcripts = said("the first")
    await transcripts.handle(_complete(), desk.services)
    bot.transcribing.transcripts = said("the second")
    [fact] = await transcripts.handle(_complete(), desk.services)
    assert isinstance(fact.body, TranscriptStored)
    assert fact.body.version == 2
    assert await desk.newest() == "the second"


async def test_a_second_one_is_not_taken_for_done_while_the_api_is_away(desk: Desk) -> None:
    bot = await desk.ended(V1)
    bot.transcribing.transcripts = said("the first")
    await transcripts.handle(_complete(), desk.services)
    desk.upstream.always = status(503)
    with pytest.raises(Retryable):
        await transcripts.handle(_complete(), desk.services)


async def test_an_empty_one_is_stored_as_empty_and_replaces_no_words(desk: Desk) -> None:
    bot = await desk.ended(V1)
    [empty] = await transcripts.handle(_complete(), desk.services)
    assert isinstance(empty.body, TranscriptStored)
    assert empty.body.words == 0
    bot.transcribing.transcripts = said("some words")
    await transcripts.handle(_complete(), desk.services)
    bot.transcribing.transcripts = ()
    await transcripts.handle(_complete(), desk.services)
    assert await desk.newest() == "some words"


async def test_without_a_key_the_dead_letter_says_what_to_set(desk: Desk) -> None:
    await desk.ended(V1)
    with pytest.raises(Poison, match="ADJOURN_MEETING_BAAS_"):
        await transcripts.handle(_complete(), replace(desk.services, providers={}))
