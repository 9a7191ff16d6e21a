"""One provider's webhook URL: prove whose it is, name it, append its bytes, answer. The one hot path.

Plain ASGI, because routing, `Request` and `Response` cost as much as all that is done here. This is also the
one place where errors become HTTP statuses.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from math import ceil
from time import perf_counter
from traceback import format_tb
from typing import Any, Final

import structlog
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from receiver import attributes
from receiver.admission import Admission, RequestHeaders, Scheme, Unauthentic
from receiver.answers import Problem, send_json, send_problem
from receiver.body import Body, BodyLimits, ClientGone, TooLarge, TooSlow
from receiver.deadline import Deadline
from receiver.metrics import TALLIES, Outcome
from schemas import topics
from schemas.envelope import Headers
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.providers import ProviderSchema

Task = asyncio.Task[Any]

_METHODS: Final = frozenset({"POST", "PUT"})
_WRONG_METHOD: Final = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED, "Webhooks are posted here: use POST or PUT.", [(b"allow", b"POST, PUT")]
)
_UNAUTHENTIC: Final = Problem(HTTPStatus.UNAUTHORIZED, "No credential of this request is one that we accept.")
_TOO_SLOW: Final = Problem(HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time.")
_NOT_AN_EVENT: Final = Problem(HTTPStatus.BAD_REQUEST, "The body is not a JSON object. It has been kept.")
_OUR_TROUBLE_SECONDS: Final = 5


class WebhookRoute:
    """An ASGI application. `appending` bounds an append; `clock` gives seconds since 1970."""

    def __init__(
        self,
        provider: ProviderSchema,
        scheme: Scheme,
        log: EventLog,
        *,
        limits: BodyLimits,
        appending: Deadline,
        clock: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._scheme = scheme
        self._log = log
        self._limits = limits
        self._appending = appending
        self._clock = clock
        self._logger: FilteringBoundLogger = structlog.get_logger().bind(provider=provider.name)
        self._tally = TALLIES.of(provider.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        body = Body(receive, self._limits, task)
        try:
            if scope["method"] not in _METHODS:
                await self._refuse(send, body, "wrong_method", _WRONG_METHOD, scope["method"])
                return
            headers = _by_name(scope["headers"])
            admission = self._scheme(headers, self._clock())
            value = await body.read(headers.get(b"content-length"))
            if admission.prove is not None:
                admission.prove(value)
            self._tally.body_bytes += len(value)
            event_id = await self._accept(value, headers, admission, task)
        except ClientGone:
            self._tally.ended["client_gone"] += 1
            self._logger.info("client_gone")
        except Unauthentic as refused:
            await self._refuse(send, body, "unauthentic", _UNAUTHENTIC, str(refused))
        except TooLarge:
            limit = self._limits.max_bytes
            problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {limit} bytes.")
            await self._refuse(send, body, "too_large", problem, f"over {limit} bytes")
        except TooSlow:
            await self._refuse(send, body, "too_slow", _TOO_SLOW, "the body did not come in time")
        except NotAnEvent as unreadable:
            await self._refuse(send, body, "unreadable", _NOT_AN_EVENT, str(unreadable))
        except BrokenEvent as broken:
            self._tally.ended["quarantined"] += 1
            answer = {"status": "quarantined", "errors": broken.errors}
            await send_json(send, 202, json.dumps(answer).encode())
            self._logger.warning("quarantined", type=broken.type, errors=broken.errors)
        except LogUnavailable as trouble:
            await self._give_up(send, body, str(trouble), trouble.retry_after_seconds)
        except asyncio.CancelledError:
            await self._give_up(send, body, "the receiver is being stopped", _OUR_TROUBLE_SECONDS)
        except Exception as bug:
            await self._give_up(send, body, "a bug", _OUR_TROUBLE_SECONDS)
            self._tell_of(bug)
        else:
            self._tally.ended["accepted"] += 1
            await send_json(send, 202, b'{"id": %b, "status": "accepted"}' % to_json(event_id))
            self._logger.debug("accepted", event_id=event_id)

    async def _accept(self, value: bytes, headers: RequestHeaders, admission: Admission, task: Task) -> str:
        """The `ce_id` of what is now in the log. What it refuses of a body, it has kept aside before."""
        provider = self._provider
        try:
            identity = provider.identify(value, admission.channel)
        except (NotAnEvent, BrokenEvent) as refusal:
            await self._keep_aside(value, headers, admission, task, refusal)
            raise
        except Exception as bug:
            # Nothing authentic is lost or refused because of us: it waits among the dead letters.
            broken = BrokenEvent("unreadable", [f"it could not be read: {type(bug).__name__}"])
            await self._keep_aside(value, headers, admission, task, broken)
            self._tell_of(bug)
            raise broken from bug
        record = attributes.accepted(provider.name, headers, admission, identity, self._clock)
        started = perf_counter()
        await self._append(task, topics.WEBHOOKS, identity.key, value, record)
        self._tally.appended(perf_counter() - started)
        return record["ce_id"]

    async def _keep_aside(
        self,
        value: bytes,
        headers: RequestHeaders,
        admission: Admission,
        task: Task,
        refusal: NotAnEvent | BrokenEvent,
    ) -> None:
        record = attributes.quarantined(self._provider.name, headers, admission, refusal, value, self._clock)
        key = refusal.key if isinstance(refusal, BrokenEvent) else ""
        await self._append(task, topics.DEAD_LETTERS, key, value, record)

    async def _append(self, task: Task, topic: str, key: str, value: bytes, headers: Headers) -> None:
        """At least once: when the time is up, the record may be written all the same."""
        try:
            append = self._log.append(topic, key=key, value=value, headers=headers)
            await self._appending.wait(append, task)
        except TimeoutError:
            raise LogUnavailable("the log did not answer in time") from None

    def _tell_of(self, bug: Exception) -> None:
        """Its name and its way here, not its text: that may hold what came."""
        self._logger.error("bug", error=type(bug).__name__, where=format_tb(bug.__traceback__))

    async def _refuse(self, send: Send, body: Body, outcome: Outcome, problem: Problem, reason: str) -> None:
        self._tally.ended[outcome] += 1
        await send_problem(send, problem, before_closing=None if body.whole else body.drain)
        self._logger.warning("refused", status=problem.status.value, reason=reason)

    async def _give_up(self, send: Send, body: Body, reason: str, retry_after_seconds: float) -> None:
        retry_after = b"%d" % ceil(retry_after_seconds)
        problem = Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "It could not be made durable: send it again.",
            [(b"retry-after", retry_after)],
        )
        await self._refuse(send, body, "unavailable", problem, reason)


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    by_name = dict(headers)
    if len(by_name) != len(headers):
        by_name = {}
        for name, value in headers:
            by_name[name] = b"%b, %b" % (by_name[name], value) if name in by_name else value
    return by_name
