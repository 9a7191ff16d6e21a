"""One provider's webhook URL: prove whose it is, name it, append its bytes, answer. The one hot path.

Plain ASGI or less, because routing, `Request` and `Response` cost as much as all that is done here. This is
also the one place where errors become HTTP statuses.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
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
from receiver.admission import (
    Admission,
    NoEvent,
    RequestHeaders,
    Scheme,
    Unauthentic,
    Unjudged,
    headers_by_name,
)
from receiver.answers import Problem, send_json, send_problem
from receiver.body import BodyLimits, ClientGone, TooLarge, TooSlow, drain, read
from receiver.deadline import Deadline
from receiver.metrics import TALLIES, Outcome
from receiver.shortcut import Pending
from schemas import topics
from schemas.envelope import Headers
from schemas.identity import BrokenEvent, NotAnEvent
from schemas.provider import ProviderSchema

Task = asyncio.Task[Any]

_METHODS: Final = frozenset({"POST", "PUT"})
_METHODS_SENT: Final = frozenset(method.encode() for method in _METHODS)
_WRONG_METHOD: Final = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED, "Webhooks are posted here: use POST or PUT.", [(b"allow", b"POST, PUT")]
)
_UNAUTHENTIC: Final = Problem(HTTPStatus.UNAUTHORIZED, "No credential of this request is one that we accept.")
_TOO_SLOW: Final = Problem(HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time.")
_NOT_AN_EVENT: Final = Problem(HTTPStatus.BAD_REQUEST, "The body is not a JSON object. It has been kept.")
_NOT_DURABLE: Final = "It could not be made durable: send it again."
_NOT_JUDGED: Final = "Whose it is cannot be told now: send it again."
_OUR_TROUBLE_SECONDS: Final = 5
_NO_ANSWER: Final = "the log did not answer in time"


class WebhookRoute:
    """`answer` is an ASGI application, `shortcut` a way around it for most of what comes.

    `appending` bounds an append; `clock` gives seconds since 1970.
    """

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
        self._attributes = attributes.accepted_from(provider.name)
        self._judge = scheme.judge
        self._taken = scheme.taken.value
        self._log = log
        self._limits = limits
        self._appending = appending
        self._clock = clock
        self._logger: FilteringBoundLogger = structlog.get_logger().bind(provider=provider.name)
        self._tells_all = self._logger.is_enabled_for(logging.DEBUG)
        self._tally = TALLIES.of(provider.name)

    def shortcut(self, method: bytes, headers: RequestHeaders, body: bytes, pending: Pending) -> bool:
        """What `answer` does with an event that is accepted. All else is left to that, as if not seen yet."""
        if method not in _METHODS_SENT or len(body) > self._limits.max_bytes:
            return False
        try:
            admission = self._judge(headers, self._clock(), ())
            if admission.prove is not None:
                admission.prove(body)
            identity = self._provider.identify(body, admission.channel)
            record = self._attributes(headers, admission, identity, self._clock)
            append = self._log.append(topics.WEBHOOKS, key=identity.key, value=body, headers=record)
        except Exception:
            return False
        durable = append if isinstance(append, asyncio.Future) else asyncio.ensure_future(append)
        began = perf_counter()

        def end(durable: asyncio.Future[None]) -> None:
            timed_out = self._appending.end(durable)
            try:
                durable.result()
            except (Exception, asyncio.CancelledError) as exc:
                trouble = LogUnavailable(_NO_ANSWER) if timed_out else exc
                pending.leave(lambda _, __, send: self._answer_otherwise(trouble, send, None))
            else:
                self._tally.body_bytes += len(body)
                pending.respond(self._accepted(record["ce_id"], admission, perf_counter() - began))

        self._appending.begin(durable)
        durable.add_done_callback(end)
        return True

    async def answer(self, path: Sequence[str], scope: Scope, receive: Receive, send: Send) -> None:
        """`path` is what follows the provider's name in the URL.

        Never raises because of the request, the log or a bug: each of them has its status.
        """
        task = asyncio.current_task()
        assert task is not None
        unread: Receive | None = receive
        try:
            if scope["method"] not in _METHODS:
                await self._refuse(send, unread, "wrong_method", _WRONG_METHOD, scope["method"])
                return
            headers = headers_by_name(scope["headers"])
            admission = self._judge(headers, self._clock(), path)
            value = await read(receive, headers.get(b"content-length"), self._limits, task)
            unread = None
            if len(value) > self._limits.max_bytes:
                raise TooLarge
            await _prove(admission, value)
            self._tally.body_bytes += len(value)
            answer = await self._accept(value, headers, admission, task)
        except (Exception, asyncio.CancelledError) as ending:
            await self._answer_otherwise(ending, send, unread)
        else:
            await send_json(send, self._taken, answer)

    async def _accept(self, value: bytes, headers: RequestHeaders, admission: Admission, task: Task) -> bytes:
        """The answer. What it refuses of a body, it has kept aside before."""
        try:
            identity = self._provider.identify(value, admission.channel)
        except Exception as refusal:
            await self._keep_aside(value, headers, admission, task, refusal)
            raise
        record = self._attributes(headers, admission, identity, self._clock)
        began = perf_counter()
        await self._append(task, topics.WEBHOOKS, identity.key, value, record)
        return self._accepted(record["ce_id"], admission, perf_counter() - began)

    async def _append(self, task: Task, topic: str, key: str, value: bytes, headers: Headers) -> None:
        """At least once: when the time is up, the record may be written all the same."""
        try:
            append = self._log.append(topic, key=key, value=value, headers=headers)
            await self._appending.wait(append, task)
        except TimeoutError:
            raise LogUnavailable(_NO_ANSWER) from None

    def _accepted(self, event_id: str, admission: Admission, append_seconds: float) -> bytes:
        """Count it. The answer."""
        self._tally.ended["accepted"] += 1
        self._tally.appended(append_seconds)
        if self._tells_all:
            self._logger.debug("accepted", event_id=event_id)
        if admission.delivery_id:
            return b'{"id": %b, "status": "accepted"}' % to_json(event_id)
        return b'{"id": "%b", "status": "accepted"}' % event_id.encode()  # it is ours, and needs no escaping

    async def _answer_otherwise(self, ending: BaseException, send: Send, unread: Receive | None) -> None:
        """What `ending` is to the sender. `unread` is where what it still sends comes from, if anything."""
        match ending:
            case ClientGone():
                self._tally.ended["client_gone"] += 1
                self._logger.info("client_gone")
            case Unauthentic():
                await self._refuse(send, unread, "unauthentic", _UNAUTHENTIC, str(ending))
            case TooLarge():
                limit = self._limits.max_bytes
                problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {limit} bytes.")
                await self._refuse(send, unread, "too_large", problem, f"over {limit} bytes")
            case TooSlow():
                await self._refuse(send, unread, "too_slow", _TOO_SLOW, "the body did not come in time")
            case NotAnEvent():
                await self._refuse(send, unread, "unreadable", _NOT_AN_EVENT, str(ending))
            case BrokenEvent():
                self._tally.ended["quarantined"] += 1
                answer = {"status": "quarantined", "errors": ending.errors}
                await send_json(send, self._taken, json.dumps(answer).encode())
                self._logger.warning("quarantined", type=ending.type, errors=ending.errors)
            case NoEvent():
                self._tally.ended["no_event"] += 1
                if unread is not None:
                    await drain(unread, self._limits.max_bytes)
                await send_json(send, 200, ending.answer)
                self._logger.info("no_event", reason=str(ending))
            case Unjudged():
                await self._give_up(send, unread, str(ending), ending.retry_after_seconds, _NOT_JUDGED)
            case LogUnavailable():
                await self._give_up(send, unread, str(ending), ending.retry_after_seconds)
            case asyncio.CancelledError():
                await self._give_up(send, unread, "the receiver is being stopped", _OUR_TROUBLE_SECONDS)
            case _:
                await self._give_up(send, unread, "a bug", _OUR_TROUBLE_SECONDS)
                self._tell_of(ending)

    async def _keep_aside(
        self,
        value: bytes,
        headers: RequestHeaders,
        admission: Admission,
        task: Task,
        refusal: Exception,
    ) -> None:
        """Among the dead letters: nothing authentic is lost, be it because of the sender or because of us."""
        bug = None
        if not isinstance(refusal, NotAnEvent | BrokenEvent):
            bug = refusal
            refusal = BrokenEvent("unreadable", [f"it could not be read: {type(bug).__name__}"])
        record = attributes.quarantined(self._provider.name, headers, admission, refusal, value, self._clock)
        key = refusal.key if isinstance(refusal, BrokenEvent) else ""
        await self._append(task, topics.DEAD_LETTERS, key, value, record)
        if bug is not None:
            self._tell_of(bug)
            raise refusal from bug

    def _tell_of(self, bug: BaseException) -> None:
        """Its name and its way here, not its text: that may hold what came."""
        self._logger.error("bug", error=type(bug).__name__, where=format_tb(bug.__traceback__))

    async def _refuse(
        self, send: Send, unread: Receive | None, outcome: Outcome, problem: Problem, reason: str
    ) -> None:
        self._tally.ended[outcome] += 1
        draining = None if unread is None else partial(drain, unread, self._limits.max_bytes)
        await send_problem(send, problem, before_closing=draining)
        self._logger.warning("refused", status=problem.status.value, reason=reason)

    async def _give_up(
        self,
        send: Send,
        unread: Receive | None,
        reason: str,
        retry_after_seconds: float,
        detail: str = _NOT_DURABLE,
    ) -> None:
        retry_after = b"%d" % ceil(retry_after_seconds)
        problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, [(b"retry-after", retry_after)])
        await self._refuse(send, unread, "unavailable", problem, reason)


async def _prove(admission: Admission, value: bytes) -> None:
    if admission.prove is None:
        return
    try:
        admission.prove(value)
    except Unauthentic:
        if admission.prove_anew is None:
            raise
        await admission.prove_anew(value)
