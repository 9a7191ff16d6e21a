"""What `verify` finds of objects and rows that do not fit together, and what it takes for no fault."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from consumers.verify import Finding, verify
from infra.database.artifacts import add_artifact, artifacts_of
from infra.database.downloads import add_download
from infra.database.forgotten import forget
from infra.errors import Retryable
from infra.objects.base import ObjectStore
from tests.consumers.holding import (
    FILES,
    STORED_AT,
    artifact_of,
    copy_of,
    hold,
    manifest_of,
    name_of,
    replace_object,
)
from tests.consumers.storing import PROVIDER, Bench, opened_bench

VIDEO, AUDIO, MANIFEST = (name_of(file) for file in ("video.mp4", "audio.flac", "manifest.json"))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Of one meeting, two files are stored."""
    async with opened_bench(tmp_path, {}) as opened:
        await hold(opened.services.objects, opened.services.database)
        yield opened


async def findings(bench: Bench) -> dict[str, Finding]:
    """By name; each name once."""
    services = bench.services
    found = [each async for each in verify(services.objects, services.database, settle_seconds=0)]
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


async def verdicts(bench: Bench) -> dict[str, str]:
    return {name: each.verdict for name, each in (await findings(bench)).items()}


async def test_what_is_as_it_was_stored_is_well(bench: Bench) -> None:
    found = await findings(bench)
    assert {name: each.verdict for name, each in found.items()} == dict.fromkeys(
        (VIDEO, AUDIO, MANIFEST), "well"
    )
    assert found[VIDEO].sha256 == found[VIDEO].expected_sha256 == artifact_of("", FILES["video.mp4"]).sha256
    assert (found[VIDEO].provider, found[VIDEO].meeting_id) == (PROVIDER, "bot-1")


async def test_an_object_that_is_gone_is_missing(bench: Bench) -> None:
    await bench.services.objects.delete(VIDEO)
    found = await findings(bench)
    assert (found[VIDEO].verdict, found[VIDEO].size, found[VIDEO].expected_size) == (
        "missing",
        None,
        1_300_000,
    )
    assert found[AUDIO].verdict == found[MANIFEST].verdict == "well"


async def test_an_object_of_another_size_is_not_even_read(bench: Bench) -> None:
    await replace_object(bench.services.objects, VIDEO, FILES["video.mp4"][:-1])
    found = (await findings(bench))[VIDEO]
    assert (found.verdict, found.size, found.sha256) == ("wrong_size", 1_299_999, None)


async def test_one_byte_that_is_another_is_found(bench: Bench) -> None:
    await replace_object(bench.services.objects, VIDEO, b"W" + FILES["video.mp4"][1:])
    found = (await findings(bench))[VIDEO]
    assert found.verdict == "changed"
    assert found.sha256 != found.expected_sha256 == artifact_of("", FILES["video.mp4"]).sha256


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff", b'{"provider": "meeting-baas", "meeting_id": "bot-1", "artifacts": []}'],
)
async def test_a_manifest_that_says_anything_else_is_found(bench: Bench, content: bytes) -> None:
    await replace_object(bench.services.objects, MANIFEST, content)
    assert (await verdicts(bench))[MANIFEST] == "manifest"


async def test_a_manifest_of_another_meeting_is_found(bench: Bench) -> None:
    manifest = b"".join([chunk async for chunk in bench.services.objects.read(MANIFEST)])
    await replace_object(bench.services.objects, MANIFEST, manifest.replace(b"bot-1", b"bot-2"))
    assert (await verdicts(bench))[MANIFEST] == "manifest"


async def test_a_manifest_that_is_gone_is_found(bench: Bench) -> None:
    await bench.services.objects.delete(MANIFEST)
    assert (await verdicts(bench))[MANIFEST] == "manifest"


@pytest.mark.parametrize(
    ("name", "meeting"),
    [
        (name_of("video.2.mp4"), "bot-1"),
        (name_of("video.mp4", "bot-2"), "bot-2"),
        (name_of("manifest.json", "bot-2"), "bot-2"),
        (name_of("video.mp4", "a/b?"), "a/b?"),
        (name_of("video.mp4", ""), ""),
        ("meeting-baas/bot-1.txt", None),
        ("readme", None),
        ("meeting-baas/%FF/video.mp4", None),
        ("meeting-baas/a b/video.mp4", None),
    ],
)
async def test_an_object_that_no_row_tells_of_is_unknown(
    bench: Bench, name: str, meeting: str | None
) -> None:
    await replace_object(bench.services.objects, name, b"what")
    found = (await findings(bench))[name]
    assert (found.verdict, found.meeting_id, found.size) == ("unknown", meeting, 4)
    assert found.provider == (None if meeting is None else PROVIDER)


@pytest.mark.parametrize("meeting", ["a/../b", "..", "", "x" * 500, "ü" * 100, "a~b"])
async def test_ids_that_are_no_names_are_well(bench: Bench, meeting: str) -> None:
    await hold(bench.services.objects, bench.services.database, meeting)
    assert set((await verdicts(bench)).values()) == {"well"}


async def test_what_a_forgotten_meeting_left_is_told_from_what_nobody_knows(bench: Bench) -> None:
    async with bench.services.database.transaction() as tx:
        await forget(tx, PROVIDER, "bot-1", 1)
    assert set((await verdicts(bench)).values()) == {"forgotten"}


async def test_more_meetings_than_a_page_holds_are_all_looked_at(bench: Bench) -> None:
    services = bench.services
    async with services.database.transaction() as tx:
        for number in range(450):
            await add_artifact(tx, PROVIDER, f"none-{number}", artifact_of("video.mp4", b"gone"))
    found = await verdicts(bench)
    missing = [name for name, verdict in found.items() if verdict == "missing"]
    assert sorted(missing) == sorted(name_of("video.mp4", f"none-{number}") for number in range(450))


