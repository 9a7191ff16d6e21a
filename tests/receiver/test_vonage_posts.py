"""Callbacks of Vonage's over a real socket: their URLs, what is answered, and what is told of them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from receiver import vonage
from tests.receiver.harness import Receiver, running
from tests.receiver.vonage_signing import SECRET, TOKEN, signed_now

EVENT = json.dumps({"sessionId": "s1", "event": "sessionCreated", "timestamp": 1772445600000}).encode()


@pytest_asyncio.fixture
async def unsigned(tmp_path: Path) -> AsyncIterator[Receiver]:
    """Proved by a token in the path; archives alone are signed."""
    scheme = vonage.scheme(signature_secrets=[f"archive:{SECRET}"], path_tokens=[TOKEN])
    assert scheme is not None
    async with running(tmp_path, schemes={"vonage": scheme}) as receiver:
        yield receiver


@pytest.mark.parametrize("path", [f"session/{TOKEN}", f"{TOKEN}/session", f"/session//{TOKEN}/"])
async def test_the_token_in_the_path_is_answered_200(unsigned: Receiver, path: str) -> None:
    answer = await unsigned.post(EVENT, {}, f"/webhooks/vonage/{path}")

    assert answer.status == 200
    assert answer.json()["status"] == "accepted"
    (record,) = await unsigned.accepted()
    assert (record.type, record.key) == ("vonage.session.sessionCreated", "s1")


@pytest.mark.parametrize(
    "path", ["session", f"session/{TOKEN[:-1]}", f"sessions/{TOKEN}", f"{TOKEN}/{TOKEN}"]
)
async def test_another_path_is_401(unsigned: Receiver, path: str) -> None:
    answer = await unsigned.post(EVENT, {}, f"/webhooks/vonage/{path}")

    assert (answer.status, await unsigned.kept()) == (401, [])


async def test_a_signed_category_is_told_to_come_again_with_its_signature(unsigned: Receiver) -> None:
    answer = await unsigned.post(EVENT, {}, f"/webhooks/vonage/archive/{TOKEN}")

    assert (answer.status, await unsigned.kept()) == (503, [])
    assert "retry-after" in answer.headers


async def test_a_signed_category_is_answered_200(unsigned: Receiver) -> None:
    body = json.dumps({"id": "a1", "event": "archive", "status": "started", "sessionId": "s1"}).encode()

    answer = await unsigned.post(body, {"authorization": signed_now(body)}, "/webhooks/vonage/archive")

    (record,) = await unsigned.accepted()
    assert (answer.status, record.type) == (200, "vonage.archive.started")


async def test_a_known_event_that_lacks_its_session_is_kept_aside_and_answered_200(
    unsigned: Receiver,
) -> None:
    body = b'{"event": "sessionCreated"}'

    answer = await unsigned.post(body, {}, f"/webhooks/vonage/session/{TOKEN}")

    (letter,) = await unsigned.dead_letters()
    assert (answer.status, answer.json()["status"]) == (200, "quarantined")
    assert letter.headers["dl_error"] == "sessionId: is missing"


async def test_no_credential_is_kept_or_logged(unsigned: Receiver) -> None:
    signature = signed_now(EVENT)
    with structlog.testing.capture_logs() as told:
        for path in (f"session/{TOKEN}", f"{TOKEN[:-1]}", f"archive/{TOKEN}"):
            await unsigned.post(EVENT, {}, f"/webhooks/vonage/{path}")
        await unsigned.post(EVENT, {"authorization": signature}, f"/webhooks/vonage/session/{TOKEN}")

    kept = [*await unsigned.kept()]
    assert kept
    for text in (TOKEN, TOKEN[:-1], SECRET, signature.removeprefix("Bearer ")):
        assert text not in repr(told)
        assert not any(text in repr(record.headers) for record in kept)
