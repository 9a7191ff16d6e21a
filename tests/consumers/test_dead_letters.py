from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.dead_letters import bury, grouped
from consumers.replay.choose import choose_letters, drop_closed
from consumers.replay.index import Index
from consumers.replay.which import Which
from consumers.runner.attempt import GaveUp
from infra.database.closings import Closing
from infra.eventlog.sqlite.log import SqliteLog
from schemas.dead_letter import Letter
from schemas.envelope import Record, rfc3339
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.consumers.running import append, opened_log, records

BURIED_MS = 1_767_323_045_678


async def letters_in(log: SqliteLog, which: Which = Which()) -> list[Letter]:  # noqa: B008
    with Index() as index:
        await choose_letters(log, which, index)
        return [*index.letters()]


async def buried(log: SqliteLog, record: Record, error: str = "gone", *, at_ms: int = BURIED_MS) -> None:
    await bury(log, "recordings", record, GaveUp("poison", error), attempts=1, now_ms=at_ms)


async def test_a_letter_buried_again_replaces_the_one_before_at_its_old_place(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        for event in ("e1", "e2"):
            await append(log, event, "m1")
        first, second = await records(log, WEBHOOKS)
        await buried(log, first)
        await buried(log, second)
        await buried(log, first, "gone for good", at_ms=BURIED_MS + 5)

        letters = await letters_in(log)
    assert [(letter.event_id, letter.error) for letter in letters] == [
        ("e1", "gone for good"),
        ("e2", "gone"),
    ]
    assert letters[0].time_ms == BURIED_MS + 5


async def test_two_deliveries_of_one_event_are_two_failures(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        await append(log, "e1", "m1")
        for record in await records(log, WEBHOOKS):
            await buried(log, record)

        assert len(await letters_in(log)) == 2


@pytest.mark.parametrize(("succeeded_ms", "is_open"), [(BURIED_MS - 1, True), (BURIED_MS + 1, False)])
async def test_a_later_success_of_its_consumer_closes_a_letter(
    tmp_path: Path, succeeded_ms: int, is_open: bool
) -> None:
    async def succeeded(consumer: str, ids: Collection[str]) -> Mapping[str, Closing]:
        return {"e1": Closing(succeeded_ms)} if consumer == "recordings" and "e1" in ids else {}

    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        (record,) = await records(log, WEBHOOKS)
        await buried(log, record)

        with Index() as index:
            await choose_letters(log, Which(), index)
            await drop_closed(index, succeeded)
            assert bool([*index.letters()]) is is_open


async def test_letters_of_one_consumer(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        (record,) = await records(log, WEBHOOKS)
        await buried(log, record)
        await bury(log, "transcripts", record, GaveUp("bug", "KeyError"), attempts=3, now_ms=BURIED_MS)

        (letter,) = await letters_in(log, Which(consumer="transcripts"))
    assert (letter.consumer, letter.kind, letter.attempts) == ("transcripts", "bug", 3)


async def test_a_letter_keeps_nothing_of_the_failure_before_it(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1")
        (record,) = await records(log, WEBHOOKS)
        bug = GaveUp("bug", "KeyError", traceback="where it was")
        await bury(log, "recordings", record, bug, attempts=3, now_ms=BURIED_MS)
        (first,) = await records(log, DEAD_LETTERS)
        await buried(log, first)
        _, second = await records(log, DEAD_LETTERS)
    assert first.headers["dl_traceback"] == "where it was"
    assert "dl_traceback" not in second.headers


async def test_what_is_no_letter_of_ours_is_passed_over(tmp_path: Path) -> None:
    async with opened_log(tmp_path) as log:
        await append(log, "e1", "m1", topic=DEAD_LETTERS)

        assert await letters_in(log) == []


def test_letters_are_grouped_by_what_they_have_in_common() -> None:
    letter = Letter("recordings", "poison", "", 1, BURIED_MS, "e", "t", "k", WEBHOOKS, 0, 1)
    errors = [
        "404 from https://a.example.com/1/video.mp4",
        "404 from https://a.example.com/2/video.mp4",
        "503 from https://a.example.com/3/video.mp4",
        "no bot 123e4567-e89b-12d3-a456-426614174000",
        "no bot 223e4567-e89b-12d3-a456-426614174000",
        "no bot 323e4567-e89b-12d3-a456-426614174000",
    ]

    groups = grouped([replace(letter, error=error) for error in errors])

    assert [(group.reason, group.count) for group in groups] == [
        ("no bot …", 3),
        ("404 from https://a.example.com/…", 2),
        ("503 from https://a.example.com/…", 1),
    ]


def test_times_are_rfc_3339_to_the_millisecond() -> None:
    assert rfc3339(BURIED_MS / 1000) == "2026-01-02T03:04:05.678Z"
