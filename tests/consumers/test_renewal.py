"""Links that die: when one does by its own words, and what the provider's API has to say then."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.observed import observed
from consumers.renewal import expires_soon, expiry_of, fresh_link
from infra.errors import Retryable
from infra.providers.base import DeletedUpstream, UnknownUpstream
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.open import open_providers
from schemas.envelope import Record
from schemas.meeting import Link
from tests.consumers.storing import Bench, opened_bench, webhook
from tests.servers.meeting_baas_api import KEY, MeetingBaasApi, serve_meeting_baas, too_many

SIGNED = 1_767_355_200  # 2026-01-02T12:00:00Z
DATE = "X-Amz-Date=20260102T120000Z"


@pytest.mark.parametrize(
    ("query", "expiry"),
    [
        (f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{DATE}&X-Amz-Expires=14400&X-Amz-Signature=f00", SIGNED + 14_400),
        ("x-amz-date=20260102T120000Z&x-amz-expires=60", SIGNED + 60),
        ("AWSAccessKeyId=A&Expires=1767355260&Signature=f00", SIGNED + 60),
        ("Expires=1767355260&X-Amz-Date=20260102T120000Z", None),
        (f"{DATE}&X-Amz-Expires=soon", None),
        (f"{DATE}&X-Amz-Expires=-1", None),
        (f"{DATE}&X-Amz-Expires=" + "9" * 400, None),
        ("X-Amz-Date=tomorrow&X-Amz-Expires=60", None),
        ("X-Amz-Date=99990102T120000Z&X-Amz-Expires=1e300", 1e300),
        ("Expires=never", None),
        ("&".join(f"a{number}=1" for number in range(200)) + "&Expires=1", None),
        ("", None),
    ],
)
def test_a_link_says_when_it_dies(query: str, expiry: float | None) -> None:
    assert expiry_of(f"https://bucket.example/v.mp4?{query}") == expiry


@pytest.mark.parametrize(
    "url", ["", "https://[broken/?Expires=1", "not a link", "https://x/" + "y" * 100_000]
)
def test_what_is_no_link_says_nothing(url: str) -> None:
    assert expiry_of(url) is None


@pytest.mark.parametrize(
    ("seconds_before_its_end", "soon"), [(3600, False), (300, False), (60, True), (0, True), (-86_400, True)]
)
def test_one_that_is_about_to_die_is_told_by_our_clock(seconds_before_its_end: int, soon: bool) -> None:
    link = Link("video", f"https://x/v?{DATE}&X-Amz-Expires=7200")
    now = SIGNED + 7200 - seconds_before_its_end
    assert expires_soon(link, now_seconds=lambda: now) is soon


def test_a_link_that_does_not_say_when_it_dies_never_dies_soon() -> None:
    assert not expires_soon(Link("video", "https://x/v"), now_seconds=lambda: 1e12)


@pytest.fixture
async def upstream() -> AsyncIterator[MeetingBaasApi]:
    async with serve_meeting_baas() as serving:
        yield serving


@pytest.fixture
async def bench(tmp_path: Path, upstream: MeetingBaasApi) -> AsyncIterator[Bench]:
    async with (
        opened_bench(tmp_path, {}) as bench,
        open_providers({"meeting-baas": open_meeting_baas(upstream.url, KEY)}) as providers,
    ):
        yield replace(bench, services=replace(bench.services, providers=providers))


V2 = webhook("bot.completed", {"bot_id": "bot-1", "video": "https://x/old"}, event="e", meeting="bot-1")
V1 = webhook("complete", {"bot_id": "bot-1", "mp4": "https://x/old"}, event="e", meeting="bot-1")


async def renewed(record: Record, bench: Bench, kind: str = "video") -> Link | None:
    seen = observed(record)
    assert seen is not None
    (link,) = seen.links
    return await fresh_link(link, seen, record.type, bench.services)


@pytest.mark.parametrize(("record", "field"), [(V1, "mp4"), (V2, "video")])
async def test_a_dead_link_has_a_fresh_one_at_the_provider(
    upstream: MeetingBaasApi, bench: Bench, record: Record, field: str
) -> None:
    upstream.has("bot-1", audio="/a", **{field: "/v"})
    fresh = await renewed(record, bench)
    assert fresh is not None
    assert (fresh.kind, fresh.url.partition("?")[0]) == ("video", f"{upstream.source}/v")
    assert not expires_soon(fresh)


async def test_without_a_key_no_link_is_renewed(bench: Bench) -> None:
    alone = replace(bench, services=replace(bench.services, providers={}))
    assert await renewed(V2, alone) is None


@pytest.mark.parametrize("record", [V1, V2])
async def test_a_file_that_the_provider_has_not_may_come_yet(
    upstream: MeetingBaasApi, bench: Bench, record: Record
) -> None:
    upstream.has("bot-1", audio="/a")
    with pytest.raises(Retryable, match="has no video of this meeting now"):
        await renewed(record, bench)


async def test_what_is_deleted_upstream_is_final_and_says_so(upstream: MeetingBaasApi, bench: Bench) -> None:
    upstream.has("bot-1", video="/v").artifacts_deleted = True
    with pytest.raises(DeletedUpstream, match=r"^Meeting BaaS has deleted the files of this meeting\.$"):
        await renewed(V2, bench)


@pytest.mark.parametrize("record", [V1, V2])
async def test_a_meeting_that_the_provider_does_not_know_is_final_too(bench: Bench, record: Record) -> None:
    with pytest.raises(UnknownUpstream, match="knows no such meeting"):
        await renewed(record, bench)


async def test_a_provider_that_is_asked_too_often_says_when_to_come_again(
    upstream: MeetingBaasApi, bench: Bench
) -> None:
    upstream.always = too_many(17)
    with pytest.raises(Retryable) as caught:
        await renewed(V2, bench)
    assert caught.value.after_seconds == 17


async def test_a_wrong_key_is_told_by_the_name_of_its_setting(upstream: MeetingBaasApi, bench: Bench) -> None:
    upstream.keys = {"another"}
    with pytest.raises(Retryable, match="ADJOURN_MEETING_BAAS_API_KEYS"):
        await renewed(V1, bench)
