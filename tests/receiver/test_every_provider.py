"""What every provider's URL must stand, whoever signs it. A new provider gets a line in `SENDERS`."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest
import pytest_asyncio

from adjourn.senders.table import SENDERS as SENT_BY
from infra.providers.realtimekit import own_key
from receiver import meeting_baas, realtimekit, waterr
from receiver.admission import Scheme
from schemas.providers import PROVIDERS
from tests.receiver import realtimekit as kit
from tests.receiver import vonage_signing, waterr_signing
from tests.receiver.harness import Receiver, meeting_baas_scheme, running, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENT = b'{"event": "something.new"}'


@dataclass(frozen=True, slots=True)
class Sender:
    """`sign` gives the headers that prove a body. `signs_body` says that they prove this one alone.

    `taken` is the answer to what is accepted, `unsigned` that to what has no credential at all.
    """

    provider: str
    scheme: Callable[[], Scheme]
    sign: Callable[[bytes], Mapping[str, str]]
    credential: str
    signs_body: bool = False
    taken: int = 202
    unsigned: int = 401


def _meeting_baas(channel: meeting_baas.Channel, credential: str, signs_body: bool = False) -> Sender:
    return Sender("meeting-baas", meeting_baas_scheme, partial(signed, channel), credential, signs_body)


_KIT: Final = own_key.made()


def _realtimekit(channel: realtimekit.Channel, credential: str) -> Sender:
    sign = partial(kit.signed, channel, _KIT)
    return Sender("realtimekit", partial(kit.scheme, _KIT), sign, credential, signs_body=True)


def _vonage(credential: str) -> Sender:
    def sign(body: bytes) -> Mapping[str, str]:
        return {credential: vonage_signing.signed_now(body)}

    return Sender("vonage", vonage_signing.scheme, sign, credential, True, taken=200, unsigned=503)


def _waterr(channel: waterr.Channel, credential: str) -> Sender:
    sign = partial(waterr_signing.signed, channel)
    return Sender("waterr", waterr_signing.scheme, sign, credential, signs_body=True)


SENDERS = {
    "Meeting BaaS v1": _meeting_baas("webhook-v1", "x-meeting-baas-api-key"),
    "Meeting BaaS v2": _meeting_baas("webhook-v2", "svix-signature", signs_body=True),
    "Meeting BaaS callback": _meeting_baas("callback", "x-mb-secret"),
    "Meeting BaaS alert": _meeting_baas("alert", "x-mb-alert-secret"),
    "RealtimeKit": _realtimekit("webhook", "rtk-signature"),
    "RealtimeKit as Dyte": _realtimekit("legacy", "dyte-signature"),
    "Vonage": _vonage("authorization"),
    "Vonage as in a sample": _vonage("vonage-signature"),
    "Waterr": _waterr("webhook", "waterr-signature"),
    "Waterr as it was": _waterr("legacy", "x-waterr-signature"),
}
every_sender = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS.keys())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    schemes = {sender.provider: sender.scheme() for sender in SENDERS.values()}
    async with running(tmp_path_factory.mktemp("receiver"), schemes=schemes) as receiver:
        yield receiver


async def post(
    receiver: Receiver, sender: Sender, body: bytes, headers: Mapping[str, str]
) -> tuple[int, list[bytes]]:
    """The status, and what was kept."""
    answer = await receiver.post(body, headers, f"/webhooks/{sender.provider}")
    return answer.status, [record.value for record in await receiver.kept()]


async def test_every_provider_has_a_scheme_and_is_tried_here() -> None:
    assert set(SENT_BY) == set(PROVIDERS) == {sender.provider for sender in SENDERS.values()}


@every_sender
async def test_a_right_signature_is_accepted(receiver: Receiver, sender: Sender) -> None:
    assert await post(receiver, sender, EVENT, sender.sign(EVENT)) == (sender.taken, [EVENT])


@every_sender
async def test_what_is_authentic_is_never_refused_for_its_kind(receiver: Receiver, sender: Sender) -> None:
    assert await post(receiver, sender, b"{}", sender.sign(b"{}")) == (sender.taken, [b"{}"])


@every_sender
async def test_no_credential_is_refused(receiver: Receiver, sender: Sender) -> None:
    assert await post(receiver, sender, EVENT, {}) == (sender.unsigned, [])


@every_sender
@pytest.mark.parametrize(
    "change",
    [
        lambda value: "",
        lambda value: " ",
        lambda value: value[:-1],
        lambda value: value + "x",
        lambda value: value.swapcase(),
        lambda value: "\xff" * len(value),
        lambda value: value * 2000,
    ],
    ids=["empty", "blank", "cut", "longer", "other case", "not ASCII", "huge"],
)
async def test_a_credential_that_is_nearly_right_is_401(
    receiver: Receiver, sender: Sender, change: Callable[[str], str]
) -> None:
    headers = dict(sender.sign(EVENT))
    headers[sender.credential] = change(headers[sender.credential])

    assert await post(receiver, sender, EVENT, headers) == (401, [])


@every_sender
async def test_a_signature_of_another_body_is_401_where_bodies_are_signed(
    receiver: Receiver, sender: Sender
) -> None:
    expected = (401, []) if sender.signs_body else (sender.taken, [EVENT])

    assert await post(receiver, sender, EVENT, sender.sign(b"{}")) == expected


@every_sender
async def test_bytes_that_are_no_text_are_no_5xx(receiver: Receiver, sender: Sender) -> None:
    body = b"\xff\xfe{"

    assert await post(receiver, sender, body, sender.sign(body)) == (400, [body])
