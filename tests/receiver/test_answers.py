"""The table of answers: what came, what goes back, what is kept."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from receiver import meeting_baas
from tests.receiver.harness import ALERT, BOT_ID, COMPLETED, STATUS, V1, Receiver, running, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("channel", "event", "type_", "key"),
    [
        ("webhook-v1", STATUS, "meeting-baas.bot.status_change", BOT_ID),
        ("webhook-v2", COMPLETED, "meeting-baas.bot.completed", BOT_ID),
        ("callback", COMPLETED, "meeting-baas.bot.completed", BOT_ID),
        ("alert", ALERT, "meeting-baas.alert.bot_crash", "rule-1"),
    ],
)
async def test_each_kind_of_request_is_accepted_named_and_keyed(
    receiver: Receiver, channel: meeting_baas.Channel, event: dict[str, Any], type_: str, key: str
) -> None:
    body = json.dumps(event).encode()

    answer = await receiver.post(body, signed(channel, body) | {"content-type": "application/json; a=b"})

    assert answer.status == 202
    [record] = await receiver.kept()
    assert answer.json() == {"id": record.id, "status": "accepted"}
    assert record.topic == "meetings.webhooks"
    assert (record.value, record.key, record.type) == (body, key, type_)
    assert record.headers["ce_specversion"] == "1.0"
    assert record.headers["ce_source"] == "/webhooks/meeting-baas"
    assert record.headers["ce_subject"] == key
    assert record.headers["content-type"] == "application/json; a=b"
    assert record.headers["ce_time"].endswith("Z")


async def test_the_id_of_a_svix_delivery_is_the_id_of_its_record(receiver: Receiver) -> None:
    body = json.dumps(COMPLETED).encode()

    answer = await receiver.post(body, signed("webhook-v2", body))

    assert answer.json()["id"] == "msg_1"
    assert [record.id for record in await receiver.accepted()] == ["msg_1"]


async def test_a_redelivery_is_kept_again_under_the_same_id(receiver: Receiver) -> None:
    first, second = [await receiver.post(json.dumps(STATUS), V1) for _ in range(2)]

    assert first.body == second.body
    assert len(await receiver.accepted()) == 2


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/meeting-baas",
        "/webhooks/meeting-baas/",
        "/webhooks/meeting-baas//",
        "//webhooks/meeting-baas",
        "/webhooks//meeting-baas/",
        "/webhooks/meeting%2Dbaas?token=t",
    ],
)
async def test_post_and_put_are_accepted_whatever_the_slashes(
    receiver: Receiver, method: str, path: str
) -> None:
    answer = await receiver.request(method, path, body=json.dumps(STATUS), headers=V1)

    assert answer.status == 202


@pytest.mark.parametrize(
    "event",
    [
        {"event": "bot.something_new", "data": {"bot_id": BOT_ID}},
        STATUS | {"new": {"field": 1}},
        {"no": "event"},
        {},
    ],
)
async def test_what_is_unknown_is_accepted(receiver: Receiver, event: dict[str, Any]) -> None:
    answer = await receiver.post(json.dumps(event), V1)

    assert (answer.status, answer.json()["status"]) == (202, "accepted")


async def test_a_known_event_that_lacks_what_we_rely_on_is_quarantined(receiver: Receiver) -> None:
    body = json.dumps(
        {"event": "complete", "data": {"mp4": "https://x.example/v.mp4?X-Amz-Signature=q"}}
    ).encode()

    answer = await receiver.post(body, V1)

    assert answer.status == 202
    assert answer.json()["status"] == "quarantined"
    assert "bot_id" in " ".join(answer.json()["errors"])
    [letter] = await receiver.kept()
    assert letter.topic == "meetings.dead-letters"
    assert (letter.value, letter.type) == (body, "meeting-baas.complete")
    assert {name: letter.headers[name] for name in letter.headers if name.startswith("dl_")} == {
        "dl_consumer": "receiver",
        "dl_kind": "invalid",
        "dl_error": "; ".join(answer.json()["errors"]),
        "dl_attempts": "1",
        "dl_topic": "meetings.webhooks",
        "dl_partition": "",
        "dl_offset": "",
        "dl_time": letter.headers["ce_time"],
        "dl_channel": "webhook-v1",
    }


async def test_the_same_broken_bytes_are_buried_under_the_same_id(receiver: Receiver) -> None:
    for body in (b"[1]", b"[1]", b"[2]"):
        await receiver.post(body, V1)

    first, second, other = [letter.id for letter in await receiver.dead_letters()]
    assert first == second != other


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks/meeting-baas/more", "/webhooks/..%2fetc"])
async def test_an_unknown_provider_is_404(receiver: Receiver, path: str) -> None:
    answer = await receiver.post(json.dumps(STATUS), V1, path)

    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert await receiver.kept() == []


async def test_a_provider_without_a_secret_is_404(tmp_path: Path) -> None:
    assert (
        meeting_baas.scheme(api_keys=[""], svix_secrets=[], callback_secrets=[" "], alert_secrets=[]) is None
    )
    async with running(tmp_path, schemes={}) as receiver:
        answer = await receiver.post(json.dumps(STATUS), V1)

    assert answer.status == 404


@pytest.mark.parametrize(
    "path", ["/webhooks/meeting-baas", "/webhooks/meeting-baas/", "//webhooks/meeting-baas"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "OPTIONS"])
async def test_another_method_is_405_and_says_which_are_allowed(
    receiver: Receiver, method: str, path: str
) -> None:
    answer = await receiver.request(method, path, headers=V1)

    assert (answer.status, answer.headers["allow"]) == (405, "POST, PUT")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_valid_traceparent_is_passed_on(receiver: Receiver) -> None:
    sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    await receiver.post(json.dumps(STATUS), V1 | {"traceparent": sent})

    [record] = await receiver.accepted()
    assert record.headers["traceparent"] == sent


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"traceparent": "rubbish"},
        {"traceparent": "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
    ],
)
async def test_without_a_valid_traceparent_there_is_a_new_one(
    receiver: Receiver, sent: dict[str, str]
) -> None:
    await receiver.post(json.dumps(STATUS), V1 | sent)

    [record] = await receiver.accepted()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", record.headers["traceparent"])


async def test_the_pages_beside_the_webhooks_answer(receiver: Receiver) -> None:
    health = await receiver.request("GET", "/healthz")
    missing = await receiver.request("GET", "/elsewhere")
    wrong = await receiver.request("POST", "/healthz")

    assert (health.status, health.json()) == (200, {"status": "alive"})
    assert (missing.status, missing.json()["status"]) == (404, 404)
    assert (wrong.status, wrong.headers["content-type"]) == (405, "application/problem+json")


async def test_metrics_count_what_came_by_provider_and_outcome(receiver: Receiver) -> None:
    line = 'adjourn_receiver_webhooks_total{outcome="accepted",provider="meeting-baas"}'

    async def count() -> float:
        page = (await receiver.request("GET", "/metrics")).body.decode()
        [found] = [text for text in page.splitlines() if text.startswith(line)]
        return float(found.split()[-1])

    before = await count()
    await receiver.post(json.dumps(STATUS), V1)

    assert await count() == before + 1
