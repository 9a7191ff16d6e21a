"""Streams that come in a zip are stored one by one, whatever the zip is like."""

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumers.unpacking.consumer import handle
from infra.database.forgotten import forget
from infra.errors import Poison, Retryable
from schemas.envelope import Record
from schemas.facts import MEETING_COMPLETED
from schemas.names import object_name
from tests.consumers.storing import Bench, bodies, opened_bench
from tests.consumers.unpacking import (
    MEETING,
    OTHER_WEBM,
    WEBM,
    content,
    known,
    manifest,
    stored_zip,
    told,
    unpacked,
    zipped,
)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {}) as opened:
        yield opened


async def test_each_stream_is_stored_by_its_own_id_with_what_the_zip_says_of_them(
    bench: Bench,
) -> None:
    both = manifest("a1.webm", "b2.webm", b=None)

    facts = await unpacked(bench, zipped({"a1.webm": WEBM, "b2.webm": OTHER_WEBM, "a1.json": both}))

    told = bodies(facts)
    assert {name: one.media_type for name, one in told.items()} == {
        "stream-a1.webm": "video/webm",
        "stream-b2.webm": "audio/webm",
        "streams.json": "application/json",
    }
    assert {one.kind for one in told.values()} == {"stream"}
    assert {one.verified for one in told.values()} == {"length"}
    assert await content(bench, "stream-a1.webm") == WEBM
    assert await content(bench, "stream-b2.webm") == OTHER_WEBM
    assert await content(bench, "streams.json") == both
    assert set(await known(bench)) == set(told)


async def test_a_packed_zip_is_read_as_well(bench: Bench) -> None:
    await unpacked(bench, zipped({"a.webm": WEBM}, zipfile.ZIP_DEFLATED))

    assert await content(bench, "stream-a.webm") == WEBM


async def test_a_stream_that_is_larger_than_what_is_read_at_once_is_whole(bench: Bench) -> None:
    large = WEBM + bytes(range(256)) * 12_000

    await unpacked(bench, zipped({"a.webm": large, "b.webm": WEBM}))

    assert await content(bench, "stream-a.webm") == large


async def test_a_zip_that_is_told_of_again_stores_nothing_anew(bench: Bench) -> None:
    data = zipped({"a.webm": WEBM, "b.webm": OTHER_WEBM})

    first, again = await unpacked(bench, data), await unpacked(bench, data)

    assert first == again
    assert len([name async for name in bench.services.objects.list("")]) == 3


async def test_an_object_without_a_row_is_taken_for_the_stream_that_it_is(bench: Bench) -> None:
    """Its worker was killed between the two."""
    name = object_name(*MEETING, "stream-a.webm")
    await bench.services.objects.put(name, WEBM, media_type="video/webm")

    (fact,) = await unpacked(bench, zipped({"a.webm": WEBM}))

    assert set(bodies([fact])) == {"stream-a.webm"}


async def test_two_archives_of_a_session_are_kept_beside_each_other(bench: Bench) -> None:
    await unpacked(bench, zipped({"a.webm": WEBM, "a.json": manifest("a.webm")}))
    facts = await unpacked(bench, zipped({"a.webm": OTHER_WEBM, "a.json": manifest("a.webm", "b.webm")}))

    assert set(bodies(facts)) == {"stream-a.2.webm", "streams.2.json"}


def recordings_below(folder: Path) -> list[Path]:
    return list(folder.rglob("*.webm"))


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.webm",
        "/etc/evil.webm",
        "..\\..\\evil.webm",
        "C:\\evil.webm",
        "a/../../evil.webm",
        "..webm",
        ".webm",
        "%2e%2e%2fevil.webm",
        "e\x00vil.webm",
        "evil\n.webm",
        "ev:il*?.webm",
        "\u202eevil.webm",
        "é" * 200 + ".webm",
        "noextension",
    ],
)
async def test_no_name_leads_out_of_the_meetings_folder(bench: Bench, tmp_path: Path, name: str) -> None:
    facts = await unpacked(bench, zipped([(name, WEBM)]))

    (stored,) = bodies(facts)
    assert stored.startswith("stream-")
    assert "/" not in stored
    assert "\\" not in stored
    assert await content(bench, stored) == WEBM
    folder = tmp_path / "objects" / object_name(*MEETING, "")
    assert {path.parent for path in recordings_below(tmp_path)} == {folder}


async def test_two_files_of_one_name_are_both_kept(bench: Bench) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("a.webm", WEBM), ("a.webm", OTHER_WEBM), ("x/a.webm", WEBM + b"\0")])

    assert len(bodies(await unpacked(bench, data))) == 3


async def test_what_is_no_recording_is_passed_over(bench: Bench) -> None:
    others = {"readme.txt": b"hello", "page.html": b"<html>", "x.exe": b"MZ\0\1" * 50, "empty.webm": b""}

    assert list(await unpacked(bench, zipped(others))) == []


async def test_an_archive_in_which_nobody_was_recorded_has_no_streams(bench: Bench) -> None:
    assert list(await unpacked(bench, zipped({}))) == []


@pytest.mark.parametrize(
    "said", [b"{}", b"[]", b"{", b'{"files": 7}', b'{"files": [7, {"filename": 7}]}', b"{\xff"]
)
async def test_a_manifest_that_says_nothing_is_no_matter(bench: Bench, said: bytes) -> None:
    facts = await unpacked(bench, zipped({"a.webm": WEBM, "a.json": said}))

    assert "stream-a.webm" in bodies(facts)


@pytest.mark.parametrize("changed", [{"kind": "video"}, {"media_type": "application/json"}])
async def test_other_files_are_not_looked_into(bench: Bench, changed: dict[str, str]) -> None:
    assert await handle(told(b"PK", **changed), bench.services) == ()


async def test_other_facts_are_not_looked_into(bench: Bench) -> None:
    record = told(b"PK")
    other = Record(
        record.topic, 0, 1, record.key, 0, {**record.headers, "ce_type": MEETING_COMPLETED}, record.value
    )
    assert await handle(other, bench.services) == ()


async def test_a_zip_that_is_not_there_is_looked_for_again(bench: Bench) -> None:
    with pytest.raises(Retryable):
        await handle(told(b"PK"), bench.services)


async def test_nothing_of_a_meeting_that_was_forgotten_is_stored(bench: Bench) -> None:
    record = await stored_zip(bench, zipped({"a.webm": WEBM}))
    async with bench.services.database.transaction() as tx:
        await forget(tx, *MEETING, 1)

    assert await handle(record, bench.services) == ()
    assert [found.name async for found in bench.services.objects.list("")] == [
        object_name(*MEETING, "streams.zip")
    ]


async def test_a_fact_that_cannot_be_read_is_poison(bench: Bench) -> None:
    record = told(b"PK")
    broken = Record(record.topic, 0, 1, record.key, 0, record.headers, b'{"kind": "streams"}')
    with pytest.raises(Poison):
        await handle(broken, bench.services)
