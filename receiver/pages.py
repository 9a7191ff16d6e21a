"""What is not a webhook: `/healthz`, `/readyz`, `/metrics`, and problem+json for what is not there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.errors import LogUnavailable
from infra.eventlog.base import EventLog
from receiver.answers import PROBLEM_JSON, Problem, send_problem
from receiver.body import drain
from receiver.metrics import TALLIES

_NO_SUCH_PROVIDER = Problem(HTTPStatus.NOT_FOUND, "No provider of this name is configured here.")


async def own_metrics() -> bytes:
    """What this process tells of itself."""
    return generate_latest()


def create(
    log: EventLog,
    degraded: Callable[[], Awaitable[Mapping[str, str]]],
    *,
    probe_seconds: float,
    metrics: Callable[[], Awaitable[bytes]] = own_metrics,
) -> Starlette:
    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        parts = await degraded()
        try:
            async with asyncio.timeout(probe_seconds):
                await log.probe()
        except (LogUnavailable, TimeoutError) as trouble:
            reason = str(trouble) or "the log did not answer in time"
            problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"No event can be accepted: {reason}")
            return _problem(problem, degraded=parts)
        return JSONResponse({"status": "degraded" if parts else "ready", "degraded": parts})

    async def metrics_page(_: Request) -> Response:
        return Response(await metrics(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def not_here(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = Problem(HTTPStatus(error.status_code), "There is nothing here, or not by this method.")
        return _problem(problem, error.headers)

    async def bug(_: Request, __: Exception) -> Response:
        return _problem(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault, see the log."))

    app = Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics_page)],
        exception_handlers={HTTPException: not_here, Exception: bug},
    )
    app.router.redirect_slashes = False
    return app


def stranger(max_body_bytes: int) -> ASGIApp:
    """Answers a webhook URL of nobody whom we know."""
    tally = TALLIES.of("unknown")

    async def refuse(_: Scope, receive: Receive, send: Send) -> None:
        tally.ended["unknown_provider"] += 1
        await send_problem(send, _NO_SUCH_PROVIDER, before_closing=partial(drain, receive, max_body_bytes))

    return refuse


def _problem(problem: Problem, headers: Mapping[str, str] | None = None, **more: object) -> Response:
    return Response(problem.body(**more), problem.status.value, headers, PROBLEM_JSON)
