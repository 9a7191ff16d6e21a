"""Recordings whose links have died, or say that they have: fetched by fresh ones from the provider's API."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.errors import Poison, Retryable
from infra.providers.meeting_baas import open_meeting_baas
from infra.providers.open import open_providers
from schemas.envelope import Record
from tests.consumers.storing import VIDEO, Bench, opened_bench, webhook
from tests.consumers.transcribing import output, stored_transcript, transcribe
from tests.servers import media
from tests.servers.meeting_baas_api import (
    KEY,
    Answer,
    MeetingBaasApi,
    dropped,
    serve_meeting_baas,
    status,
    too_many,
)

FINALS = {"v1": ("complete", "mp4"), "v2": ("bot.completed", "video")}


@dataclass(frozen=True, slots=True)
class Renewing:
    """`/old` is where the webhook's link leads, `/v` where the provider's fresh ones do."""

    bench: Bench
    api: MeetingBaasApi
    version: str

    def webhook(self, signed_ago_seconds: float = 60) -> Record:
        """Its link lives for two hours from when it was signed, by its own words."""
        name, field = FINALS[self.version]
        signed = datetime.fromtimestamp(time.time() - signed_ago_seconds, UTC).strftime("%Y%m%dT%H%M%SZ")
        link = f"{self.bench.source.url}/old?X-Amz-Date={signed}&X-Amz-Expires=7200&X-Amz-Signature=f00"
        return webhook(name, {"bot_id": "bot-1", field: link}, event="event-1", meeting="bot-1")

    async def stores(self, record: Record) -> None:
        await self.bench.handle(record)
        assert await self.bench.content("video.mp4") == VIDEO

    def asked(self) -> tuple[int, int, int]:
        """How often the old link was followed, the provider asked, and a fresh link followed."""
        source = self.bench.source
        return source.asked("/old"), len(self.api.calls), source.asked("/v")


@pytest.fixture(params=["v1", "v2"])
async def renewing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Renewing]:
    answers = {"/old": media.whole(VIDEO), "/v": media.whole(VIDEO)}
    async with opened_bench(tmp_path, answers) as bench, serve_meeting_baas(bench.source.url) as api:
        api.has("bot-1", **{FINALS[request.param][1]: "/v"})
        async with open_providers({"meeting-baas": open_meeting_baas(api.url, KEY)}) as providers:
            services = replace(bench.services, providers=providers)
            yield Renewing(replace(bench, services=services), api, request.param)


@pytest.mark.parametrize("code", [401, 403, 404, 410])
async def test_a_dead_link_is_renewed(renewing: Renewing, code: int) -> None:
    renewing.bench.source.answers["/old"] = media.status(code)
    await renewing.stores(renewing.webhook())
    assert renewing.asked() == (1, 1, 1)


async def test_a_link_that_lives_is_followed_without_asking_anybody(renewing: Renewing) -> None:
    await renewing.stores(renewing.webhook())
    assert renewing.asked() == (1, 0, 0)


@pytest.mark.parametrize("signed_ago_seconds", [7200 + 60, 7200 - 60])
async def test_a_link_that_has_expired_or_is_about_to_is_renewed_before_it_is_followed(
    renewing: Renewing, signed_ago_seconds: float
) -> None:
    await renewing.stores(renewing.webhook(signed_ago_seconds))
    assert renewing.asked() == (0, 1, 1)


async def test_a_clock_that_is_fast_does_not_ask_for_ever(renewing: Renewing) -> None:
    """By our clock the fresh links have expired as well."""
    renewing.api.now = lambda: time.time() - 86_400
    await renewing.stores(renewing.webhook(7200 + 3600))
    assert renewing.asked() == (0, 1, 1)


async def test_a_clock_that_is_slow_finds_the_link_dead(renewing: Renewing) -> None:
    renewing.bench.source.answers["/old"] = media.status(403)
    await renewing.stores(renewing.webhook(-3600))
    assert renewing.asked() == (1, 1, 1)


@pytest.mark.parametrize("answer", [dropped(), status(500), status(404), status(403), too_many(60)])
async def test_where_nobody_renews_it_a_link_that_looks_expired_is_followed(
    renewing: Renewing, answer: Answer
) -> None:
    """Our clock may be an hour off, and a wrong key must not keep a good link from being followed."""
    renewing.api.always = answer
    await renewing.stores(renewing.webhook(7200 + 3600))
    assert renewing.bench.source.asked("/old") == 1


async def test_without_a_key_a_link_that_looks_expired_is_followed(renewing: Renewing) -> None:
    services = replace(renewing.bench.services, providers={})
    alone = replace(renewing, bench=replace(renewing.bench, services=services))
    await alone.stores(alone.webhook(7200 + 3600))
    assert alone.asked() == (1, 0, 0)


@pytest.mark.parametrize("signed_ago_seconds", [60, 7200 + 3600])
async def test_what_is_dead_after_it_was_renewed_is_final(
    renewing: Renewing, signed_ago_seconds: float
) -> None:
    renewing.bench.source.answers.update({"/old": media.status(403), "/v": media.status(404)})
    with pytest.raises(Poison, match="/v: answered 404"):
        await renewing.bench.handle(renewing.webhook(signed_ago_seconds))
    assert renewing.asked()[1:] == (1, 1)


async def test_what_the_provider_has_deleted_is_final_and_says_so(renewing: Renewing) -> None:
    renewing.bench.source.answers["/old"] = media.status(404)
    renewing.api.always = status(410)
    with pytest.raises(Poison, match="Meeting BaaS has deleted this meeting"):
        await renewing.bench.handle(renewing.webhook())


async def test_a_dead_link_that_nobody_renews_now_is_tried_again_later(renewing: Renewing) -> None:
    renewing.bench.source.answers["/old"] = media.status(403)
    renewing.api.always = too_many(60)
    with pytest.raises(Retryable) as caught:
        await renewing.bench.handle(renewing.webhook())
    assert caught.value.after_seconds == 60


async def test_a_dead_link_and_a_wrong_key_name_the_setting(renewing: Renewing) -> None:
    renewing.bench.source.answers["/old"] = media.status(403)
    renewing.api.keys.clear()
    with pytest.raises(Retryable, match="ADJOURN_MEETING_BAAS_API_KEYS"):
        await renewing.bench.handle(renewing.webhook())


async def test_a_transcript_whose_link_is_dead_is_fetched_by_a_fresh_one(tmp_path: Path) -> None:
    answers = {"/old": media.status(403), "/t": media.whole(output("good morning"))}
    async with opened_bench(tmp_path, answers) as bench, serve_meeting_baas(bench.source.url) as api:
        api.has("bot-1", transcription="/t")
        async with open_providers({"meeting-baas": open_meeting_baas(api.url, KEY)}) as providers:
            services = replace(bench.services, providers=providers)
            await transcribe(replace(bench, services=services), bench.completed(transcription="/old"))
        assert [segment.text for segment in (await stored_transcript(bench)).segments] == ["good morning"]
