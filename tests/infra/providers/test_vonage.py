"""What Vonage's API says, asked over HTTP, in both of its worlds."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.errors import Halt, Poison, Retryable
from infra.providers.base import DeletedUpstream, Ended, KeyRefused, NotOffered, ProviderApi, UnknownUpstream
from infra.providers.vonage import application, open_vonage, opentok
from schemas.envelope import Record, event_headers
from schemas.meeting import State
from schemas.vonage import observe
from tests.servers.meeting_baas_api import Answer, raw, silent, status
from tests.servers.vonage_api import APPLICATION, PROJECT, SECRET, VonageApi, serve_vonage

AVAILABLE = "vonage.archive.available"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def upstream() -> AsyncIterator[VonageApi]:
    async with serve_vonage() as serving:
        yield serving


@pytest.fixture
async def api(upstream: VonageApi) -> AsyncIterator[ProviderApi]:
    async with open_vonage(upstream.url, PROJECT, opentok(PROJECT, SECRET), timeout_seconds=10) as opened:
        yield opened


def ms(hours_ago: float) -> int:
    return int((NOW - timedelta(hours=hours_ago)).timestamp() * 1000)


async def all_ended(api: ProviderApi, hours: float = 24) -> list[Ended]:
    return [one async for one in api.ended(NOW - timedelta(hours=hours))]


async def test_a_projects_key_gives_fresh_links_to_all_archives_of_a_session(
    upstream: VonageApi, api: ProviderApi
) -> None:
    upstream.has("a1", "s1", file="/v.mp4", hasVideo=True)
    upstream.has("a2", "s1", file="/z.zip", outputMode="individual", transcript="/t.json")
    upstream.has("a3", "s2", file="/other.mp4")

    first, second = await api.links("s1", AVAILABLE), await api.links("s1", AVAILABLE)

    assert [(link.kind, link.id) for link in first] == [
        ("raw_transcription", "a2"),
        ("transcript", "a2"),
        ("streams", "a2"),
        ("video", "a1"),
    ]
    assert {link.url for link in first}.isdisjoint(link.url for link in second)
    assert upstream.calls[0].query["sessionId"] == "s1"


async def test_an_applications_key_is_as_good(upstream: VonageApi) -> None:
    upstream.has("a1", "s1", file="/v.mp4")
    authorize = application(APPLICATION, upstream.private_key_pem)

    async with open_vonage(upstream.url, APPLICATION, authorize) as api:
        (link,) = await api.links("s1", AVAILABLE)

    assert link.id == "a1"


@pytest.mark.parametrize("key", [b"", b"-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----"])
def test_a_file_without_a_key_is_told_in_a_sentence(key: bytes) -> None:
    with pytest.raises(Halt, match="ADJOURN_VONAGE_PRIVATE_KEY_FILE"):
        application(APPLICATION, key)


def test_a_key_of_another_sort_is_told_in_a_sentence() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(Halt, match="RSA"):
        application(APPLICATION, pem)


async def test_a_wrong_secret_names_the_settings(upstream: VonageApi) -> None:
    wrong = opentok(PROJECT, SECRET + "x")
    async with open_vonage(upstream.url, PROJECT, wrong) as api:
        with pytest.raises(KeyRefused, match="ADJOURN_VONAGE_API_KEY"):
            await api.links("s1", AVAILABLE)


async def test_each_question_has_a_token_of_its_own() -> None:
    authorize = opentok(PROJECT, SECRET)

    assert authorize() != authorize()


async def test_a_session_that_it_does_not_know_is_unknown(api: ProviderApi) -> None:
    for asked in (api.links, api.holdings, api.delete, api.final_event):
        with pytest.raises(UnknownUpstream):
            await asked("s1", AVAILABLE)


async def test_what_is_kept_no_more_is_deleted(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "s1", status="expired")
    with pytest.raises(DeletedUpstream, match="72 hours"):
        await api.links("s1", AVAILABLE)


async def test_a_list_is_read_to_its_end(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.most_a_page = 3
    for number in range(8):
        upstream.has(f"a{number}", "s1", file="/v.mp4")

    assert len(await api.links("s1", AVAILABLE)) == 8


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(429, retry_after="1"),
        raw(b"<html>"),
        raw(b"[]"),
        status(200, {"items": {}}),
        status(200, {"items": [7]}),
    ],
)
async def test_an_answer_that_is_none_is_to_be_asked_for_again(
    upstream: VonageApi, api: ProviderApi, answer: Answer
) -> None:
    upstream.has("a1", "s1", file="/v.mp4")
    upstream.answers.append(answer)

    with pytest.raises(Retryable):
        await api.links("s1", AVAILABLE)
    assert len(await api.links("s1", AVAILABLE)) == 1


async def test_a_page_of_all_that_does_not_come_is_asked_for_again(
    upstream: VonageApi, api: ProviderApi
) -> None:
    upstream.has("a1", "s1", createdAt=ms(2), duration=60)
    upstream.answers.append(status(500))

    assert [one.meeting_id for one in await all_ended(api)] == ["s1"]


async def test_a_question_that_is_not_taken_is_not_asked_again(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.answers.append(status(400))
    with pytest.raises(Poison):
        await api.links("s1", AVAILABLE)
    assert len(upstream.calls) == 1


async def test_no_answer_in_time_is_told_as_such(upstream: VonageApi) -> None:
    upstream.answers.append(silent())
    async with open_vonage(upstream.url, PROJECT, opentok(PROJECT, SECRET), timeout_seconds=0.05) as api:
        with pytest.raises(Retryable, match="Vonage's API: No answer in time"):
            await api.links("s1", AVAILABLE)


async def test_an_archive_in_the_customers_bucket_needs_the_bucket(
    upstream: VonageApi, api: ProviderApi
) -> None:
    upstream.has("a1", "s1", status="uploaded")
    with pytest.raises(Poison, match="ADJOURN_VONAGE_BUCKET_URL"):
        await api.links("s1", AVAILABLE)
    assert (await api.holdings("s1", AVAILABLE)).others == ("archive a1, in your own bucket",)


@pytest.mark.parametrize(("mode", "file"), [("composed", "archive.mp4"), ("individual", "archive.zip")])
async def test_an_archive_in_the_customers_bucket_is_linked_to_there(
    upstream: VonageApi, mode: str, file: str
) -> None:
    upstream.has("a1", "s1", status="uploaded", outputMode=mode)

    async def signed(name: str) -> str:
        return f"https://bucket.example/{name}?signed"

    async with open_vonage(upstream.url, PROJECT, opentok(PROJECT, SECRET), in_bucket=signed) as api:
        (link,) = await api.links("s1", AVAILABLE)

    assert link.url == f"https://bucket.example/{PROJECT}/a1/{file}?signed"


async def test_sessions_whose_archives_are_done_have_ended(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "done", createdAt=ms(3), updatedAt=ms(2))
    upstream.has("a2", "runs", createdAt=ms(3), updatedAt=ms(2))
    upstream.has("a3", "runs", status="started", createdAt=ms(1))
    upstream.has("a4", "failed", status="failed", createdAt=ms(2), duration=1800)
    upstream.has("a5", "failed", status="uploaded", createdAt=ms(2), duration=3600)
    upstream.has("a6", "gone", status="expired", createdAt=ms(2))
    upstream.archives.sort(key=lambda one: -one["createdAt"])

    assert {(one.meeting_id, one.event_type) for one in await all_ended(api)} == {
        ("done", AVAILABLE),
        ("failed", "vonage.archive.failed"),
        ("failed", "vonage.archive.uploaded"),
    }
    assert {one.ended_at for one in await all_ended(api) if one.meeting_id == "failed"} == {
        NOW - timedelta(hours=1)
    }


async def test_what_ended_before_is_not_told_nor_read_of(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.most_a_page = 2
    for number in range(20):
        upstream.has(f"a{number}", f"s{number}", createdAt=ms(40 - 2 * number), duration=60)

    assert {one.meeting_id for one in await all_ended(api, hours=9)} == {"s16", "s17", "s18", "s19"}
    assert len(upstream.calls) < 10


async def test_the_final_event_is_the_list_without_its_secrets(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "s1", file="/v.mp4", createdAt=ms(3), duration=60, password="sample-password")
    upstream.has("a2", "s1", file="/w.mp4", createdAt=ms(2), duration=30, certificate="sample-certificate")

    final = await api.final_event("s1", "vonage.session.sessionCreated")

    assert final is not None
    assert final.type == AVAILABLE
    assert b"sample-" not in final.body
    headers = event_headers(id="1", source="", type=final.type, subject="s1", time="")
    said = observe(Record("meetings.webhooks", 0, 1, "s1", 0, headers, final.body))
    assert said is not None
    assert (said.says, said.duration_seconds, len(said.links)) == (State.COMPLETED, 90, 2)


async def test_the_same_list_is_the_same_final_event(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "s1", file="/v.mp4")
    once, again = await api.final_event("s1", AVAILABLE), await api.final_event("s1", AVAILABLE)
    upstream.has("a2", "s1", status="failed")
    more = await api.final_event("s1", AVAILABLE)

    assert once is not None
    assert again is not None
    assert more is not None
    assert once.id == again.id != more.id
    assert once.body != again.body


@pytest.mark.parametrize("state", ["started", "paused", "stopped"])
async def test_a_session_that_is_recorded_has_no_final_event(
    upstream: VonageApi, api: ProviderApi, state: str
) -> None:
    upstream.has("a1", "s1", file="/v.mp4")
    upstream.has("a2", "s1", status=state)

    assert await api.final_event("s1", AVAILABLE) is None
    with pytest.raises(Retryable, match="not done"):
        await api.delete("s1", AVAILABLE)
    assert not upstream.asked("DELETE")


async def test_all_archives_of_a_session_are_deleted(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "s1", file="/v.mp4")
    upstream.has("a2", "s1", status="failed")
    upstream.has("a3", "s2", file="/w.mp4")

    await api.delete("s1", AVAILABLE)

    assert [archive["id"] for archive in upstream.archives] == ["a3"]


@pytest.mark.parametrize("change", [{"status": "thawed"}, {"url": 7, "status": "stopped"}, {"id": None}])
async def test_holdings_that_are_not_as_documented_are_no_answer(
    upstream: VonageApi, api: ProviderApi, change: dict[str, object]
) -> None:
    upstream.has("a1", "s1").update(change)
    with pytest.raises(Retryable):
        await api.holdings("s1", AVAILABLE)


async def test_the_newest_transcription_is_the_transcript(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.has("a1", "s1", file="/z.zip", transcript="/old.json")
    upstream.has("a2", "s1", file="/z.zip", transcript="/new.json")
    upstream.has("a3", "s1", file="/v.mp4")

    found = await api.transcript("s1", AVAILABLE)

    assert found is not None
    assert found.url is not None
    assert "/new.json" in found.url


async def test_another_transcription_cannot_be_had(api: ProviderApi) -> None:
    with pytest.raises(NotOffered):
        await api.transcription("s1", AVAILABLE)
    with pytest.raises(NotOffered):
        await api.retranscribe("s1", AVAILABLE, provider=None, language=None, key=None)


async def test_no_error_tells_what_an_answer_says(upstream: VonageApi, api: ProviderApi) -> None:
    upstream.answers.append(status(400, json.loads('{"code": 400, "message": "sample-secret"}')))
    with pytest.raises(Poison) as caught:
        await api.links("s1", AVAILABLE)
    assert "sample-secret" not in str(caught.value)
