"""What must never be seen: credentials anywhere, the query of a link anywhere but in the body it came in."""

import json
import time
from io import StringIO
from pathlib import Path

import pytest
import structlog

from receiver import svix
from tests.receiver.harness import (
    ALERT_SECRET,
    API_KEY,
    BOT_ID,
    CALLBACK_SECRET,
    SVIX_SECRET,
    V1,
    Receiver,
    running,
)

AUTHORIZATION = "internal-user-token-4be1"
URL_TOKEN = "token-in-our-url-77aa"
WRONG = "a-wrong-secret-3c3c"
QUERY = "X-Amz-Signature=deadbeef"
LINK = f"https://bucket.example/video.mp4?{QUERY}"

GOOD = json.dumps({"event": "complete", "data": {"bot_id": BOT_ID, "mp4": LINK}}).encode()
ALERT = json.dumps({"alert_rule_id": "1", "alert_type": "x", "message": LINK}).encode()
BROKEN = json.dumps({"event": "complete", "data": {"bot_id": BOT_ID, "mp4": [LINK]}}).encode()
UNREADABLE = GOOD[:-1]


async def post_everything(receiver: Receiver) -> str:
    """Every kind of credential, right and wrong, and bodies with a link in them. Returns the signature."""
    now = int(time.time())
    signed = svix.sign(SVIX_SECRET, id="msg_1", timestamp_seconds=now, body=GOOD)
    path = f"/webhooks/meeting-baas?token={URL_TOKEN}"
    also = {"authorization": AUTHORIZATION, "cookie": WRONG}
    for body, headers, status in (
        (GOOD, V1, 202),
        (GOOD, signed, 202),
        (GOOD, {"x-mb-secret": CALLBACK_SECRET}, 202),
        (ALERT, {"x-mb-alert-secret": ALERT_SECRET}, 202),
        (BROKEN, V1, 202),
        (UNREADABLE, V1, 400),
        (GOOD, {"x-meeting-baas-api-key": WRONG}, 401),
        (GOOD, {"x-mb-secret": WRONG}, 401),
        (GOOD, signed | {"svix-id": "msg_2"}, 401),
    ):
        answer = await receiver.post(body, headers | also, path)
        assert answer.status == status
        assert QUERY.encode() not in answer.body
    await receiver.post(GOOD, V1 | also, f"/webhooks/{URL_TOKEN}")
    await receiver.request("GET", path, headers=V1 | also)
    return signed["svix-signature"].partition(",")[2]


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_credentials_are_nowhere_and_links_only_in_bodies(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = StringIO()
    before = structlog.get_config()
    structlog.configure(
        logger_factory=structlog.WriteLoggerFactory(lines),
        wrapper_class=structlog.make_filtering_bound_logger(0),
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    )
    try:
        async with running(tmp_path) as receiver:
            signature = await post_everything(receiver)
            metrics = (await receiver.request("GET", "/metrics")).body
            letters = await receiver.dead_letters()
            records = await receiver.kept()
            files = content(tmp_path)
    finally:
        structlog.configure(**before)

    written = lines.getvalue() + "".join(capfd.readouterr())
    assert "accepted" in written
    assert "refused" in written
    assert len(records) == 6
    assert GOOD in files
    secrets = [API_KEY, SVIX_SECRET, SVIX_SECRET[6:], CALLBACK_SECRET, ALERT_SECRET]
    for secret in (*secrets, AUTHORIZATION, URL_TOKEN, WRONG, signature):
        assert secret.encode() not in files
        assert secret not in written
        assert secret.encode() not in metrics
    assert QUERY not in written
    assert QUERY.encode() not in metrics
    assert all(QUERY not in str(record.headers) for record in records)
    assert sorted(letter.value for letter in letters) == sorted([BROKEN, UNREADABLE])
