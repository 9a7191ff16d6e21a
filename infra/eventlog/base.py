"""The log: what every implementation promises. `tests/contracts/test_eventlog*.py` test each promise."""

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from schemas.envelope import Headers, Record

MAX_RECORD_BYTES = 32 * 1024 * 1024
"""A record's value: a v1 `complete` carries the whole transcript."""

Start = Literal["earliest", "latest"]

Partition = tuple[str, int]
"""A topic and a number, as records have them."""


class EventLog(Protocol):
    def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> Awaitable[None]:
        """Return once the record is durable; it then survives kill -9 and a power cut.

        Appends of one key are in the order of their calls. Any text may be key or a header's value.
        Cancelling does not take a record back. Raises `LogUnavailable` when it cannot be durable (the record
        may or may not be there later), `ValueError` when it never will be: the value is over
        `MAX_RECORD_BYTES` or over what the topic takes, or the topic is none of ours.
        """

    def subscribe(
        self, topics: Sequence[str], group: str, *, start: Start = "earliest"
    ) -> AbstractAsyncContextManager["Subscription"]:
        """Read as a member of `group`, from what it committed last, or from `start` when it never did.

        One partition is read by one member of a group at a time; the others' `fetch` waits until it leaves or
        dies. "latest" begins after what is there when the block is entered.
        """

    def scan(
        self, topic: str, *, start: Start = "earliest", since_ms: int | None = None, follow: bool = False
    ) -> AsyncIterator[Record]:
        """What is there now, oldest first, then stop; with `follow`, go on with what comes. No group.

        `since_ms` leaves out what was appended before it. "latest" begins after what is there now.
        """

    async def backlog(self, topics: Sequence[str], group: str) -> int:
        """How many records the group has not committed."""

    async def probe(self) -> None:
        """Return if an append would succeed now. Leaves no record.

        Raises `LogUnavailable` where waiting may help, `Halt` with a sentence where only a person can.
        """

    async def degraded(self) -> Mapping[str, str]:
        """What is away although records are accepted, a sentence for each part. Never raises."""

    async def setup(self) -> None:
        """Create what is missing. Safe to repeat. Raises as `probe`."""

    async def close(self) -> None:
        """Let running appends finish, then let go of everything."""


class Subscription(Protocol):
    """Records of one key come in the order they were appended."""

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        """Wait until there is something, then return up to `max_records`; never empty.

        Where a topic has several partitions, nothing comes from those `without` which the caller can do.

        Nothing comes twice in one subscription, but for what `lost` told of. Cancelling is safe: what was not
        returned comes again. Fewer come when they are large, so that memory stays bounded. Raises
        `LogUnavailable`.
        """

    async def commit(self, *records: Record) -> None:
        """Each of these and all before it in its partition are done; durable on return.

        Committing something older than what is committed changes nothing, nor does committing what was
        fetched from a partition before it was lost. Raises `LogUnavailable`.
        """

    async def lost(self) -> Collection[Partition]:
        """Wait until partitions leave this member, and return them: another member is to read them.

        What was fetched from them and is not committed comes again, there or here. Calling it once more says
        that nobody works on that any longer: the other begins then, or after a few seconds all the same (at
        once if it was this member that could not be reached), and what comes back does not come before.
        Cancelling is safe. One caller at a time.
        """
