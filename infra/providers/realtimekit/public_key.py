"""The key with which RealtimeKit signs for all its customers, as it publishes it.

Source: https://github.com/cloudflare/cloudflare-docs at 1ab5188:
`src/content/docs/realtime/realtimekit/webhooks.mdx`. It has no name, no end and no announced successor: that
it has changed shows in signatures that fail.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import structlog

from infra.errors import Retryable
from schemas.lenient import text

if TYPE_CHECKING:
    import aiohttp
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_MOST_BYTES: Final = 64 * 1024
_LEAST_BITS: Final = 2048

log = structlog.get_logger()


class PublicKey:
    """The last good key, kept in `file` for the next start, asked for at `url` every `every_seconds` at most.

    `url` may be `file:///…` with a key of our own in PEM, a private one too: that is for trying.
    Of use while `opened` is entered; for one event loop.
    """

    def __init__(
        self,
        url: str,
        file: Path,
        *,
        every_seconds: float = 60,
        timeout_seconds: float = 2,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._url = url
        self._file = file
        self._every_seconds = every_seconds
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._key: RSAPublicKey | None = None
        self._pem: str | None = None
        self._asked_at: float | None = None
        self._trouble: Retryable | None = None
        self._asking = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Begins with what is on disk, else by asking; having none yet is no error."""
        import aiohttp  # slow to load, as is `cryptography`: who does not use this sender pays for neither

        timeout = aiohttp.ClientTimeout(total=self._timeout_seconds)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            self._session = session
            await self._read()
            if self._key is None:
                with suppress(Retryable):
                    await self.ask()
            yield

    def trouble(self) -> str:
        """Why there is no key to judge by, and what to do; "" where there is one."""
        if self._key is not None:
            return ""
        why = f" {self._trouble}" if self._trouble is not None else ""
        return (
            "RealtimeKit's webhooks are answered 503, for its public key cannot be fetched and none is kept"
            f" from before: see that ADJOURN_REALTIMEKIT_PUBLIC_KEY_URL can be reached from here.{why}"
        )

    def signed(self, signature: bytes, body: bytes) -> bool:
        """Whether RSASSA-PKCS1-v1_5 with SHA-256 says so, by the key that we have; no key says no."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        if self._key is None:
            return False
        try:
            self._key.verify(signature, body, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    async def ask(self) -> None:
        """The key is the one that is published now, or was a moment ago, on return.

        Raises `Retryable` where it cannot be had; the last good one stays.
        """
        async with self._asking:
            if self._asked_at is None or self._clock() - self._asked_at >= self._every_seconds:
                try:
                    await self._take(await self._published())
                    self._trouble = None
                except Retryable as exc:
                    self._trouble = exc
                    log.warning("key_not_fetched", provider="realtimekit", reason=str(exc))
                self._asked_at = self._clock()
            if self._trouble is not None:
                again = self._every_seconds - (self._clock() - self._asked_at)
                raise Retryable(str(self._trouble), max(again, 1)) from self._trouble

    async def _published(self) -> str:
        """The key in PEM, as it stands there."""
        if self._url.startswith("file:"):
            return await asyncio.to_thread(_own, Path(unquote(urlsplit(self._url).path)))
        from infra.providers.asking import ask

        assert self._session is not None
        answer = await ask(self._session, "GET", self._url, {}, max_bytes=_MOST_BYTES)
        if answer.status != 200:
            raise Retryable(f"The public key was answered with {answer.status}.")
        found = answer.fields().get("data")
        pem = text(found.get("publicKey")) if isinstance(found, dict) else None
        if pem is None:
            raise Retryable("The answer holds no public key (`data.publicKey`).")
        return pem

    async def _take(self, pem: str) -> None:
        if pem == self._pem:
            return
        self._key = _key(pem)
        self._pem = pem
        log.info("key_fetched", provider="realtimekit")
        try:
            await asyncio.to_thread(self._write, pem)
        except OSError as exc:
            log.warning("key_not_kept", provider="realtimekit", reason=exc.strerror)

    async def _read(self) -> None:
        """What another place published is no key of this one."""
        try:
            kept = json.loads(await asyncio.to_thread(self._file.read_bytes))
            if kept["url"] == self._url:
                self._key, self._pem = _key(kept["pem"]), kept["pem"]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError, Retryable):
            log.warning("key_not_read", provider="realtimekit", file=str(self._file))

    def _write(self, pem: str) -> None:
        """Whole or not at all: other processes read it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        unfinished.write_text(json.dumps({"url": self._url, "pem": pem}))
        unfinished.replace(self._file)


def _key(pem: str) -> "RSAPublicKey":
    """Raises `Retryable`: whatever stands there now, a key that can be relied on will again."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise Retryable("What is published as the public key is none.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
        raise Retryable(f"The public key is no RSA key of {_LEAST_BITS} bits or more.")
    return key


def _own(file: Path) -> str:
    from infra.providers.realtimekit.own_key import public_half

    try:
        return public_half(file.read_bytes())
    except OSError as exc:
        raise Retryable(f"The file of the public key cannot be read ({exc.strerror}).") from exc
    except ValueError as exc:
        raise Retryable("The file of the public key holds no key in PEM.") from exc
