"""The receiver's HTTP surface: webhook URLs straight to their routes, everything else through Starlette."""

import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from infra.eventlog.base import MAX_RECORD_BYTES, EventLog
from receiver import pages
from receiver.admission import Scheme
from receiver.body import BodyLimits
from receiver.deadline import Deadline
from receiver.webhooks import WebhookRoute
from schemas.providers import PROVIDERS, ProviderSchema


async def nothing_degraded() -> Mapping[str, str]:
    return {}


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
) -> ASGIApp:
    """An ASGI application for one event loop.

    `schemes` by provider: one that has none is answered 404. A body must come whole in `body_seconds` and
    never stand still for `body_idle_seconds`. Meeting BaaS v1 waits 5 s for an answer: `append_seconds`,
    after which it is 503, must stay below that. `clock` gives seconds since 1970. `degraded` says what is
    away although events are accepted, a sentence for each part; it must not raise. `metrics` makes the page
    in Prometheus's text format.
    """
    if max_body_bytes > MAX_RECORD_BYTES:
        raise ValueError(f"max_body_bytes may be {MAX_RECORD_BYTES} at most: the log takes no larger record.")
    limits = BodyLimits(max_body_bytes, body_seconds, Deadline(body_idle_seconds))
    appending = Deadline(append_seconds)
    routes = {
        name: WebhookRoute(
            providers[name], scheme, log, limits=limits, appending=appending, clock=clock
        ).answer
        for name, scheme in schemes.items()
    }
    by_path = {f"/webhooks/{name}{end}": route for name, route in routes.items() for end in ("", "/")}
    stranger = pages.stranger(max_body_bytes)
    others = pages.create(log, degraded, probe_seconds=append_seconds, metrics=metrics)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return others(scope, receive, send)
        path = scope["path"]
        return (by_path.get(path) or other_spelling(path))(scope, receive, send)

    def other_spelling(path: str) -> ASGIApp:
        """Senders get the slashes of a URL wrong, and some turn a redirected POST into an empty GET."""
        first, *rest = [segment for segment in path.split("/") if segment] or [""]
        if first != "webhooks" or not rest:
            return others
        return routes.get(rest[0], stranger) if len(rest) == 1 else stranger

    return app
