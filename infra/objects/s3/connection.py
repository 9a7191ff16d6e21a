"""Calls to an S3 server, each in one of a few threads of their own.

boto3 blocks, and takes a third of a second to begin with: nothing of it runs on the event loop, and a server
that hangs holds none of the threads that others wait for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from infra.errors import Halt
from infra.objects.s3.errors import s3_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS: Final = 12
_ATTEMPTS: Final = 3
_CONNECT_SECONDS: Final = 5

T = TypeVar("T")


class S3Connection:
    """`place` is what error texts call the store. A server that hangs is given up after three times
    `idle_timeout_seconds`, and a few seconds between."""

    def __init__(self, place: str, *, idle_timeout_seconds: float) -> None:
        self._place = place
        self._idle_timeout_seconds = idle_timeout_seconds
        self._threads = ThreadPoolExecutor(_THREADS, "s3")
        self._making = Lock()
        self._made: S3Client | None = None

    async def call(self, work: Callable[["S3Client"], T]) -> T:
        """What `work` returns. Raises `Halt` or `Retryable` for what boto3 raises. Cancelled, it goes on."""
        return await asyncio.wrap_future(self.start(work))

    async def pages(self, operation: Any, **asked: Any) -> AsyncIterator[dict[str, Any]]:
        """All answers to an operation that lists, one after another."""

        def begin(client: "S3Client") -> Iterator[dict[str, Any]]:
            return iter(client.get_paginator(operation).paginate(**asked))

        pages = await self.call(begin)
        while (page := await self.call(lambda _: next(pages, None))) is not None:
            yield page

    def start(self, work: Callable[["S3Client"], T]) -> Future[T]:
        """As `call`. Can be cancelled until it has begun, and tells when it has ended."""
        return self._threads.submit(self._run, work)

    def _run(self, work: Callable[["S3Client"], T]) -> T:
        with s3_errors(self._place):
            return work(self._client())

    def _client(self) -> "S3Client":
        with self._making:
            if self._made is None:
                self._made = _make(self._place, self._idle_timeout_seconds)
            return self._made


async def unless_cancelled(future: Future[T], undo: Callable[[T], object]) -> T:
    """What `future` gives; what it gives to nobody, because we are cancelled, is undone."""

    def undone(ended: Future[T]) -> None:
        if not ended.cancelled() and ended.exception() is None:
            undo(ended.result())

    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        future.add_done_callback(undone)
        raise


def is_aws(client: "S3Client") -> bool:
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _make(place: str, idle_timeout_seconds: float) -> "S3Client":
    """By AWS's own chain of environment, profiles and roles. Others' servers are asked by path: the name of
    a bucket in front of theirs is rarely known to anyone."""
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=idle_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        max_pool_connections=_THREADS,
        # Each upload brings a checksum of its own; those that boto3 would add are unknown to many servers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # A body goes with its CRC-32, which is signed. Over TLS boto3 leaves it at that; without TLS it reads
        # all of it once more, for a sha256: a quarter of what an upload costs.
        s3={"payload_signing_enabled": False},
    )
    try:
        session = Session()
        client = session.client("s3", config=config)
        if not is_aws(client):
            by_path = config.merge(Config(s3={"payload_signing_enabled": False, "addressing_style": "path"}))
            client = session.client("s3", config=by_path)
    except ValueError as exc:
        raise Halt(
            f"The endpoint for {place} is not the URL of a server: set the right AWS_ENDPOINT_URL, "
            "then start again."
        ) from exc
    except BotoCoreError as exc:
        raise Halt(
            f"What AWS_* variables and files say cannot be used for {place} ({type(exc).__name__}): "
            "set it right, then start again."
        ) from exc
    return client
