"""An application's callbacks are set by its account's API, and nothing else of it is touched."""

from collections.abc import AsyncIterator

import pytest

from infra.errors import Poison, Retryable
from infra.providers.base import KeyRefused, UnknownUpstream
from infra.providers.registration import Registration
from infra.providers.vonage.registration import open_registration
from tests.servers.answers import status
from tests.servers.vonage_api import ACCOUNT_KEY, ACCOUNT_SECRET, APPLICATION, VonageApi, serve_vonage

HOOK = "https://hooks.example.com/webhooks/vonage"


@pytest.fixture
async def upstream() -> AsyncIterator[VonageApi]:
    async with serve_vonage() as serving:
        serving.application = {
            "id": APPLICATION,
            "name": "Launch",
            "keys": {"public_key": "sample"},
            "privacy": {"improve_ai": False},
            "capabilities": {
                "voice": {"webhooks": {"answer_url": {"address": "https://other.example/answer"}}},
                "video": {"webhooks": {"moderation": {"address": "https://other.example/m"}}, "storage": {}},
            },
        }
        yield serving


@pytest.fixture
async def registration(upstream: VonageApi) -> AsyncIterator[Registration]:
    async with open_registration(upstream.url, ACCOUNT_KEY, ACCOUNT_SECRET, APPLICATION) as opened:
        yield opened


async def test_each_category_is_posted_to_its_own_url(
    upstream: VonageApi, registration: Registration
) -> None:
    assert await registration.url() is None

    await registration.set_url(f"{HOOK}/")

    assert await registration.url() == HOOK
    webhooks = upstream.application["capabilities"]["video"]["webhooks"]
    assert webhooks["archive_status"] == {"address": f"{HOOK}/archive", "active": True}
    assert webhooks["stream_created"]["address"] == f"{HOOK}/session"
    assert webhooks["sip_call_mute_forced"]["address"] == f"{HOOK}/sip"


async def test_all_else_of_the_application_stays_as_it_was(
    upstream: VonageApi, registration: Registration
) -> None:
    await registration.set_url(HOOK)

    now = upstream.application
    assert (now["name"], now["keys"], now["privacy"]) == (
        "Launch",
        {"public_key": "sample"},
        {"improve_ai": False},
    )
    assert "answer_url" in now["capabilities"]["voice"]["webhooks"]
    assert "storage" in now["capabilities"]["video"]
    assert "moderation" in now["capabilities"]["video"]["webhooks"]
    assert "_links" not in now


async def test_callbacks_that_are_switched_off_or_go_elsewhere_are_not_ours(
    upstream: VonageApi, registration: Registration
) -> None:
    await registration.set_url(HOOK)
    archive = upstream.application["capabilities"]["video"]["webhooks"]["archive_status"]
    archive["active"] = False
    assert await registration.url() is None
    archive.update(active=True, address="https://other.example")
    assert await registration.url() is None


@pytest.mark.parametrize(
    ("code", "error"), [(401, KeyRefused), (404, UnknownUpstream), (422, Poison), (500, Retryable)]
)
async def test_a_refusal_says_what_to_do(
    upstream: VonageApi, registration: Registration, code: int, error: type[Exception]
) -> None:
    upstream.answers.append(status(code, {"detail": "sample-secret"}))
    with pytest.raises(error) as caught:
        await registration.url()
    assert "sample-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "application", [{}, {"capabilities": []}, {"capabilities": {"video": {"webhooks": 7}}}]
)
async def test_an_application_without_video_has_no_callbacks(
    upstream: VonageApi, registration: Registration, application: dict[str, object]
) -> None:
    upstream.application = application
    assert await registration.url() is None
