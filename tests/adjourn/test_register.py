"""Telling a sender where to post, and seeing that it arrives."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.adjourn.program import API_KEY, SVIX_SECRET, Program
from tests.adjourn.test_reconcile import Place, opened_place
from tests.servers.meeting_baas_api import status

HOOK = "https://hooks.example.com/webhooks/meeting-baas"


@pytest.mark.parametrize(
    "given", ["https://hooks.example.com", "https://hooks.example.com/", HOOK, f"{HOOK}?token=t"]
)
async def test_the_account_is_told_the_whole_webhook_url_and_reads_it_back(
    tmp_path: Path, given: str
) -> None:
    async with opened_place(tmp_path) as place:
        done = await place.run("register", given)
        assert done.returncode == 0, done.stderr
        wanted = given if given.startswith(HOOK) else HOOK
        assert place.upstream.lists.webhook_url == wanted
        assert f"v1 webhooks of the account go to {wanted} (before: nowhere)" in done.stdout
        assert place.upstream.asked("v1 webhook_url") >= 2


async def test_it_says_what_to_click_for_v2_and_how_to_see_that_it_arrives(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        said = (await place.run("register", "https://hooks.example.com")).stdout
        for words in (
            "1. For v2: at https://dashboard.meetingbaas.com",
            f"«Add webhook». Endpoint URL: {HOOK}",
            "ADJOURN_MEETING_BAAS_SVIX_SECRETS, which is set",
            "ADJOURN_MEETING_BAAS_ALERT_SECRETS and is not set yet",
            f"check --url {HOOK}",
        ):
            assert words in said


async def test_another_url_is_replaced_only_when_somebody_says_so(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place:
        place.upstream.lists.webhook_url = "https://other.example/hook?token=secret"
        done = await place.run("register", HOOK)
        assert done.returncode == 1
        assert "go to https://other.example/hook now" in done.stderr
        assert "secret" not in done.stderr
        assert place.upstream.lists.webhook_url == "https://other.example/hook?token=secret"
        [told] = await place.json("register", HOOK, "--yes")
        assert told["is_set"]
        assert place.upstream.lists.webhook_url == HOOK


@pytest.mark.parametrize(
    ("code", "words"), [(403, "ADJOURN_MEETING_BAAS_API_KEYS"), (404, "does not take a webhook URL any more")]
)
async def test_where_the_api_does_not_do_it_the_steps_are_told_all_the_same(
    tmp_path: Path, code: int, words: str
) -> None:
    async with opened_place(tmp_path) as place:
        place.upstream.instead["v1 webhook_url"] = status(code, {})
        done = await place.run("register", HOOK)
        assert done.returncode == 1
        assert words in done.stderr
        assert "«Add webhook»" in done.stdout


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com", "hooks.example.com", "https://", "https://h/webhooks/x"]
)
async def test_what_no_sender_could_post_to_is_refused(tmp_path: Path, url: str) -> None:
    async with opened_place(tmp_path) as place:
        assert (await place.run("register", url)).returncode == 2
        assert place.upstream.calls == []


async def test_an_event_that_is_posted_from_outside_is_seen_in_the_log(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place, place.running():
        done = await place.run("check", "--url", hook_of(place))
        assert done.returncode == 0, done.stderr
        assert "takes a signed event in" in done.stdout
        assert "It is in the log that is configured here" in done.stdout
        [record] = await place.json("tail", "webhooks")
        assert record["headers"]["ce_type"] == "meeting-baas.adjourn.check"
        assert await place.json("meetings") == []
        assert await place.json("dead-letters") == []


async def test_a_receiver_with_another_log_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with opened_place(tmp_path) as place, place.running():
        other = Program(tmp_path / "other", settings=place.program.settings, deadline_seconds=60)
        assert other.run("setup").returncode == 0
        done = other.run("check", "--url", hook_of(place))
        assert done.returncode == 1
        assert "is not in the log that is configured here" in done.stderr


async def test_other_secrets_there_are_told_apart_from_no_receiver(tmp_path: Path) -> None:
    async with opened_place(tmp_path) as place, place.running():
        ours = Program(
            tmp_path, settings=place.program.settings | {"ADJOURN_MEETING_BAAS_API_KEYS": "another"}
        )
        done = ours.run("check", "--url", hook_of(place))
        assert done.returncode == 1
        assert "other secrets than those here" in done.stderr


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.Response(status=301, headers={"Location": "/elsewhere"}), "It redirects (301)"),
        (web.Response(status=404), "no receiver for this sender"),
        (web.Response(status=413), "limits the size"),
        (web.Response(status=502), "A proxy answers"),
        (web.Response(status=200, text="<html>"), "is not Adjourn"),
    ],
)
async def test_each_way_not_to_arrive_is_a_sentence_of_its_own(
    tmp_path: Path, answer: web.Response, words: str
) -> None:
    async def always(request: web.Request) -> web.Response:
        return answer

    async with opened_place(tmp_path) as place, serving(always) as url:
        done = await place.run("check", "--url", f"{url}/webhooks/meeting-baas")
        assert done.returncode == 1
        assert words in done.stderr


async def test_nobody_there_is_told(tmp_path: Path) -> None:
    settings = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY, "ADJOURN_MEETING_BAAS_SVIX_SECRETS": SVIX_SECRET}
    done = Program(tmp_path, settings=settings).run(
        "check", "--url", "http://127.0.0.1:1/webhooks/meeting-baas"
    )
    assert done.returncode == 1
    assert "Nobody answers at http://127.0.0.1:1" in done.stderr


def hook_of(place: Place) -> str:
    return f"{place.program.url}/webhooks/meeting-baas"


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
