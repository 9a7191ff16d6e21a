"""Waterr's signatures: its own vectors, rotation, two eras at once, and whatever is nearly one."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from receiver.admission import NoEvent, Unauthentic
from receiver.waterr import scheme
from tests.receiver.harness import Receiver, running
from tests.receiver.waterr_signing import LEGACY_SECRET, SECRET, SIGNED_AT, signed
from tests.receiver.waterr_signing import scheme as waterr_scheme

BODY = b'{"id":"evt_1","event":"meeting.created"}'
V1 = "a5addcf21f60fa7d894ca9763fc209674513485c68359881d8bae6483553d813"
LEGACY = "98b54d340ff71c1a36b6849143f3d133c95ff185f059a39674e4051a555bab78"
"""Computed independently: of `BODY`, by the secret of the tests, at 1750000000."""
ENDED = json.dumps(
    {
        "id": "evt_7",
        "event": "meeting.ended",
        "created_at": "2026-06-27T09:20:18.001Z",
        "data": {"meeting_id": 7},
    }
).encode()


def proved(headers: dict[str, str], body: bytes = BODY, *, now: float = SIGNED_AT) -> str:
    """The channel that it came by. Raises `Unauthentic`."""
    judging = scheme(secrets=["whsec_newer", SECRET], legacy_secrets=[LEGACY_SECRET, SECRET])
    assert judging is not None
    named = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    admission = judging.judge(named, now, ())
    assert admission.prove is not None
    admission.prove(body)
    return admission.channel


@pytest.mark.parametrize(
    "header",
    [
        f"t=1750000000,v1={V1}",
        f"t=1750000000, v1={V1}",
        f"t=1750000000 ,\tv1={V1} ",
        f"v1={V1},t=1750000000",
        f"t=1750000000,v1={'0' * 64},v1={V1}",
        f"t=1750000000,v1={V1},v1={'0' * 64}",
        f"t=1750000000,v0=abc,v1={V1},v2=def",
    ],
    ids=[
        "vector",
        "space",
        "white space",
        "other order",
        "rotated, new last",
        "rotated, old last",
        "versions",
    ],
)
def test_a_signature_is_found_wherever_it_stands(header: str) -> None:
    assert proved({"waterr-signature": header}) == "webhook"


def test_the_legacy_signature_of_the_same_body_is_another_one() -> None:
    assert proved({"x-waterr-signature": f"sha256={LEGACY}"}) == "legacy"
    with pytest.raises(Unauthentic):
        proved({"x-waterr-signature": f"sha256={V1}"})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1750000000",
        f"v1={V1}",
        f"t=,v1={V1}",
        f"t=1750000001,v1={V1}",
        f"t=-1750000000,v1={V1}",
        f"t=1750000000.0,v1={V1}",
        f"t=17500000000000,v1={V1}",
        f"t=1750000000,t=1750000000,v1={V1}",
        f"t=1750000000,v1={V1.upper()}",
        f"t=1750000000,v1={V1[:-2]}",
        f"t=1750000000,v1={V1}00",
        f"t=1750000000,v1=sha256={V1}",
        f"t=1750000000,sha256={V1}",
        f"t=1750000000,v2={V1}",
        f"t=1750000000;v1={V1}",
        f"t=1750000000,v1={LEGACY}",
        f"t=1750000000,v1={'zz' * 32}",
        f"t=\xb9750000000,v1={V1}",
        "t=1750000000," + ",".join([f"v1={'0' * 64}"] * 30) + f",v1={V1}",
    ],
)
def test_what_is_nearly_a_signature_is_none(header: str) -> None:
    with pytest.raises(Unauthentic):
        proved({"waterr-signature": header})


@pytest.mark.parametrize(
    "header",
    [
        "",
        LEGACY,
        f"sha1={LEGACY}",
        f"SHA256={LEGACY}",
        f"sha256={LEGACY[:-1]}",
        f"sha256 = {LEGACY}",
        "sha256=",
    ],
)
def test_what_is_nearly_a_legacy_signature_is_none(header: str) -> None:
    with pytest.raises(Unauthentic):
        proved({"x-waterr-signature": header})


def test_of_two_headers_either_may_be_right() -> None:
    wrong = "0" * 64
    both = {"waterr-signature": f"t=1750000000,v1={V1}", "x-waterr-signature": f"sha256={wrong}"}
    assert proved(both) == "webhook"
    both = {"waterr-signature": f"t=1750000000,v1={wrong}", "x-waterr-signature": f"sha256={LEGACY}"}
    assert proved(both) == "webhook"
    with pytest.raises(Unauthentic):
        proved({"waterr-signature": f"t=1750000000,v1={wrong}", "x-waterr-signature": f"sha256={wrong}"})


def test_one_era_is_no_proof_where_only_the_others_secrets_are_set() -> None:
    only_new = scheme(secrets=[SECRET], legacy_secrets=[])
    only_old = scheme(secrets=[], legacy_secrets=[SECRET])
    assert only_new is not None
    assert only_old is not None
    with pytest.raises(Unauthentic):
        only_new.judge({b"x-waterr-signature": f"sha256={LEGACY}".encode()}, 0, ())
    with pytest.raises(Unauthentic):
        only_old.judge({b"waterr-signature": f"t=1750000000,v1={V1}".encode()}, 0, ())
    assert scheme(secrets=[""], legacy_secrets=[" "]) is None


def test_the_key_is_the_secret_as_it_is_written() -> None:
    without_prefix = scheme(secrets=[SECRET.removeprefix("whsec_")], legacy_secrets=[])
    assert without_prefix is not None
    admission = without_prefix.judge({b"waterr-signature": f"t=1750000000,v1={V1}".encode()}, 0, ())
    assert admission.prove is not None
    with pytest.raises(Unauthentic):
        admission.prove(BODY)


@pytest.mark.parametrize("hours", [-1, 1, 15, 24 * 400])
def test_how_old_a_signature_is_does_not_count(hours: int) -> None:
    assert proved({"waterr-signature": f"t=1750000000,v1={V1}"}, now=SIGNED_AT + hours * 3600) == "webhook"


def test_a_changed_body_is_another_one() -> None:
    with pytest.raises(Unauthentic):
        proved({"waterr-signature": f"t=1750000000,v1={V1}"}, BODY + b" ")


@pytest.mark.parametrize("name", ["tool_call", "TOOL_CALL", " tool_call "])
def test_a_tool_call_is_no_event_whoever_signed_it(name: str) -> None:
    with pytest.raises(NoEvent) as told:
        proved({"x-waterr-event": name, "x-waterr-signature": f"sha256={'0' * 64}"})
    assert told.value.answer == b"{}"


@pytest_asyncio.fixture
async def receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    folder = tmp_path_factory.mktemp("waterr")
    async with running(folder, schemes={"waterr": waterr_scheme()}) as receiver:
        yield receiver


async def test_a_tool_call_that_comes_by_mistake_is_answered_and_not_kept(receiver: Receiver) -> None:
    call = b'{"id":"1","type":"tool_call","data":{"function_name":"look_up","meeting_id":"7"}}'
    headers = {"x-waterr-event": "tool_call", "x-waterr-signature": f"sha256={'0' * 64}"}
    answer = await receiver.post(call, headers, "/webhooks/waterr")
    assert (answer.status, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    again = await receiver.post(ENDED, signed("webhook", ENDED), "/webhooks/waterr")
    assert again.status == 202
    assert len(await receiver.kept()) == 1


async def test_a_delivery_keeps_the_id_of_its_envelope_when_it_is_replayed(receiver: Receiver) -> None:
    for _ in range(2):
        answer = await receiver.post(ENDED, signed("webhook", ENDED), "/webhooks/waterr")
        assert (answer.status, answer.json()["id"]) == (202, "evt_7")
    assert {(record.id, record.key) for record in await receiver.accepted()} == {("evt_7", "7")}


async def test_no_credential_is_kept(receiver: Receiver) -> None:
    await receiver.post(ENDED, signed("webhook", ENDED), "/webhooks/waterr")
    [record] = await receiver.accepted()
    assert not [name for name in record.headers if "signature" in name]


async def test_a_known_event_without_a_meeting_is_quarantined_and_an_unknown_one_is_not(
    receiver: Receiver,
) -> None:
    for body, said in (
        (b'{"event":"recording.ready","data":{}}', "quarantined"),
        (b'{"event":"new"}', "accepted"),
    ):
        answer = await receiver.post(body, signed("legacy", body), "/webhooks/waterr")
        assert (answer.status, answer.json()["status"]) == (202, said)


async def test_a_path_behind_the_name_is_nobodys(receiver: Receiver) -> None:
    answer = await receiver.post(ENDED, signed("webhook", ENDED), "/webhooks/waterr/more")
    assert answer.status == 404
