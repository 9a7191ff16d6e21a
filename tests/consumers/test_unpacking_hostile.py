"""Zips that are broken, that lie, or that would fill the disk."""

import asyncio
import struct
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumers.unpacking.consumer import handle
from infra.errors import Poison
from schemas.names import object_name
from tests.consumers.storing import Bench, bodies, opened_bench
from tests.consumers.unpacking import MEETING, OTHER_WEBM, WEBM, known, told, unpacked, zipped

MIB = 1024 * 1024


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened_bench(tmp_path, {}) as opened:
        yield opened


RIGHT = zipped({"a.webm": WEBM, "b.webm": OTHER_WEBM})
NOT_ZIPS = {
    "nothing": b"",
    "a page": b"<html>" * 100,
    "only the beginning": RIGHT[:1000],
    "without its end": RIGHT[:-30],
    "an end of nothing": b"PK\x05\x06" + bytes(4) + b"\xff" * 14,
    "a directory elsewhere": RIGHT[:-6] + struct.pack("<I", 1 << 31) + RIGHT[-2:],
}


@pytest.mark.parametrize("data", NOT_ZIPS.values(), ids=NOT_ZIPS.keys())
async def test_what_is_no_zip_is_poison(bench: Bench, data: bytes) -> None:
    with pytest.raises(Poison, match="cannot be read"):
        await unpacked(bench, data)
    assert await known(bench) == {}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_a_stream_whose_bytes_were_changed_is_the_only_one_not_stored(
    bench: Bench, method: int
) -> None:
    data = bytearray(zipped({"a.webm": WEBM, "b.webm": OTHER_WEBM}, method))
    data[2000] ^= 0xFF

    with pytest.raises(Poison, match="1 of 2 files") as caught:
        await unpacked(bench, bytes(data))

    assert set(bodies(caught.value.facts)) == {"stream-b.webm"} == set(await known(bench))
    assert len(await bench.stored()) == 2


async def test_an_encrypted_stream_is_not_stored(bench: Bench) -> None:
    data = bytearray(zipped({"a.webm": WEBM}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + flags] |= 1

    with pytest.raises(Poison):
        await unpacked(bench, bytes(data))
    assert await known(bench) == {}


async def test_a_way_of_packing_that_nobody_knows_is_poison(bench: Bench) -> None:
    data = bytearray(zipped({"a.webm": WEBM}))
    for header, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(header) + method] = 99

    with pytest.raises(Poison):
        await unpacked(bench, bytes(data))


async def test_a_bomb_is_not_unpacked(bench: Bench) -> None:
    data = zipped({"a.webm": WEBM + bytes(80 * MIB)}, zipfile.ZIP_DEFLATED)
    assert len(data) < 200_000

    with pytest.raises(Poison, match="would become"):
        await unpacked(bench, data)
    assert len(await bench.stored()) == 1


async def test_a_bomb_that_says_it_is_small_ends_where_it_says(bench: Bench) -> None:
    data = bytearray(zipped({"a.webm": WEBM + bytes(80 * MIB)}, zipfile.ZIP_DEFLATED))
    for header, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(header) + size
        data[at : at + 4] = struct.pack("<I", 100_000)

    with pytest.raises(Poison):
        await unpacked(bench, bytes(data))
    assert len(await bench.stored()) == 1


async def test_streams_that_share_their_bytes_are_not_unpacked(bench: Bench) -> None:
    """One file, and a directory that names it a thousand times."""
    data = zipped({"a.webm": WEBM})
    begin = data.index(b"PK\x01\x02")
    entry = data[begin : data.index(b"PK\x05\x06")]
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, 1000 * len(entry), begin, 0)

    with pytest.raises(Poison, match="several names"):
        await unpacked(bench, data[:begin] + entry * 1000 + end)


async def test_more_files_than_any_meeting_has_streams_are_not_unpacked(bench: Bench) -> None:
    with pytest.raises(Poison, match="5001 files"):
        await unpacked(bench, zipped({f"{number}.webm": b"" for number in range(5001)}))


async def test_a_directory_of_many_megabytes_is_not_read(bench: Bench) -> None:
    filler = bytes(20 * MIB)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(filler), 0, 0)

    with pytest.raises(Poison, match="directory is too large"):
        await unpacked(bench, filler + end)


async def test_a_manifest_of_many_megabytes_is_no_manifest(bench: Bench) -> None:
    facts = await unpacked(bench, zipped({"a.webm": WEBM, "a.json": b" " * (17 * MIB)}))

    assert set(bodies(facts)) == {"stream-a.webm"}


async def test_memory_stays_the_same_however_large_a_stream_is(bench: Bench) -> None:
    size = large_zip(bench.root / object_name(*MEETING, "streams.zip"))
    tracemalloc.start()
    try:
        (fact,) = await handle(told(b"", size=size), bench.services)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert size > 100 * MIB
    assert bodies([fact])["stream-a.webm"].size > 100 * MIB
    assert peak < 20 * MIB


def large_zip(path: Path) -> int:
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.webm", "w") as stream:
        stream.write(WEBM)
        for _ in range(100):
            stream.write(bytes(MIB))
    return path.stat().st_size


async def test_whoever_is_stopped_leaves_nothing_half_stored(bench: Bench) -> None:
    task = asyncio.create_task(unpacked(bench, zipped({"a.webm": WEBM + bytes(60 * MIB)})))
    async with asyncio.timeout(30):
        while not _began(bench.root):
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert await known(bench) == {}
    assert [name for name in await bench.stored() if "stream-" in name] == []


def _began(root: Path) -> bool:
    return any(path.is_file() for path in (root / ".uploads").rglob("*"))
