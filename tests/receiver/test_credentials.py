"""Who is let in: every way to lack the right credential is 401, before the body is read where that can be."""

import json

import pytest

from tests.receiver.harness import (
    ALERT,
    ALERT_SECRET,
    API_KEY,
    CALLBACK_SECRET,
    COMPLETED,
    STATUS,
    V1,
    Receiver,
    signed,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-meeting-baas-api-key": ""},
        {"x-meeting-baas-api-key": "wrong"},
        {"x-meeting-baas-api-key": API_KEY + "x"},
        {"x-meeting-baas-api-key": API_KEY[:-1]},
        {"x-meeting-baas-api-key": "schlüssel"},
        {"x-spoke-api-key": API_KEY},
        {"authorization": f"Bearer {API_KEY}"},
        {"x-mb-secret": ALERT_SECRET},
        {"x-mb-alert-secret": CALLBACK_SECRET},
        {"x-mb-secret": ""},
    ],
)
async def test_without_the_right_credential_it_is_401_and_nothing_is_kept(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    answer = await receiver.post(json.dumps(STATUS), headers)

    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert await receiver.kept() == []


@pytest.mark.parametrize(
    "change",
    [{"svix-signature": "v1"}, {"svix-timestamp": "9" * 400}, {"svix-timestamp": "nan"}, {"svix-id": ""}],
    ids=repr,
)
async def test_a_malformed_signature_is_401(receiver: Receiver, change: dict[str, str]) -> None:
    body = json.dumps(COMPLETED).encode()

    answer = await receiver.post(body, signed("webhook-v2", body) | change)

    assert answer.status == 401
    assert await receiver.kept() == []


async def test_a_forged_body_is_401_and_not_kept(receiver: Receiver) -> None:
    answer = await receiver.post(json.dumps(STATUS), signed("webhook-v2", json.dumps(COMPLETED).encode()))

    assert answer.status == 401
    assert await receiver.kept() == []


@pytest.mark.parametrize(
    "first",
    [
        {"svix-id": "msg_1"},
        {"webhook-signature": "v1,x"},
        {"x-mb-alert-secret": "wrong"},
        {"x-mb-secret": "wrong"},
    ],
)
async def test_the_first_scheme_that_is_present_decides(receiver: Receiver, first: dict[str, str]) -> None:
    answer = await receiver.post(json.dumps(STATUS), first | V1)

    assert answer.status == 401


async def test_an_alert_secret_is_judged_before_a_callback_secret(receiver: Receiver) -> None:
    headers = {"x-mb-secret": "wrong", "x-mb-alert-secret": ALERT_SECRET}

    answer = await receiver.post(json.dumps(ALERT), headers)

    assert answer.status == 202


async def test_white_space_after_a_credential_is_no_part_of_it(receiver: Receiver) -> None:
    reader, writer = await receiver.connect()
    body = json.dumps(STATUS).encode()
    writer.write(
        b"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        b"X-Meeting-BaaS-API-Key: \t%b \t \r\ncontent-length: %d\r\n\r\n%b"
        % (API_KEY.encode(), len(body), body)
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 202 ")


async def test_a_credential_that_comes_twice_is_refused(receiver: Receiver) -> None:
    reader, writer = await receiver.connect()
    writer.write(
        b"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        b"x-meeting-baas-api-key: wrong\r\nx-meeting-baas-api-key: %b\r\n\r\n{}" % API_KEY.encode()
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 401 ")
