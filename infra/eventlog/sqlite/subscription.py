"""A group's reading of a log in SQLite."""

import asyncio
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from infra.eventlog.base import Partition
from infra.eventlog.sqlite import tables
from infra.eventlog.sqlite.file import ConnectionThread
from infra.eventlog.sqlite.membership import Membership
from infra.eventlog.sqlite.news import News
from infra.eventlog.sqlite.writer import Writer
from schemas.envelope import Record


@dataclass(frozen=True, slots=True)
class _Place:
    """How far this subscription has read, by topic. Offsets mean something only in the log they come from."""

    log_id: int
    offsets: Mapping[str, int]
    not_joined: Sequence[str] = ()


class SqliteSubscription:
    """`starts` says after which offset a topic begins that the group never committed; 0 where absent."""

    def __init__(
        self,
        reader: ConnectionThread,
        writer: Writer,
        news: News,
        membership: Membership,
        *,
        topics: Sequence[str],
        group: str,
        starts: Mapping[str, int],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._news = news
        self._membership = membership
        self._topics = tuple(topics)
        self._group = group
        self._starts = starts
        self._place: _Place | None = None

    async def fetch(self, max_records: int, *, without: Collection[Partition] = ()) -> Sequence[Record]:
        """Topics have one partition here, which nobody can do without."""
        await self._membership.join()
        while True:
            seen = self._news.count
            place, records = await self._reader.run(lambda connection: self._read(connection, max_records))
            for topic in place.not_joined:
                # From here on, what this group has not committed is not trimmed.
                await self._writer.write(tables.JOIN, (self._group, topic))
            self._place = replace(place, not_joined=())
            if records:
                # The topic that came last comes first next time.
                self._topics = self._topics[-1:] + self._topics[:-1]
                return records
            await self._news.after(seen)

    async def commit(self, *records: Record) -> None:
        await asyncio.gather(
            *(
                self._writer.write(tables.COMMIT, (self._group, record.topic, record.offset))
                for record in records
            )
        )

    async def lost(self) -> Collection[Partition]:
        """Never: a member keeps its lock for as long as it lives."""
        await asyncio.Event().wait()
        return ()

    def _read(self, connection: sqlite3.Connection, max_records: int) -> tuple[_Place, list[Record]]:
        place = self._place
        log_id = tables.log_id(connection)
        if place is None or place.log_id != log_id:
            place = self._starting_place(connection, log_id)
        records: list[Record] = []
        offsets = dict(place.offsets)
        for topics_left, topic in zip(range(len(self._topics), 0, -1), self._topics, strict=True):
            fair_share = -(-(max_records - len(records)) // topics_left)
            found = tables.read(connection, topic, after=offsets[topic], max_records=fair_share)
            if found:
                offsets[topic] = found[-1].offset
                records += found
            if sum(len(record.value) for record in found) >= tables.READ_BYTES:
                break
        return replace(place, offsets=offsets), records

    def _starting_place(self, connection: sqlite3.Connection, log_id: int) -> _Place:
        committed = tables.committed(connection, self._group)
        starts = self._starts if self._place is None else {}
        offsets = {}
        for topic in self._topics:
            offset = committed.get(topic)
            offsets[topic] = starts.get(topic, 0) if offset is None else offset
        return _Place(log_id, offsets, [topic for topic in self._topics if topic not in committed])
