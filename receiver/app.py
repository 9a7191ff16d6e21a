"""The receiver's HTTP surface: webhook URLs straight to their routes, everything else through Starlette."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from infra.eventlog.base import MAX_RECORD_BYTES, EventLog
from receiver import pages
from receiver.admission import Scheme
from receiver.body import BodyLimits
from receiver.deadline import Deadline
from receiver.shortcut import Shortcut
from receiver.webhooks import WebhookRoute
from schemas.provider import ProviderSchema
from schemas.providers import PROVIDERS


async def nothing_degraded() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class ReceiverApp:
    """An ASGI application.

    `shortcuts`, by the target of a request as it is sent, lead to the same where the server knows of them;
    there are some for senders that are answered 202.
    """

    asgi: ASGIApp
    shortcuts: Mapping[bytes, Shortcut]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self.asgi(scope, receive, send)


def create_app(
    *,
    log: EventLog,
    schemes: Mapping[str, Scheme],
    providers: Mapping[str, ProviderSchema] = PROVIDERS,
    max_body_bytes: int = MAX_RECORD_BYTES,
    body_idle_seconds: float = 20,
    body_seconds: float = 60,
    append_seconds: float = 4,
    clock: Callable[[], float] = time.time,
    degraded: Callable[[], Awaitable[Mapping[str, str]]] = nothing_degraded,
    metrics: Callable[[], Awaitable[bytes]] = pages.own_metrics,
) -> ReceiverApp:
    """For one event loop.

    `schemes` by provider, each within its lifetime: who has none is answered 404. A body must come whole in
    `body_seconds` and never stand still for `body_idle_seconds`. Some senders wait 5 s for an answer:
    `append_seconds`, after which it is 503, must stay below that. `clock` gives seconds since 1970.
    `degraded` says what is away although events are accepted, a sentence for each part; it must not raise.
    `metrics` makes the page in Prometheus's text format.
    """
    if max_body_bytes > MAX_RECORD_BYTES:
        raise ValueError(f"max_body_bytes may be {MAX_RECORD_BYTES} at most: the log takes no larger record.")
    limits = BodyLimits(max_body_bytes, body_seconds, Deadline(body_idle_seconds))
    appending = Deadline(append_seconds)
    routes = {
        name: WebhookRoute(providers[name], scheme, log, limits=limits, appending=appending, clock=clock)
        for name, scheme in schemes.items()
    }
    stranger = pages.stranger(max_body_bytes)
    others = pages.create(log, degraded, probe_seconds=append_seconds, metrics=metrics)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        responsible = by_path(scope["path"]) if scope["type"] == "http" else others
        return responsible(scope, receive, send)

    def by_path(path: str) -> ASGIApp:
        """Senders get the slashes of a URL wrong, and some turn a redirected POST into an empty GET."""
        first, *rest = [segment for segment in path.split("/") if segment] or [""]
        if first != "webhooks" or not rest:
            return others
        name, *path_of_provider = rest
        if name not in routes or (path_of_provider and not schemes[name].has_paths):
            return stranger
        return partial(routes[name].answer, path_of_provider)

    shortcuts = {
        f"/webhooks/{name}{end}".encode(): routes[name].shortcut
        for name, scheme in schemes.items()
        if scheme.taken is HTTPStatus.ACCEPTED
        for end in ("", "/")
    }
    return ReceiverApp(app, shortcuts)
