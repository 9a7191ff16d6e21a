"""The log against a plain list, through appends, reads, commits, trims, power cuts and reopenings."""

import asyncio
import shutil
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infra.eventlog.base import Subscription
from infra.eventlog.sqlite.log import SqliteLog
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS, EVENTS, WEBHOOKS
from tests.infra.eventlog.conftest import everything

_GROUPS = {"one": (WEBHOOKS,), "two": (WEBHOOKS, EVENTS), "three": (EVENTS, DEAD_LETTERS)}
_RETENTION_DAYS = 30
_FOREVER_DAYS = 10_000
"""Trims come when the model says, never by themselves."""
_DAY_MS = 24 * 60 * 60 * 1000

topics = st.sampled_from([WEBHOOKS, EVENTS, DEAD_LETTERS])
groups = st.sampled_from(sorted(_GROUPS))
keys = st.sampled_from(["", "bot-1", "bot-2"])
sizes = st.sampled_from([0, 300, 17_000, 100_000])


@dataclass
class Entry:
    key: str
    value: bytes
    time_ms: int


@dataclass
class Reader:
    """A member of a group: what it has yet to be given, and what it was given."""

    block: AbstractAsyncContextManager[Subscription]
    subscription: Subscription
    positions: dict[str, int]
    given: list[Record] = field(default_factory=list)


class LogAgainstList(RuleBasedStateMachine):
    """Entries are counted from 0 in each topic; `committed` and `positions` count entries that are behind."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.lives = 0
        self.now_ms = 1_800_000_000_000
        self.entries: dict[str, list[Entry]] = {WEBHOOKS: [], EVENTS: [], DEAD_LETTERS: []}
        self.trimmed = dict.fromkeys(self.entries, 0)
        self.committed: dict[str, dict[str, int]] = {}
        self.offsets: dict[tuple[str, int], int] = {}
        self.readers: dict[str, Reader] = {}

    @initialize()
    def begin(self) -> None:
        self.log = self.open(self.new_folder())

    def teardown(self) -> None:
        self.let_go()
        self.runner.close()
        self.folder.cleanup()

    @rule(topic=topics, appends=st.lists(st.tuples(keys, sizes), min_size=1, max_size=6))
    def append_at_once(self, topic: str, appends: list[tuple[str, int]]) -> None:
        entries = [
            Entry(key, f"{topic} {len(self.entries[topic]) + n} ".encode() + bytes(size), self.now_ms)
            for n, (key, size) in enumerate(appends)
        ]
        self.entries[topic] += entries
        self.runner.run(self.append_all(topic, entries))

    @rule(group=groups)
    def join(self, group: str) -> None:
        if group in self.readers:
            return
        topics = _GROUPS[group]
        block = self.log.subscribe(topics, group)
        subscription = self.runner.run(block.__aenter__())
        behind = self.committed.get(group, {})
        self.readers[group] = Reader(
            block, subscription, {topic: max(behind.get(topic, 0), self.trimmed[topic]) for topic in topics}
        )

    @rule(group=groups, max_records=st.integers(1, 10))
    def fetch(self, group: str, max_records: int) -> None:
        reader = self.readers.get(group)
        if reader is None or not any(
            position < len(self.entries[topic]) for topic, position in reader.positions.items()
        ):
            return
        if not reader.given:
            self.committed.setdefault(group, {})
            for topic in reader.positions:  # it may have been trimmed before the group was known
                reader.positions[topic] = max(reader.positions[topic], self.trimmed[topic])
                self.committed[group].setdefault(topic, 0)
        records = self.runner.run(asyncio.wait_for(reader.subscription.fetch(max_records), 10))
        assert 1 <= len(records) <= max_records
        for record in records:
            self.assert_is_entry(record, reader.positions[record.topic])
            reader.positions[record.topic] += 1
        reader.given += records

    @rule(group=groups, which=st.integers(0, 1000))
    def commit(self, group: str, which: int) -> None:
        reader = self.readers.get(group)
        if reader is None or not reader.given:
            return
        record = reader.given[which % len(reader.given)]
        self.runner.run(reader.subscription.commit(record))
        behind = 1 + int(record.value.split(b" ")[1])
        committed = self.committed[group]
        committed[record.topic] = max(committed[record.topic], behind)

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        group = data.draw(st.sampled_from(sorted(self.readers)))
        self.runner.run(self.readers.pop(group).block.__aexit__(None, None, None))

    @rule()
    def reopen(self) -> None:
        folder = self.path.parent
        self.let_go()
        self.log = self.open(folder)

    @rule()
    def cut_the_power(self) -> None:
        """What a disk holds after it: the file and its write-ahead log, nothing that was only in memory."""
        folder = self.new_folder()
        for name in ("log.db", "log.db-wal"):
            shutil.copy(self.path.with_name(name), folder / name)
        self.let_go()
        self.log = self.open(folder)

    @rule(days=st.integers(0, 40))
    def let_time_pass(self, days: int) -> None:
        self.now_ms += days * _DAY_MS

    @rule()
    def trim(self) -> None:
        before_ms = self.now_ms - _RETENTION_DAYS * _DAY_MS
        self.runner.run(self.log.trim(before_ms + _FOREVER_DAYS * _DAY_MS))
        for topic, entries in self.entries.items():
            if topic != DEAD_LETTERS:
                readings = [behind[topic] for behind in self.committed.values() if topic in behind]
                deletable = min([len(entries) - 1, *readings])
                while self.trimmed[topic] < deletable and entries[self.trimmed[topic]].time_ms < before_ms:
                    self.trimmed[topic] += 1

    @invariant()
    def the_log_holds_what_the_list_holds(self) -> None:
        if not hasattr(self, "log"):
            return
        for topic, entries in self.entries.items():
            records = self.runner.run(everything(self.log, topic))
            assert len(records) == len(entries) - self.trimmed[topic]
            for index, record in enumerate(records, self.trimmed[topic]):
                self.assert_is_entry(record, index)

    @invariant()
    def backlogs_agree(self) -> None:
        if not hasattr(self, "log"):
            return
        for group, topics in _GROUPS.items():
            behind = self.committed.get(group, {})
            expected = sum(
                len(self.entries[topic]) - max(behind.get(topic, 0), self.trimmed[topic]) for topic in topics
            )
            assert self.runner.run(self.log.backlog(topics, group)) == expected

    def assert_is_entry(self, record: Record, index: int) -> None:
        entry = self.entries[record.topic][index]
        assert (record.key, record.value, record.time_ms) == (entry.key, entry.value, entry.time_ms)
        assert self.offsets.setdefault((record.topic, index), record.offset) == record.offset

    async def append_all(self, topic: str, entries: list[Entry]) -> None:
        await asyncio.gather(
            *(self.log.append(topic, key=entry.key, value=entry.value, headers={}) for entry in entries)
        )

    def open(self, folder: Path) -> SqliteLog:
        self.path = folder / "log.db"
        log = SqliteLog(self.path, retention_days=_FOREVER_DAYS, clock_ms=lambda: self.now_ms)
        self.runner.run(log.setup())
        return log

    def new_folder(self) -> Path:
        self.lives += 1
        folder = Path(self.folder.name) / str(self.lives)
        folder.mkdir()
        return folder

    def let_go(self) -> None:
        for reader in self.readers.values():
            self.runner.run(reader.block.__aexit__(None, None, None))
        self.readers.clear()
        self.runner.run(self.log.close())


TestLogAgainstList = LogAgainstList.TestCase
TestLogAgainstList.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,  # the disk decides
    suppress_health_check=[HealthCheck.too_slow],
)
