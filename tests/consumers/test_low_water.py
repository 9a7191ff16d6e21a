from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.runner.low_water import LowWater
from schemas.envelope import Record


def _record(partition: int, offset: int) -> Record:
    return Record("meetings.webhooks", partition, offset, "", 0, {}, b"body")


@settings(deadline=None)
@given(st.data())
def test_the_mark_stands_before_the_first_that_is_not_done(data: st.DataObject) -> None:
    low_water = LowWater()
    fetched: dict[int, list[int]] = {0: [], 1: []}
    open_: dict[tuple[int, int], Record] = {}
    marks: dict[int, int] = {}
    for _ in range(data.draw(st.integers(0, 40))):
        finishes: bool = data.draw(st.booleans())
        if open_ and finishes:
            partition, offset = data.draw(st.sampled_from(sorted(open_)))
            low_water.done(open_.pop((partition, offset)))
        else:
            partition = data.draw(st.integers(0, 1))
            last = fetched[partition][-1] if fetched[partition] else 0
            offset = last + data.draw(st.integers(1, 3))
            fetched[partition].append(offset)
            open_[partition, offset] = _record(partition, offset)
            low_water.fetched(open_[partition, offset])
        marks |= {mark.partition: mark.offset for mark in low_water.advance()}
        for partition, offsets in fetched.items():
            first_open = min((offset for number, offset in open_ if number == partition), default=10**9)
            done = [offset for offset in offsets if offset < first_open]
            assert marks.get(partition) == (done[-1] if done else None)


def test_a_mark_is_told_once_and_holds_no_content() -> None:
    low_water, record = LowWater(), _record(0, 7)
    low_water.fetched(record)
    low_water.done(record)

    (mark,) = low_water.advance()

    assert (mark.topic, mark.partition, mark.offset, mark.value) == ("meetings.webhooks", 0, 7, b"")
    assert low_water.advance() == []


def test_what_was_fetched_before_a_partition_began_anew_is_not_committed() -> None:
    low_water, before, after = LowWater(), _record(0, 7), _record(0, 3)
    low_water.fetched(before)
    low_water.fetched(after)
    low_water.done(before)
    assert low_water.advance() == []

    low_water.done(after)

    assert [mark.offset for mark in low_water.advance()] == [3]
