"""A log that goes on accepting while another is away: what that one does not take waits on disk, in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog

from infra.clock import wall_clock_ms
from infra.errors import Halt, LogUnavailable
from infra.eventlog.base import MAX_RECORD_BYTES, EventLog, Start, Subscription
from infra.eventlog.spool.drain import AWAY, Drain, MainLogAway, begun
from infra.eventlog.spool.file import SpoolFile
from infra.eventlog.spool.flag import SharedByte
from infra.eventlog.spool.writer import Event, SpoolWriter
from infra.eventlog.sqlite.file import path_at
from schemas.envelope import Headers, Record
from schemas.topics import TOPICS

log = structlog.get_logger()

_LOOK_SECONDS: Final = 0.25
"""So soon after the main log's return draining begins."""


def open_spooled(main: EventLog, url: str) -> "SpooledLog":
    """`sqlite:///relative/file.db` or `sqlite:////absolute/file.db`. No file is touched yet.

    Raises `ValueError`, with a sentence that says what to write, when the URL names no file.
    """
    path = path_at(url)
    if path is None:
        raise ValueError(
            "The spool's URL must look like sqlite:///var/spool.db (four slashes for an absolute path)."
        )
    return SpooledLog(main, SpoolFile(path))


class SpooledLog:
    """Appends go to `main`, and while it is away to a file on this machine's disk, from which they follow.

    When `main` fails an append, it must fail those of the same key that were begun after it.

    A key's records come to `main` in the order of their appends, whichever process of this machine took them:
    as long as anything waits in the file, whatever is new goes there too. Some come twice: what was under way
    when `main` failed, and what a process had handed over when it was killed. Appending raises
    `LogUnavailable` when neither can take a record.

    Reading is reading `main`: what waits in the file is not yet there.
    """

    def __init__(
        self, main: EventLog, spool: SpoolFile, *, clock_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self._main = main
        self._spool = spool
        self._clock_ms = clock_ms
        self._drain = Drain(main, spool, clock_ms)
        self._writer = SpoolWriter(spool, needed=self._is_needed, elsewhere=self._send, clock_ms=clock_ms)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flag: SharedByte = bytearray(1)
        self._away = ""  # why this process sends nothing to the main log now
        self._back = False  # whether it has answered since records must go to the spool
        self._halt = ""  # what a person must do about it
        self._unusable = ""  # why the spool cannot be used now
        self._under_way: dict[asyncio.Future[None], Event] = {}
        self._refusing: set[asyncio.Task[None]] = set()
        self._tending: asyncio.Task[None] | None = None

    def append(self, topic: str, *, key: str, value: bytes, headers: Headers) -> "asyncio.Future[None]":
        loop = self._loop or self._begin()
        if len(value) > MAX_RECORD_BYTES:
            raise ValueError(f"a record of {len(value)} bytes is over {MAX_RECORD_BYTES}")
        if topic not in TOPICS:
            raise ValueError(f"there is no topic {topic!r}: it is one of {', '.join(TOPICS)}")
        event = Event(topic, key, value, headers, loop.create_future())
        if self._flag[0] or self._away or self._writer.running:
            self._detour(event)
        else:
            self._send(event)
        return event.done

    def subscribe(
        self, topics: Sequence[str], group: str, *, start: Start = "earliest"
    ) -> AbstractAsyncContextManager[Subscription]:
        return self._main.subscribe(topics, group, start=start)

    def scan(
        self, topic: str, *, start: Start = "earliest", since_ms: int | None = None, follow: bool = False
    ) -> AsyncIterator[Record]:
        return self._main.scan(topic, start=start, since_ms=since_ms, follow=follow)

    async def backlog(self, topics: Sequence[str], group: str) -> int:
        return await self._main.backlog(topics, group)

    async def probe(self) -> None:
        """As long as one of both takes records. A `Halt` is raised by the first call of all only: that is a
        start, and what a person must do should be known before there are events."""
        starting = self._loop is None
        self._begin()
        await self._look_for_spool()
        if not self._is_needed():
            try:
                await self._main.probe()
            except LogUnavailable as exc:
                self._turn_away(exc)
            except Halt:
                if starting:
                    raise
            else:
                return
        await self._spool.probe()

    async def degraded(self) -> dict[str, str]:
        """What is away although records are accepted, a sentence for each part. Never raises."""
        away = (self._halt or self._away).rstrip(".") if self._away else ""
        try:
            await self._spool.probe()
            content = await self._spool.content()
        except LogUnavailable as exc:
            if away:
                return {"log": f"Away: {away}.", "spool": f"Events are refused: {exc}."}
            return {"spool": f"If the log were away, events would be refused: {exc}."}
        parts = {}
        if away:
            parts["log"] = f"Away, with {content.records} in the spool: {away}."
        elif content.records and self._back:
            parts["log"] = f"Back, with {content.records} still in the spool."
        elif content.records:
            parts["log"] = f"Events that wait in the spool until the log takes them: {content.records}."
        if away and self._writer.refusal:
            parts["spool"] = f"The last event was refused: {self._writer.refusal}."
        elif content.aside:
            parts["spool"] = f"Refused by the log for what they are, and set aside: {content.aside}."
        return parts

    async def setup(self) -> None:
        """Raises as `main.setup` does, for then something may be missing; records are taken all the same."""
        self._begin()
        await self._spool.probe()
        await self._main.setup()

    async def close(self) -> None:
        """Draining stops at once: what waits in the file follows after the next start."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait([self._tending])
        while running := self._running():
            await asyncio.wait(running)
            await asyncio.sleep(0)  # until what follows from it has begun
        await self._main.close()
        self._flag = bytearray(1)
        await self._spool.close()

    def _begin(self) -> asyncio.AbstractEventLoop:
        """At the first call, for a log is made before there is a loop."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            try:
                self._spool.open()
            except LogUnavailable as exc:
                self._miss_spool(exc)
            self._flag = self._spool.flag.byte
            self._tending = self._loop.create_task(self._tend())
        return self._loop

    def _running(self) -> list[asyncio.Future[None]]:
        running = [*self._under_way, *self._refusing]
        if self._writer.running is not None:
            running.append(self._writer.running)
        return running

    def _is_needed(self) -> bool:
        """Whether records must go to the spool now. Also asked by the thread that writes them there."""
        return bool(self._away) or self._flag[0] != 0

    def _send(self, event: Event) -> None:
        """To the main log."""
        sent = begun(self._main, event.topic, event.key, event.value, event.headers)
        self._under_way[sent] = event
        sent.add_done_callback(self._sent)

    def _sent(self, sent: "asyncio.Future[None]") -> None:
        error = LogUnavailable("it was cancelled") if sent.cancelled() else sent.exception()
        if error is not None and sent in self._under_way and isinstance(error, AWAY):
            self._turn_away(error)
            self._turn_back()
            return
        event = self._under_way.pop(sent, None)
        if event is None:
            return  # too late: it waits in the spool
        if error is None:
            event.succeed()
        else:
            refusing = asyncio.get_running_loop().create_task(self._refuse(event, error))
            self._refusing.add(refusing)
            refusing.add_done_callback(self._refusing.discard)

    async def _refuse(self, event: Event, error: BaseException) -> None:
        try:
            await self._drain.refuse(event.record(self._clock_ms()), error)
        except MainLogAway:
            self._detour(event)  # and from there it comes to be refused again
        except Exception as exc:
            event.fail(exc)
        else:
            event.succeed()

    def _detour(self, event: Event) -> None:
        """To the spool; before it what is under way, which else would be overtaken there."""
        self._turn_back()
        self._writer.write(event)

    def _turn_back(self) -> None:
        under_way, self._under_way = self._under_way, {}
        for sent, event in under_way.items():
            if sent.done() and not sent.cancelled() and sent.exception() is None:
                event.succeed()
            else:
                self._writer.write(event)

    async def _tend(self) -> None:
        while True:
            try:
                await self._look_for_spool()
                await self._look_for_main()
            except Exception as bug:
                log.exception("spool_not_tended", error=type(bug).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look_for_spool(self) -> None:
        try:
            await self._spool.prepare()
            await self._drain.measure()
        except LogUnavailable as exc:
            self._miss_spool(exc)
        else:
            self._flag, self._unusable = self._spool.flag.byte, ""

    async def _look_for_main(self) -> None:
        """Ask while it is away, and drain the spool into it as soon as it is back."""
        if self._is_needed():
            try:
                await self._main.probe()
            except LogUnavailable as exc:
                self._turn_away(exc)
                return
            except Halt as exc:
                self._tell_of(exc)  # some records it may take all the same
            else:
                self._away = self._halt = ""
                self._back = True
        else:
            self._back = False
        if self._flag[0] and self._spool.flag.lead():
            try:
                count = await self._drain.run()
            except MainLogAway as exc:
                self._turn_away(exc)
            except LogUnavailable as exc:
                log.warning("draining_interrupted", reason=str(exc))
            else:
                self._away = ""
                if count:
                    log.info("drained", records=count)
                await self._spool.settle()
        elif self._spool.leftovers:
            await self._spool.settle()

    def _turn_away(self, error: BaseException) -> None:
        if not self._away:
            log.warning("spooling", reason=str(error))
        self._away, self._back = str(error) or type(error).__name__, False

    def _tell_of(self, halt: Halt) -> None:
        """Once: it stays until a person does something."""
        if str(halt) != self._halt:
            log.error("log_needs_someone", reason=str(halt))
        self._halt = str(halt)

    def _miss_spool(self, error: LogUnavailable) -> None:
        """Go on without it: what it holds may be overtaken, but nothing that `main` takes is refused."""
        if not self._unusable:
            log.error("spool_unusable", reason=str(error))
        self._unusable = str(error)
        self._flag = bytearray(1)
