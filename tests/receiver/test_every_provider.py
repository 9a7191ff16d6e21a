"""What every provider's URL must stand, whoever signs it. A new provider gets a line in `SENDERS`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from receiver import meeting_baas
from receiver.admission import Scheme
from receiver.schemes import SCHEMES
from schemas.providers import PROVIDERS
from tests.receiver.harness import (
    API_KEY,
    CALLBACK_SECRET,
    SVIX_SECRET,
    meeting_baas_scheme,
    running,
)

EVENT = b'{"event": "something.new"}'


@dataclass(frozen=True, slots=True)
class Sender:
    """`sign` gives the headers that prove a body. `signs_body` says that they prove this one alone."""

    provider: str
    scheme: Callable[[], Scheme]
    sign: Callable[[bytes], Mapping[str, str]]
    credential: str
    signs_body: bool = False


def _meeting_baas(channel: meeting_baas.Channel, secret: str) -> Callable[[bytes], Mapping[str, str]]:
    return lambda body: meeting_baas.sign(
        channel, secret, body=body, id="msg_1", timestamp_seconds=int(time.time())
    )


SENDERS = {
    "Meeting BaaS v1": Sender(
        "meeting-baas", meeting_baas_scheme, _meeting_baas("webhook-v1", API_KEY), "x-meeting-baas-api-key"
    ),
    "Meeting BaaS v2": Sender(
        "meeting-baas", meeting_baas_scheme, _meeting_baas("webhook-v2", SVIX_SECRET), "svix-signature", True
    ),
    "Meeting BaaS callback": Sender(
        "meeting-baas", meeting_baas_scheme, _meeting_baas("callback", CALLBACK_SECRET), "x-mb-secret"
    ),
}
every_sender = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS.keys())


async def post(
    sender: Sender, folder: Path, body: bytes, headers: Mapping[str, str]
) -> tuple[int, list[bytes]]:
    """The status, and what was kept."""
    async with running(folder, schemes={sender.provider: sender.scheme()}) as receiver:
        answer = await receiver.post(body, headers, f"/webhooks/{sender.provider}")
        return answer.status, [record.value for record in await receiver.kept()]


def test_every_provider_has_a_scheme_and_is_tried_here() -> None:
    assert set(SCHEMES) == set(PROVIDERS) == {sender.provider for sender in SENDERS.values()}


@every_sender
async def test_a_right_signature_is_accepted(sender: Sender, tmp_path: Path) -> None:
    assert await post(sender, tmp_path, EVENT, sender.sign(EVENT)) == (202, [EVENT])


@every_sender
async def test_what_is_authentic_is_never_refused_for_its_kind(sender: Sender, tmp_path: Path) -> None:
    assert await post(sender, tmp_path, b"{}", sender.sign(b"{}")) == (202, [b"{}"])


@every_sender
async def test_no_credential_is_401(sender: Sender, tmp_path: Path) -> None:
    assert await post(sender, tmp_path, EVENT, {}) == (401, [])


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
    sender: Sender, tmp_path: Path, change: Callable[[str], str]
) -> None:
    headers = dict(sender.sign(EVENT))
    headers[sender.credential] = change(headers[sender.credential])

    assert await post(sender, tmp_path, EVENT, headers) == (401, [])


@every_sender
async def test_a_signature_of_another_body_is_401_where_bodies_are_signed(
    sender: Sender, tmp_path: Path
) -> None:
    expected = (401, []) if sender.signs_body else (202, [EVENT])

    assert await post(sender, tmp_path, EVENT, sender.sign(b"{}")) == expected


@every_sender
async def test_bytes_that_are_no_text_are_no_5xx(sender: Sender, tmp_path: Path) -> None:
    body = b"\xff\xfe{"

    assert await post(sender, tmp_path, body, sender.sign(body)) == (400, [body])
