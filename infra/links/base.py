"""Reading a link that came from outside: which addresses, how much, how long."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Download(Protocol):
    """An answer that has begun: its head is here, its body is not.

    `length` is the announced size in bytes, null where the source gives none. `media_type` is what the source
    claims, "" where it claims nothing.
    """

    @property
    def length(self) -> int | None: ...

    @property
    def media_type(self) -> str: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, once. Ends only when it is complete as announced.

        Raises `Retryable` when it stops early or makes no progress, `Poison` when it is larger than allowed.
        """


class Links(Protocol):
    def open(self, url: str) -> AbstractAsyncContextManager[Download]:
        """Ask for a link, following redirects to allowed addresses only.

        Raises `Poison` (not http(s), a private address, gone: 401, 403, 404, 410, redirected for ever) and
        `Retryable` (no answer, 408, 429, 5xx). No text of an error holds the link's query.
        """
