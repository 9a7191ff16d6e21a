"""Who may post as RealtimeKit: its signature, for us, by a key that is fetched."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.providers.realtimekit import own_key
from infra.providers.realtimekit.public_key import PublicKey
from receiver import realtimekit
from receiver.admission import entered
from tests.receiver.harness import Answer, Receiver, running
from tests.receiver.realtimekit import ORGANIZATION_ID, WEBHOOK_ID, signed
from tests.servers.realtimekit_api import Kit, serve_realtimekit, status

OURS = {"event": "meeting.started", "meeting": {"sessionId": "s-1", "organizedBy": {"id": ORGANIZATION_ID}}}
BODY = json.dumps(OURS).encode()
THEIRS = BODY.replace(ORGANIZATION_ID.encode(), b"org-of-others")
STREAM = b'{"event": "livestreaming.statusUpdate", "streamId": "st-1", "streamKey": "live-secret-77"}'
ANOTHER_KEY = own_key.made()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    async with serve_realtimekit() as serving:
        yield serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Any]


@pytest.fixture
async def opened(kit: Kit, clock: Clock, tmp_path: Path) -> AsyncIterator[Open]:
    """A receiver with a scheme of its own, for organisations and webhooks of ours."""
    async with AsyncExitStack() as stack:

        async def open_(
            webhook_ids: Sequence[str] = (WEBHOOK_ID,), organization_ids: Sequence[str] = (), url: str = ""
        ) -> Receiver:
            return await stack.enter_async_context(
                _receiving(tmp_path, url or kit.key_url, clock, webhook_ids, organization_ids)
            )

        yield open_


@asynccontextmanager
async def _receiving(
    folder: Path, url: str, clock: Clock, webhook_ids: Sequence[str], organization_ids: Sequence[str]
) -> AsyncIterator[Receiver]:
    key = PublicKey(url, folder / "kept" / "key.json", clock=clock)
    made = realtimekit.scheme(key, webhook_ids=webhook_ids, organization_ids=organization_ids)
    assert made is not None
    async with entered({"realtimekit": made}) as schemes, running(folder, schemes=schemes) as receiver:
        yield receiver


async def post(receiver: Receiver, kit: Kit, body: bytes = BODY, **headers: str) -> Answer:
    """`dyte_uuid="x"` is the header `dyte-uuid`; "" takes it away."""
    named = signed("webhook", kit.key, body) | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await receiver.post(
        body, {name: value for name, value in named.items() if value}, "/webhooks/realtimekit"
    )


async def test_a_delivery_with_their_signature_for_our_webhook_is_kept(opened: Open, kit: Kit) -> None:
    receiver = await opened()
    assert (await post(receiver, kit)).status == 202
    assert [record.key for record in await receiver.accepted()] == ["s-1"]
    assert kit.asked("key") == 1


async def test_the_same_event_by_two_webhooks_of_ours_has_one_id(opened: Open, kit: Kit) -> None:
    receiver = await opened([WEBHOOK_ID, "webhook-2"])
    first = await post(receiver, kit, rtk_uuid="one")
    second = await post(receiver, kit, rtk_uuid="two", rtk_webhook_id="webhook-2")
    assert first.json()["id"] == second.json()["id"]
    assert len(await receiver.accepted()) == 2


@pytest.mark.parametrize(
    ("ids", "body", "webhook_id", "code"),
    [
        ((["webhook-1"], []), BODY, "webhook-1", 202),
        ((["webhook-1"], []), BODY, "webhook-9", 401),
        ((["webhook-1"], []), BODY, "", 401),
        (([], ["org-1"]), BODY, "webhook-9", 202),
        (([], ["org-1"]), BODY, "", 202),
        (([], ["org-1"]), THEIRS, "webhook-9", 401),
        (([], ["org-1"]), STREAM, "webhook-9", 401),
        ((["webhook-1"], ["org-1"]), BODY, "webhook-9", 202),
        ((["webhook-1"], ["org-1"]), THEIRS, "webhook-1", 401),
        ((["webhook-1"], ["org-1"]), STREAM, "webhook-1", 202),
        ((["webhook-1"], ["org-1"]), b"[]", "webhook-1", 400),
        ((["webhook-1"], ["org-1"]), b"[]", "webhook-9", 401),
    ],
)
async def test_a_right_signature_is_not_enough_it_must_be_for_us(
    opened: Open, kit: Kit, ids: tuple[list[str], list[str]], body: bytes, webhook_id: str, code: int
) -> None:
    receiver = await opened(*ids)
    answer = await post(receiver, kit, body, rtk_webhook_id=webhook_id)
    assert answer.status == code
    assert [record.value for record in await receiver.kept()] == ([] if code == 401 else [body])


def _of(key: bytes, body: bytes) -> str:
    return base64.b64encode(own_key.signature(key, body)).decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda kit: "",
        lambda kit: "no base64!",
        lambda kit: base64.b64encode(b"short").decode(),
        lambda kit: base64.b64encode(b"\0" * 256).decode(),
        lambda kit: base64.b64encode(b"\0" * 4096).decode(),
        lambda kit: _of(ANOTHER_KEY, BODY),
        lambda kit: _of(kit.key, BODY + b" "),
        lambda kit: f"{_of(kit.key, BODY)}, {_of(kit.key, BODY)}",
        lambda kit: f"v1,{_of(kit.key, BODY)}",
    ],
    ids=["none", "no base64", "short", "zeros", "long", "other key", "other body", "twice", "svix"],
)
async def test_what_is_no_signature_of_theirs_is_401(
    opened: Open, kit: Kit, change: Callable[[Kit], str]
) -> None:
    receiver = await opened()
    assert (await post(receiver, kit, rtk_signature=change(kit))).status == 401
    assert await receiver.kept() == []


@pytest.mark.parametrize("signature", ["no base64!", "c2hvcnQ=", base64.b64encode(b"x" * 4096).decode()])
async def test_what_can_be_no_signature_asks_for_no_key(
    opened: Open, kit: Kit, clock: Clock, signature: str
) -> None:
    receiver = await opened()
    clock.now = 61.0
    assert (await post(receiver, kit, rtk_signature=signature)).status == 401
    assert kit.asked("key") == 1


@pytest.mark.parametrize(
    ("padded", "hashed"),
    [
        (PSS(MGF1(SHA256()), PSS.MAX_LENGTH), SHA256()),
        (PKCS1v15(), SHA512()),
        (PKCS1v15(), SHA1()),
    ],
    ids=["PSS", "SHA-512", "SHA-1"],
)
async def test_another_algorithm_with_their_own_key_is_401(
    opened: Open, kit: Kit, padded: PSS | PKCS1v15, hashed: HashAlgorithm
) -> None:
    theirs = load_pem_private_key(kit.key, password=None)
    assert isinstance(theirs, RSAPrivateKey)
    signature = base64.b64encode(theirs.sign(BODY, padded, hashed)).decode()
    receiver = await opened()
    assert (await post(receiver, kit, rtk_signature=signature)).status == 401


async def test_a_delivery_that_is_replayed_is_the_same_event(opened: Open, kit: Kit) -> None:
    receiver = await opened()
    answers = [await post(receiver, kit, rtk_uuid=f"attempt-{number}") for number in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_hmac_by_the_public_key_is_no_signature(opened: Open, kit: Kit) -> None:
    digest = hmac.digest(own_key.public_half(kit.key).encode(), BODY, "sha256")
    receiver = await opened()
    for signature in (base64.b64encode(digest).decode(), digest.hex(), "sha256=" + digest.hex()):
        assert (await post(receiver, kit, rtk_signature=signature)).status == 401


async def test_of_both_names_of_the_header_the_newer_decides(opened: Open, kit: Kit) -> None:
    receiver = await opened()
    right, wrong = _of(kit.key, BODY), _of(ANOTHER_KEY, BODY)
    assert (await post(receiver, kit, rtk_signature=wrong, dyte_signature=right)).status == 401
    assert (await post(receiver, kit, rtk_signature=right, dyte_signature=wrong)).status == 202


async def test_a_key_that_has_changed_is_fetched_and_the_delivery_judged_again(
    opened: Open, kit: Kit, clock: Clock
) -> None:
    receiver = await opened()
    kit.key, clock.now = ANOTHER_KEY, 61.0
    assert (await post(receiver, kit)).status == 202
    assert kit.asked("key") == 2


async def test_strangers_cannot_have_the_key_fetched_more_than_once_a_minute(
    opened: Open, kit: Kit, clock: Clock
) -> None:
    receiver = await opened()
    wrong = _of(ANOTHER_KEY, BODY)
    for clock.now in (1.0, 59.0, 61.0, 62.0, 119.0):
        assert (await post(receiver, kit, rtk_signature=wrong)).status == 401
    assert kit.asked("key") == 2


@pytest.mark.parametrize(
    "said",
    [
        status(500),
        status(404),
        status(302, location="/elsewhere"),
        status(200, {"success": True, "data": {}}),
        status(200, {"success": True, "data": {"publicKey": "no key"}}),
        status(200, ["no object"]),
    ],
    ids=["500", "404", "redirect", "no field", "no key", "no object"],
)
async def test_without_any_key_the_answer_is_to_come_again(opened: Open, kit: Kit, said: Any) -> None:
    kit.instead["key"] = said
    receiver = await opened()
    answer = await post(receiver, kit)
    assert answer.status == 503
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert await receiver.kept() == []


async def test_a_key_that_comes_late_lets_the_next_attempt_in(opened: Open, kit: Kit, clock: Clock) -> None:
    kit.instead["key"] = status(500)
    receiver = await opened()
    assert (await post(receiver, kit)).status == 503
    del kit.instead["key"]
    assert (await post(receiver, kit)).status == 503
    clock.now = 61.0
    assert (await post(receiver, kit)).status == 202


async def test_while_no_key_can_be_fetched_the_last_good_one_judges_and_others_come_again(
    opened: Open, kit: Kit, clock: Clock
) -> None:
    receiver = await opened()
    kit.instead["key"], clock.now = status(500), 61.0
    assert (await post(receiver, kit)).status == 202
    assert (await post(receiver, kit, rtk_signature=_of(ANOTHER_KEY, BODY))).status == 503
    assert (await post(receiver, kit)).status == 202


async def test_what_is_rightly_signed_for_somebody_else_asks_for_no_key(
    opened: Open, kit: Kit, clock: Clock
) -> None:
    receiver = await opened()
    kit.instead["key"], clock.now = status(500), 61.0
    assert (await post(receiver, kit, rtk_webhook_id="webhook-9")).status == 401
    assert kit.asked("key") == 1


async def test_a_streams_key_is_in_no_header_and_no_line_of_the_log(
    opened: Open, kit: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = await opened()
    assert (await post(receiver, kit, STREAM)).status == 202
    assert (await post(receiver, kit, STREAM.replace(b'"st-1"', b"[]"))).status == 202
    assert (await post(receiver, kit, STREAM, rtk_webhook_id="webhook-9")).status == 401
    for record in await receiver.kept():
        assert "live-secret-77" not in json.dumps(dict(record.headers))
    told = capsys.readouterr()
    assert "refused" in told.out + told.err
    assert "live-secret-77" not in told.out + told.err


def test_without_ids_of_ours_nothing_is_for_us(tmp_path: Path) -> None:
    key = PublicKey("https://key.example", tmp_path / "key.json")
    assert realtimekit.scheme(key, webhook_ids=[], organization_ids=[]) is None
