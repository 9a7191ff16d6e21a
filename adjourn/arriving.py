"""Does an event arrive, from where the sender posts to our log? One is posted, and watched for."""

import asyncio
import json
import secrets
import time
from collections.abc import Sequence
from typing import Final

import aiohttp

from adjourn.checks import Finding
from adjourn.event_log import existing_log
from adjourn.places import shown
from adjourn.samples import Sample
from adjourn.senders.table import SENDERS
from adjourn.sending import can_be_signed, signed_headers
from adjourn.sentences import sentence
from adjourn.settings import Settings
from infra.errors import Halt, LogUnavailable
from schemas.topics import WEBHOOKS

_EVENT: Final = "adjourn.check"
"""No sender has an event of that name: consumers leave it alone."""
_ANSWER_SECONDS: Final = 30
_SLOW_SECONDS: Final = 3
_ARRIVAL_SECONDS: Final = 10
_CLOCKS_DIFFER_SECONDS: Final = 60
_MEANINGS: Final = {
    401: "The receiver there has other secrets than those here, or something on the way removes headers: "
    "compare its .env with this one, and start it again after a change.",
    404: "There is no receiver for this sender at that address: see the path (…/webhooks/{provider}), and "
    "that the receiver has a secret of this sender.",
    405: "Something on the way does not let POST through.",
    411: "Something on the way wants a length that senders may not give.",
    413: "Something on the way limits the size of a body: let it take 32 MiB.",
    502: "A proxy answers, and does not reach the receiver: is `adjourn run` running, and where it looks?",
    503: "The receiver is there and can keep nothing now: `adjourn check` says why.",
    504: "A proxy answers, and the receiver does not answer it in time.",
}


async def check_arrival(settings: Settings, url: str, provider: str) -> Sequence[Finding]:
    """What the URL answers to an event that is signed as the provider would, and whether it is in our log.

    The event has a name that no sender uses, so that it leaves nothing but its record.
    """
    try:
        channel = next(
            name for name, each in SENDERS[provider].channels.items() if can_be_signed(each, settings)
        )
    except StopIteration:
        return [Finding("url", False, f"Nothing of {provider} can be signed here: set its secrets in .env.")]
    given = shown(url)  # what is added may be a secret
    if url.rstrip("/").endswith(f"/webhooks/{provider}"):
        url = url.rstrip("/") + SENDERS[provider].channels[channel].path(settings)
    token = secrets.token_hex(8)
    body = json.dumps({"event": _EVENT, "data": {"check": token}}).encode()
    sample = Sample(f"{provider}/{channel}/{_EVENT}.{token}", provider, channel, body)
    began = time.time()
    try:
        status, answer, seconds = await _post(url, body, signed_headers(sample, body, settings))
    except Halt as error:
        return [Finding("url", False, sentence(error))]
    refusal = _refusal(status, provider)
    if refusal or not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        return [Finding("url", False, refusal or f"What answers {status} at {given} is not Adjourn.")]
    answered = Finding("url", True, f"{given} takes a signed event in {seconds:.2f} s ({status}).")
    if seconds > _SLOW_SECONDS:
        slow = f"{given} takes {seconds:.1f} s: some senders give up after 5 s. See what is on the way."
        answered = Finding("url", False, slow)
    return [answered, await _arrival(settings, answer["id"], began)]


async def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, object, float]:
    """Its status, its JSON if any, and how long it took; a redirect is not followed. Raises `Halt`."""
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    began = time.monotonic()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            text = await answer.content.read(100_000)
            return answer.status, _json(text), time.monotonic() - began
    except aiohttp.ClientConnectorCertificateError as error:
        raise Halt(f"The certificate of {shown(url)} is not one that senders trust: renew it.") from error
    except aiohttp.ClientSSLError as error:
        raise Halt(
            f"{shown(url)} does not speak https as it should: see the proxy in front of it."
        ) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise Halt(f"The name in {shown(url)} leads nowhere: see your DNS.") from error
    except TimeoutError as error:
        raise Halt(f"{shown(url)} does not answer within {_ANSWER_SECONDS} s.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Halt(
            f"Nobody answers at {shown(url)}: is `adjourn run` running, and does the way there lead to it?"
        ) from error


def _json(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _refusal(status: int, provider: str) -> str:
    """What to do about an answer that is not a yes; "" for a yes."""
    if status < 300:
        return ""
    if status < 400:
        return (
            f"It redirects ({status}), and senders then lose the body, or the event: give them the address "
            "that it leads to."
        )
    meaning = _MEANINGS.get(status, "See what stands between the sender and the receiver.")
    return f"It answers {status}. {meaning.format(provider=provider)}"


async def _arrival(settings: Settings, event_id: str, began: float) -> Finding:
    since_ms = int((began - _CLOCKS_DIFFER_SECONDS) * 1000)
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    try:
        async with existing_log(settings) as log:
            while time.monotonic() < deadline:
                async for record in log.scan(WEBHOOKS, since_ms=since_ms):
                    if record.id == event_id:
                        return Finding(
                            "arrival", True, f"It is in the log that is configured here: {event_id}."
                        )
                await asyncio.sleep(0.5)
    except (Halt, LogUnavailable) as error:
        return Finding("arrival", False, f"It was taken, and our log cannot be read: {sentence(error)}")
    return Finding(
        "arrival",
        False,
        f"It was taken, and is not in the log that is configured here ({shown(settings.log_url)}): the "
        "receiver there has another one, or keeps events in its spool while Kafka is away.",
    )
