"""Bodies of every kind: what is authentic is kept byte for byte, what is too much is refused in words."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
import structlog.testing

from schemas.identity import Identity
from schemas.providers import PROVIDERS
from tests.receiver.harness import API_KEY, BOT_ID, STATUS, V1, Receiver, eventually, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAD = (
    b"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\nx-meeting-baas-api-key: "
    + API_KEY.encode()
    + b"\r\n"
)

BAD_BODIES = {
    "empty": b"",
    "null": b"null",
    "array": b"[]",
    "string": b'"event"',
    "number": b"1",
    "truncated": b'{"event": "complete", "data": {"bot_id": "',
    "no UTF-8": b'{"event": "\xff\xfe"}',
    "binary": bytes(range(256)),
    "brackets": b"[" * 100_000,
    "closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "two documents": b"{}{}",
    "form": b"event=complete&bot_id=1",
}
ODD_OBJECTS = {
    "duplicate keys": b'{"event": "x", "data": {"bot_id": "1", "bot_id": "2"}}',
    "white space": b' \r\n\t{"event" : "x"}\n ',
    "escapes": b'{"event": "x", "data": "\\u0000\\u2028/\\/"}',
    "path tricks": b'{"event": "x", "data": {"bot_id": "../../etc/passwd\\u0000"}}',
}
DEEP = {
    "nested objects": b'{"event": "x", "data": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "nested arrays": b'{"event": "x", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "many digits": b'{"event": "x", "data": ' + b"1" * 5_000 + b"}",
    "power": b'{"event": "x", "data": 1' + b"0" * 5_000 + b"}",
    "NaN": b'{"event": "x", "data": NaN}',
    "half a pair": b'{"event": "x", "data": "\\ud800"}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_what_is_no_json_object_is_400_and_kept_as_it_came(receiver: Receiver, body: bytes) -> None:
    answer = await receiver.post(body, V1)

    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    [letter] = await receiver.kept()
    assert (letter.topic, letter.value) == ("meetings.dead-letters", body)
    assert (letter.type, letter.key) == ("meeting-baas.unreadable", "")
    assert letter.headers["dl_kind"] == "invalid"
    assert letter.headers["dl_error"]


@pytest.mark.parametrize("body", ODD_OBJECTS.values(), ids=ODD_OBJECTS.keys())
async def test_an_odd_object_is_accepted_as_it_came(receiver: Receiver, body: bytes) -> None:
    answer = await receiver.post(body, V1)

    assert answer.status == 202
    [record] = await receiver.kept()
    assert record.value == body


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
async def test_json_that_a_parser_may_refuse_is_kept_all_the_same(receiver: Receiver, body: bytes) -> None:
    answer = await receiver.post(body, V1)

    assert answer.status in {202, 400}
    [record] = await receiver.kept()
    assert record.value == body


async def test_a_body_that_we_fail_to_read_by_a_bug_of_ours_is_kept_aside(tmp_path: Path) -> None:
    def fail(body: bytes, channel: str) -> Identity:
        raise KeyError(body.decode())

    provider = replace(PROVIDERS["meeting-baas"], identify=fail)
    body = json.dumps(STATUS).encode()
    with structlog.testing.capture_logs() as lines:
        async with running(tmp_path, providers={"meeting-baas": provider}) as receiver:
            answer = await receiver.post(body, V1)
            [letter] = await receiver.kept()

    assert (answer.status, answer.json()["status"]) == (202, "quarantined")
    assert (letter.topic, letter.value) == ("meetings.dead-letters", body)
    assert (letter.type, letter.headers["dl_kind"]) == ("meeting-baas.unreadable", "invalid")
    [bug] = [line for line in lines if line["event"] == "bug"]
    assert bug["error"] == "KeyError"
    assert BOT_ID not in str(lines) + str(letter.headers)


async def test_any_bytes_come_out_as_they_went_in(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        bodies = [bytes(range(256)) * n + json.dumps(STATUS).encode() for n in (0, 1, 3)]
        for body in bodies:
            await receiver.post(body, V1)

        assert sorted(record.value for record in await receiver.kept()) == sorted(bodies)


async def test_a_body_in_many_chunks_is_joined(receiver: Receiver) -> None:
    body = json.dumps(STATUS | {"extra": "x" * 700_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    answer = await receiver.post(chunks(), V1)

    assert answer.status == 202
    [record] = await receiver.accepted()
    assert record.value == body


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_at_the_limit_is_accepted_and_one_byte_more_is_413(
    tmp_path: Path, chunked: bool
) -> None:
    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 30_000):
            yield body[start : start + 30_000]

    async with running(tmp_path, max_body_bytes=100_000) as receiver:
        most = json.dumps({"event": "x"}).encode().ljust(100_000)
        for body, status in ((most, 202), (most + b" ", 413), (most * 20, 413)):
            answer = await receiver.post(chunks(body) if chunked else body, V1)
            assert answer.status == status
            assert answer.headers["content-type"] == "application/" + (
                "json" if status == 202 else "problem+json"
            )
        assert answer.headers["connection"] == "close"
        assert len(await receiver.kept()) == 1


async def test_the_default_limit_is_32_mib(receiver: Receiver) -> None:
    size = 32 * 1024 * 1024
    whole = await receiver.post(b'{"event": "x"}'.ljust(size), V1)
    more = await receiver.post(b'{"event": "x"}'.ljust(size + 1), V1)

    assert (whole.status, more.status) == (202, 413)
    assert [len(record.value) for record in await receiver.kept()] == [size]


@pytest.mark.parametrize("length", [b"33554433", b"999999999999999"])
async def test_an_announced_size_is_refused_before_the_body_is_sent(
    receiver: Receiver, length: bytes
) -> None:
    reader, writer = await receiver.connect()
    writer.write(HEAD + b"expect: 100-continue\r\ncontent-length: " + length + b"\r\n\r\n")
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("credential", [b"x-meeting-baas-api-key: wrong", b"svix-id: msg_1"])
async def test_what_the_headers_already_condemn_is_refused_before_the_body_is_sent(
    receiver: Receiver, credential: bytes
) -> None:
    reader, writer = await receiver.connect()
    writer.write(
        b"POST /webhooks/meeting-baas HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n"
        + credential
        + b"\r\n\r\n"
    )
    answer = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()

    assert answer == b"HTTP/1.1 401 Unauthorized\r\n"


async def test_a_refused_sender_who_goes_on_sending_still_sees_the_answer(receiver: Receiver) -> None:
    body = b"x" * 10_000_000

    answer = await receiver.post(body, {"x-meeting-baas-api-key": "wrong"})

    assert answer.status == 401


@pytest.mark.parametrize("begin", [b"", b'{"event": '], ids=["nothing", "a beginning"])
async def test_a_body_that_stands_still_is_408_and_the_connection_ends(tmp_path: Path, begin: bytes) -> None:
    async with running(tmp_path, body_idle_seconds=0.2) as receiver:
        reader, writer = await receiver.connect()
        writer.write(HEAD + b"content-length: 1000\r\n\r\n" + begin)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer
        assert await receiver.kept() == []


async def test_a_body_that_drips_is_408_when_its_time_is_up(tmp_path: Path) -> None:
    async with running(tmp_path, body_seconds=0.3, body_idle_seconds=5) as receiver:
        reader, writer = await receiver.connect()
        writer.write(HEAD + b"content-length: 100000\r\n\r\n")
        answer = asyncio.create_task(reader.readuntil(b"\r\n"))
        began = time.monotonic()
        while not answer.done():
            writer.write(b" ")
            await asyncio.wait([answer], timeout=0.02)
        writer.close()
        await writer.wait_closed()

        assert (await answer).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("length", [b"content-length: 1000", b"transfer-encoding: chunked"])
async def test_a_client_that_leaves_half_way_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, length: bytes
) -> None:
    with structlog.testing.capture_logs() as lines:
        async with running(tmp_path) as receiver:
            _, writer = await receiver.connect()
            writer.write(HEAD + length + b"\r\n\r\n" + b'5\r\n{"eve')
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            await eventually(lambda: "client_gone" in [line["event"] for line in lines])

            assert await receiver.kept() == []
    assert [line["event"] for line in lines] == ["client_gone"]
    assert caplog.records == []  # no traceback of the server's own


async def test_one_slow_sender_holds_up_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as receiver:
        _, slow = await receiver.connect()
        slow.write(HEAD + b"content-length: 1000\r\n\r\n{")
        await slow.drain()

        answer = await receiver.post(json.dumps(STATUS), V1)
        slow.close()
        await slow.wait_closed()

    assert answer.status == 202


async def test_two_events_on_one_connection_are_both_accepted(receiver: Receiver) -> None:
    body = json.dumps(STATUS).encode()
    request = HEAD + b"content-length: %d\r\n" % len(body)
    reader, writer = await receiver.connect()
    writer.write(request + b"\r\n" + body + request + b"connection: close\r\n\r\n" + body)
    answers = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answers.count(b"HTTP/1.1 202 ") == 2
    assert [record.key for record in await receiver.accepted()] == [BOT_ID, BOT_ID]
