"""A record that the main log never takes blocks nobody and is not lost."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from infra.eventlog.sqlite.log import SqliteLog
from schemas.dead_letter import letter_of, original_headers
from schemas.topics import DEAD_LETTERS, WEBHOOKS
from tests.infra.eventlog.spooling import Picky, Place, append, until


def takes_no_large_events(path: Path) -> Any:
    return Picky(SqliteLog(path), (WEBHOOKS,))


def takes_nothing_large(path: Path) -> Any:
    return Picky(SqliteLog(path), (WEBHOOKS, DEAD_LETTERS))


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    main = SqliteLog(place.main)
    await main.setup()
    await main.close()
    return place


def aside(place: Place) -> list[tuple[str, int, str]]:
    """Topic, number and reason of each."""
    with closing(sqlite3.connect(place.spool)) as connection:
        rows = connection.execute("SELECT topic, value, reason FROM aside").fetchall()
    return [(topic, int(value.split()[0]), reason) for topic, value, reason in rows]


@pytest.mark.parametrize("away", [True, False])
async def test_it_becomes_a_dead_letter_and_the_others_go_on(place: Place, away: bool) -> None:
    async with place.open(takes_no_large_events) as log:
        if away:
            with place.main_away():
                for number in range(5):
                    await append(log, number, padding=2000 if number == 2 else 0)
        else:
            for number in range(5):
                await append(log, number, padding=2000 if number == 2 else 0)
        await until(lambda: place.flag() == 0)

    assert await place.numbers() == [0, 1, 3, 4]
    (record,) = await place.in_main(DEAD_LETTERS)
    assert (record.key, record.value) == ("bot-1", b"2 " + bytes(2000))
    assert original_headers(record.headers) == {"ce_id": "2"}
    letter = letter_of(record)
    assert letter is not None
    assert (letter.consumer, letter.kind, letter.topic) == ("receiver", "invalid", WEBHOOKS)
    assert letter.error == "ValueError: 2002 bytes are over what the topic meetings.webhooks takes"


@pytest.mark.parametrize("away", [True, False])
async def test_it_is_set_aside_where_the_dead_letters_do_not_take_it_either(place: Place, away: bool) -> None:
    refused = REGISTRY.get_sample_value("adjourn_spool_refused_total") or 0
    with structlog.testing.capture_logs() as logged:
        async with place.open(takes_nothing_large) as log:
            if away:
                with place.main_away():
                    for number in range(5):
                        await append(log, number, padding=2000 if number == 2 else 0)
            else:
                for number in range(5):
                    await append(log, number, padding=2000 if number == 2 else 0)
            await until(lambda: place.flag() == 0)
            await until(lambda: REGISTRY.get_sample_value("adjourn_spool_aside") == 1)
            degraded = await log.degraded()

    assert await place.numbers() == [0, 1, 3, 4]
    assert await place.in_main(DEAD_LETTERS) == []
    assert aside(place) == [
        (WEBHOOKS, 2, "ValueError: 2002 bytes are over what the topic meetings.webhooks takes")
    ]
    assert REGISTRY.get_sample_value("adjourn_spool_refused_total") == refused + 1
    (told,) = [line for line in logged if line["event"] == "refused_by_log"]
    assert (told["log_level"], told["kept_in"], told["event_id"]) == ("error", "spool", "2")
    assert degraded["spool"].endswith("set aside: 1.")


async def test_a_dead_letter_that_is_refused_is_set_aside(place: Place) -> None:
    async with place.open(takes_nothing_large) as log:
        await log.append(DEAD_LETTERS, key="", value=b"7 " + bytes(2000), headers={"dl_kind": "poison"})

    assert [(topic, number) for topic, number, _ in aside(place)] == [(DEAD_LETTERS, 7)]


async def test_what_was_set_aside_comes_again_with_the_next_start(place: Place) -> None:
    async with place.open(takes_nothing_large) as log:
        await append(log, 1, padding=2000)
    assert await place.numbers() == []

    async with place.open():
        await until(lambda: not aside(place))
        await until(lambda: place.flag() == 0)

    (record,) = await place.in_main()
    assert (record.key, record.value, json.dumps(dict(record.headers))) == (
        "bot-1",
        b"1 " + bytes(2000),
        '{"ce_id": "1"}',
    )