async def test_since_reads_what_was_stored_then_and_looks_into_no_other_folder(bench: Bench) -> None:
    services = bench.services
    later = STORED_AT + timedelta(days=1)
    await hold(services.objects, services.database, "bot-2", stored_at=later)
    for name in (VIDEO, name_of("other.txt"), "readme"):
        await replace_object(services.objects, name, b"broken")
    await replace_object(services.objects, name_of("left.mp4", "bot-2"), b"left")
    found = [
        each async for each in verify(services.objects, services.database, since=later, settle_seconds=0)
    ]
    assert {each.name: each.verdict for each in found} == {
        name_of("video.mp4", "bot-2"): "well",
        name_of("audio.flac", "bot-2"): "well",
        name_of("manifest.json", "bot-2"): "well",
        name_of("left.mp4", "bot-2"): "unknown",
    }


async def test_bytes_that_are_done_with_add_up_whatever_is_wrong(bench: Bench) -> None:
    services, counted = bench.services, 0

    def count(some: int) -> None:
        nonlocal counted
        counted += some

    await hold(services.objects, services.database, "bot-2")
    await services.objects.delete(VIDEO)
    await replace_object(services.objects, AUDIO, b"short")
    async for _ in verify(services.objects, services.database, settle_seconds=0, on_bytes=count):
        pass
    assert counted == 2 * sum(map(len, FILES.values()))


async def verdicts_while(bench: Bench, happens: Callable[[], Awaitable[None]]) -> dict[str, list[str]]:
    """What is found of each name when something happens between the first look and the one more."""
    found: dict[str, list[str]] = {}
    services = bench.services
    async for each in verify(services.objects, services.database, settle_seconds=0):
        if not found:  # what is well is told after the first look at its meeting
            await happens()
        found.setdefault(each.name, []).append(each.verdict)
    return found


async def test_what_is_stored_while_it_looks_is_no_fault(bench: Bench) -> None:
    """The object comes before its row, and the row before the manifest."""
    services, name = bench.services, name_of("video.2.mp4")
    await replace_object(services.objects, name, b"second")
    second = artifact_of("video.2.mp4", b"second")

    async def the_rest() -> None:
        async with services.database.transaction() as tx:
            await add_artifact(tx, PROVIDER, "bot-1", second)
            stored = await artifacts_of(tx, PROVIDER, "bot-1")
        await replace_object(services.objects, MANIFEST, manifest_of("bot-1", stored))

    found = await verdicts_while(bench, the_rest)
    assert found.pop(MANIFEST)[-1] == "well"
    assert found == {VIDEO: ["well"], AUDIO: ["well"], name: ["well"]}


async def test_what_is_replaced_while_it_looks_is_no_fault(bench: Bench) -> None:
    await replace_object(bench.services.objects, AUDIO, b"newer")

    async def the_rest() -> None:
        async with bench.services.database.transaction() as tx:
            await add_artifact(tx, PROVIDER, "bot-1", artifact_of("audio.flac", b"newer"))
            stored = await artifacts_of(tx, PROVIDER, "bot-1")
        await replace_object(bench.services.objects, MANIFEST, manifest_of("bot-1", stored))

    found = await verdicts_while(bench, the_rest)
    assert [found[name][-1] for name in (VIDEO, AUDIO, MANIFEST)] == ["well", "well", "well"]


async def test_what_is_forgotten_while_it_looks_is_no_fault(bench: Bench) -> None:
    objects = bench.services.objects
    await objects.delete(AUDIO)

    async def forgotten() -> None:
        async with bench.services.database.transaction() as tx:
            await forget(tx, PROVIDER, "bot-1", 1)
        for name in (VIDEO, MANIFEST):
            await objects.delete(name)

    found = await verdicts_while(bench, forgotten)
    assert {verdict for verdicts in found.values() for verdict in verdicts} == {"well"}


async def test_what_is_being_forgotten_while_it_looks_is_told_once(bench: Bench) -> None:
    await bench.services.objects.delete(AUDIO)

    async def rows_are_gone() -> None:
        async with bench.services.database.transaction() as tx:
            await forget(tx, PROVIDER, "bot-1", 1)

    assert await verdicts_while(bench, rows_are_gone) == {VIDEO: ["well"], MANIFEST: ["well"]}


async def test_a_file_that_has_its_name_before_its_row_is_no_fault(
    bench: Bench,
) -> None:
    name = name_of("video.2.mp4")
    await replace_object(bench.services.objects, name, b"whole")
    async with bench.services.database.transaction() as tx:
        await add_download(tx, copy_of("bot-1", name, whole=True))
    assert name not in await verdicts(bench)


async def test_a_store_that_breaks_off_twice_is_read_again(bench: Bench) -> None:
    flaky = cast(ObjectStore, Flaky(bench.services.objects, failures=2))
    found = [each async for each in verify(flaky, bench.services.database, settle_seconds=0)]
    assert {each.verdict for each in found} == {"well"}


async def test_a_store_that_stays_away_ends_it_with_its_own_words(bench: Bench) -> None:
    flaky = cast(ObjectStore, Flaky(bench.services.objects, failures=3))
    with pytest.raises(Retryable, match="the store does not answer"):
        [each async for each in verify(flaky, bench.services.database, settle_seconds=0)]


@dataclass
class Flaky:
    """A store that breaks off its first so many readings of the video in their middle."""

    objects: ObjectStore
    failures: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.objects, name)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        async for chunk in self.objects.read(name):
            yield chunk
            if name == VIDEO and self.failures:
                self.failures -= 1
                raise Retryable("the store does not answer")
