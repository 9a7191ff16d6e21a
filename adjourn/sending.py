"""Send samples as their senders would: signed, with links that lead somewhere, to a receiver."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp

from adjourn.samples import Sample
from adjourn.senders.sender import Channel, Outgoing
from adjourn.senders.table import SENDERS
from adjourn.settings import Settings, variable
from infra.errors import Halt
from schemas.envelope import Record, event_headers
from schemas.manifest import ArtifactKind
from schemas.providers import PROVIDERS
from schemas.topics import WEBHOOKS

_LINKS_LEAD_TO: Final = b"https://media.example"
_SIGNED_AT: Final = re.compile(rb"X-Amz-Date=\d{8}T\d{6}Z")
_ANSWER_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status, and the JSON body. 2xx means that the event is kept."""

    status: int
    body: Mapping[str, object]


def with_links_to(sample: Sample, base_url: str, *, now_seconds: Callable[[], float] = time.time) -> bytes:
    """The sample's body, its links leading to a server of ours, as if they had been signed just now."""
    signed = datetime.fromtimestamp(now_seconds(), UTC).strftime("X-Amz-Date=%Y%m%dT%H%M%SZ")
    return _SIGNED_AT.sub(signed.encode(), sample.body.replace(_LINKS_LEAD_TO, base_url.encode()))


def channel_of(sample: Sample) -> Channel:
    return SENDERS[sample.provider].channels[sample.channel]


def can_be_signed(channel: Channel, settings: Settings) -> bool:
    return any(getattr(settings, name) for name in (channel.setting, channel.or_setting) if name)


def signed_headers(sample: Sample, body: bytes, settings: Settings) -> dict[str, str]:
    """The headers that its sender would send, by the newest secret of the sample's channel.

    The same sample always has the same delivery id, so that sending it again is a redelivery.
    Raises `Halt` when that channel has no secret.
    """
    channel = channel_of(sample)
    if not can_be_signed(channel, settings):
        needed = variable(channel.setting)
        raise Halt(f"{sample.name} cannot be signed, because {needed} is not set: set it in .env.")
    delivery_id = "msg_" + hashlib.sha256(sample.name.encode()).hexdigest()[:24]
    outgoing = Outgoing(sample.channel, body, delivery_id, int(time.time()))
    return {"content-type": "application/json", **channel.sign(settings, outgoing)}


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post an event. Raises `Halt` when nobody answers, or somebody else."""
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(url, data=body, headers=headers) as answer,
        ):
            return Answer(answer.status, dict(await answer.json(content_type=None)))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Halt(f"Nobody answers at {url}: start Adjourn with `adjourn run`.") from error
    except (TypeError, ValueError) as error:
        raise Halt(f"What answers at {url} is not Adjourn: see ADJOURN_HOST and ADJOURN_PORT.") from error


@dataclass(frozen=True, slots=True)
class Promise:
    """What a meeting should have once an event was worked on."""

    provider: str
    meeting_id: str
    kinds: frozenset[ArtifactKind]


def promised_by(sample: Sample, body: bytes, *, summarised: bool) -> Promise | None:
    """Null where the event is about no meeting. `summarised` says that transcripts are, without delay."""
    provider = PROVIDERS[sample.provider]
    identity = provider.identify(body, sample.channel)
    headers = event_headers(
        id=identity.id,
        source="",
        type=f"{sample.provider}.{identity.type}",
        subject=identity.key,
        time=identity.time,
    )
    seen = provider.observe(Record(WEBHOOKS, 0, 0, identity.key, 0, headers, body))
    if seen is None:
        return None
    kinds = {link.kind for link in seen.links}
    if seen.transcript is not None:
        kinds |= {"transcript", "captions"}
        kinds |= {"summary"} if summarised and not provider.summarises else set()
    kinds |= {"summary"} if seen.summary is not None else set()
    return Promise(seen.provider, seen.meeting_id, frozenset(kinds))
