"""A record that waits: its turn comes again, and nothing counts as failed."""

from collections.abc import Sequence
from typing import cast

from consumers.base import Consumer, Services
from consumers.runner.attempt import Done, Waits, attempt
from consumers.runner.lanes import Turn
from consumers.runner.policy import RetryPolicy
from infra.errors import Later
from schemas.envelope import Record
from schemas.facts import Fact
from schemas.topics import EVENTS


async def test_however_often_it_waits_no_attempt_is_spent() -> None:
    waits = 50

    async def handle(record: Record, services: Services) -> Sequence[Fact]:
        nonlocal waits
        waits -= 1
        if waits:
            raise Later("not yet", 7)
        return ()

    async def publish(record: Record, fact: Fact) -> None:
        raise AssertionError("there is no fact")

    turn = Turn(Record(EVENTS, 0, 1, "key", 0, {}, b""))
    outcomes = [
        await attempt(
            Consumer("waits", (EVENTS,), handle),
            turn,
            cast("Services", None),
            policy=RetryPolicy(attempts=1, bug_attempts=1),
            publish=publish,
        )
        for _ in range(50)
    ]
    assert outcomes == [Waits(7, "not yet")] * 49 + [Done()]
    assert turn.attempts == 1
