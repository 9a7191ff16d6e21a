"""Waterr is told where to post, by its own API."""

from collections.abc import AsyncIterator

import pytest

from infra.errors import Retryable
from infra.providers.waterr.registration import open_registration
from tests.servers.waterr_api import KEY, Api, serve_waterr, status

URL = "https://hooks.example/webhooks/waterr"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serve_waterr() as serving:
        yield serving


def has(api: Api, id: str, url: str, *, events: str = "*", enabled: bool = True) -> None:  # noqa: A002
    api.endpoints[id] = {"id": id, "url": url, "subscribed_events": [events], "enabled": enabled}


async def test_where_there_is_no_endpoint_one_is_made_and_its_secret_told_once(api: Api) -> None:
    async with open_registration(api.api_url, KEY, has_secret=False) as registration:
        assert await registration.url() is None
        await registration.set_url(URL)
        assert await registration.url() == URL
        [note] = await registration.notes()
    assert "ADJOURN_WATERR_SECRETS=whsec_new " in note
    assert api.endpoints["endpoint-1"]["subscribed_events"] == ["*"]


async def test_an_endpoint_of_others_is_left_alone(api: Api) -> None:
    has(api, "e-1", "https://others.example/hook")
    has(api, "e-2", "https://moved.example/webhooks/waterr/")
    async with open_registration(api.api_url, KEY, has_secret=True) as registration:
        assert await registration.url() == "https://moved.example/webhooks/waterr/"
        await registration.set_url(URL)
        assert await registration.notes() == ()
    assert [one["url"] for one in api.endpoints.values()] == ["https://others.example/hook", URL]


@pytest.mark.parametrize(("events", "enabled"), [("*", False), ("meeting.ended", True)])
async def test_an_endpoint_that_is_off_or_not_told_of_all_is_mended(
    api: Api, events: str, enabled: bool
) -> None:
    has(api, "e-1", URL, events=events, enabled=enabled)
    async with open_registration(api.api_url, KEY, has_secret=True) as registration:
        assert await registration.url() is None
        await registration.set_url(URL)
        assert await registration.url() == URL
    assert list(api.endpoints) == ["e-1"]


async def test_an_endpoint_whose_secret_nobody_has_needs_another_one(api: Api) -> None:
    has(api, "e-1", URL)
    async with open_registration(api.api_url, KEY, has_secret=False) as registration:
        [note] = await registration.notes()
    assert "Rotate" in note


async def test_a_url_that_was_taken_and_is_not_there_is_an_error(api: Api) -> None:
    has(api, "e-1", "https://old.example/webhooks/waterr")
    api.instead["set endpoint"] = status(200, {"success": True, "data": {}})
    async with open_registration(api.api_url, KEY, has_secret=True) as registration:
        with pytest.raises(Retryable):
            await registration.set_url(URL)
