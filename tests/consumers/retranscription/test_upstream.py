"""A meeting is not deleted at its sender while that may yet be asked for another transcript."""

from dataclasses import replace

import pytest

from consumers import upstream
from consumers.retranscription.consumer import CONSUMER
from consumers.retranscription.policy import Wish
from infra.database.outcomes import record_successes
from infra.errors import Later
from tests.consumers.retranscription.desk import V2, Desk


async def test_while_another_transcript_is_waited_for_nothing_is_deleted(desk: Desk) -> None:
    await desk.ended(V2)
    [stored] = await desk.transcribed("a poor one")
    await desk.until_called(desk.by_hand())
    assert list(await upstream.handle(desk.record(stored), desk.services)) == []
    assert desk.upstream.asked("v2 delete-data") == 0
    assert desk.upstream.asked("v2 bot") == 1


async def test_until_the_policy_has_decided_nothing_is_deleted(desk: Desk) -> None:
    await desk.ended(V2)
    [stored] = await desk.transcribed("a good one")
    desk.wishes(Wish("missing"))
    record = desk.record(stored)
    with pytest.raises(Later):
        await upstream.handle(record, desk.services)
    async with desk.services.database.transaction() as tx:
        await record_successes(tx, CONSUMER.name, [(record.id, 1)])
    await upstream.handle(record, desk.services)
    without_policy = replace(desk.services, transcripts=Wish())
    await upstream.handle(record, without_policy)
