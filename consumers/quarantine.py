"""What the receiver quarantined, judged again with the present code: what was too strict then may read it."""

from collections.abc import Sequence
from typing import Final

from consumers.base import Consumer, Services
from consumers.runner.patience import patiently
from consumers.runner.policy import RetryPolicy
from infra.errors import Poison
from infra.eventlog.base import EventLog
from schemas.dead_letter import original_headers
from schemas.envelope import Record, event_headers
from schemas.facts import Fact
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.providers import provider_of
from schemas.topics import DEAD_LETTERS, WEBHOOKS

RECEIVER: Final = "receiver"
"""The name under which the receiver buries."""


def receiver_again(log: EventLog, policy: RetryPolicy) -> Consumer:
    """A consumer of the receiver's letters: what is an event now goes to `meetings.webhooks`, its id kept.

    Its handler takes the letter itself, and raises `Poison` for what is still none.
    """

    async def accept(letter: Record, services: Services) -> Sequence[Fact]:
        provider = provider_of(letter)
        if provider is None:
            raise Poison(f"no sender is known whose events are called {letter.type}")
        try:
            identity = provider.identify(letter.value, letter.headers.get("dl_channel", ""))
        except (NotAnEvent, BrokenEvent) as error:
            raise Poison(str(error)) from error
        came_with = original_headers(letter.headers)
        headers = came_with | event_headers(
            id=letter.id,
            source=came_with.get("ce_source", f"/webhooks/{provider.name}"),
            type=f"{provider.name}.{identity.type}",
            subject=identity.key,
            time=identity.time or came_with.get("ce_time", ""),
            content_type=came_with.get("content-type", "application/json"),
        )
        await patiently(
            lambda: log.append(WEBHOOKS, key=identity.key, value=letter.value, headers=headers),
            policy,
            doing="accept",
        )
        return ()

    return Consumer(RECEIVER, (DEAD_LETTERS,), accept)
