"""What a replay reads goes on where it was when the log breaks off in the middle."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from consumers.replay.choose import choose_letters
from consumers.replay.index import Index
from consumers.replay.source import Bounds, Chosen
from consumers.replay.which import Which
from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS
from tests.replay.pipeline import Pipeline


@dataclass
class Breaking:
    """A log that breaks off its first scan after three records."""

    log: EventLog
    broken: bool = False

    async def scan(self, topic: str, *, since_ms: int | None = None) -> AsyncIterator[Record]:
        count = 0
        async for record in self.log.scan(topic, since_ms=since_ms):
            if count == 3 and not self.broken:
                self.broken = True
                raise LogUnavailable("the broker is away")
            count += 1
            yield record


async def test_each_record_comes_once_though_the_log_breaks_off_in_the_middle(p: Pipeline) -> None:
    wanted = [str(number) for number in range(8)]
    await p.fail(*[(each, "m1") for each in wanted])
    log = Breaking(p.log)
    with Index() as index:
        await choose_letters(p.log, Which(), index)
        source = Chosen(
            cast(EventLog, log), DEAD_LETTERS, index, "recordings", bounds=Bounds(), closings=p.closings
        )
        given = []
        while records := await source.fetch(100):
            given += [record.id for record in records]

    assert log.broken
    assert given == wanted
