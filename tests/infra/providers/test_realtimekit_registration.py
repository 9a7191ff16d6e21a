"""RealtimeKit is told where to post, by its own API."""

from collections.abc import AsyncIterator

import pytest

from infra.providers.realtimekit.registration import open_registration
from schemas.realtimekit.events import EVENTS
from tests.servers.realtimekit_api import TOKEN, Kit, serve_realtimekit

URL = "https://hooks.example/webhooks/realtimekit"
ALL = sorted(EVENTS)


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


def has(kit: Kit, id: str, url: str, events: list[str], *, enabled: bool = True) -> None:  # noqa: A002
    kit.webhooks[id] = {"id": id, "name": "a", "url": url, "events": events, "enabled": enabled}


async def test_where_there_is_no_webhook_one_is_made_and_its_id_told(kit: Kit) -> None:
    async with open_registration(kit.api_url, TOKEN, []) as registration:
        assert await registration.url() is None
        await registration.set_url(URL)
        assert await registration.url() == URL
        [note] = await registration.notes()
    assert "ADJOURN_REALTIMEKIT_WEBHOOK_IDS=webhook-1 " in note
    assert kit.webhooks["webhook-1"]["events"] == ALL


async def test_a_webhook_that_we_know_by_its_id_is_led_to_us_and_others_are_left_alone(kit: Kit) -> None:
    has(kit, "w-1", "https://others.example/hook", ["meeting.started"])
    has(kit, "w-2", "https://old.example/hook", ALL)
    async with open_registration(kit.api_url, TOKEN, ["w-2"]) as registration:
        assert await registration.url() == "https://old.example/hook"
        await registration.set_url(URL)
        assert await registration.notes() == ()
    assert kit.webhooks["w-1"]["url"] == "https://others.example/hook"
    assert kit.webhooks["w-2"]["url"] == URL


async def test_a_webhook_that_leads_to_a_receiver_is_taken_for_ours(kit: Kit) -> None:
    has(kit, "w-1", "https://others.example/hook", ALL)
    has(kit, "w-2", "https://moved.example/webhooks/realtimekit/", ALL)
    async with open_registration(kit.api_url, TOKEN, ["older"]) as registration:
        assert await registration.url() == "https://moved.example/webhooks/realtimekit/"
        [note] = await registration.notes()
    assert "ADJOURN_REALTIMEKIT_WEBHOOK_IDS=w-2,older " in note


@pytest.mark.parametrize(("events", "enabled"), [(ALL, False), (["meeting.ended", "their.own"], True)])
async def test_a_webhook_that_is_off_or_not_told_of_all_is_mended(
    kit: Kit, events: list[str], enabled: bool
) -> None:
    has(kit, "w-1", URL, events, enabled=enabled)
    async with open_registration(kit.api_url, TOKEN, ["w-1"]) as registration:
        assert await registration.url() is None
        await registration.set_url(URL)
        assert await registration.url() == URL
    assert EVENTS.union(events) == set(kit.webhooks["w-1"]["events"])
