"""Reading a link that came from outside: which addresses, which part of the file, how much, how long."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from infra.errors import Poison, Retryable


class DeadLink(Poison):
    """The link is refused, by an answer of this `status`: a fresh one from the provider may be followed."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class FileChanged(Retryable):
    """The link no longer leads to the file that was begun: none of what came before may be kept."""


@dataclass(frozen=True, slots=True)
class Validator:
    """By what a file is known again, as its first `Download` told it: null for what it did not tell.

    `etag` is a strong one. `modified` is looked at only where there is none. `length` is the whole file's.
    """

    etag: str | None = None
    modified: str | None = None
    length: int | None = None


class Download(Protocol):
    """An answer that has begun: its head is here, its body is not.

    length       of the whole file in bytes, whichever part comes; null where the source tells none
    first        the offset of the first byte that `chunks` gives: 0 where the source gives no parts
    etag         a strong validator as it was sent, at most 200 characters; null for none or a weak one
    modified     the date of the last change as it was sent; null for none, or what is no date
    ranges       whether the source gives parts of this file
    media_type   what the source claims, "" where it claims nothing
    """

    @property
    def length(self) -> int | None: ...

    @property
    def first(self) -> int: ...

    @property
    def etag(self) -> str | None: ...

    @property
    def modified(self) -> str | None: ...

    @property
    def ranges(self) -> bool: ...

    @property
    def media_type(self) -> str: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from `first` on, once, in order. Ends only when all that was asked for came.

        Raises `Retryable` when it stops early or makes no progress (`FileChanged` when what is there by now
        is another file), `Poison` when the file is larger than allowed. A link that dies meanwhile is a
        `Retryable` here: it is a `DeadLink` when it is opened again.
        """


def known_again(answer: Download) -> bool:
    """Whether a part of just this file can be asked for later on."""
    return answer.ranges and (answer.etag is not None or answer.modified is not None)


class Links(Protocol):
    def open(
        self, url: str, *, first: int = 0, last: int | None = None, unchanged: Validator | None = None
    ) -> AbstractAsyncContextManager[Download]:
        """Ask for a file or for its bytes from `first` to `last`, following redirects to allowed addresses.

        More than the beginning of a file needs `unchanged`: a part comes only from a file that is surely the
        same. The whole file comes (`Download.first` is 0) where the source gives no parts, and where
        `unchanged` has neither `etag` nor `modified`.

        Raises `DeadLink`, `FileChanged`, `Poison` (not http(s), a private address, redirected for ever, too
        large) and `Retryable` (no answer, 408, 429, 5xx, another part than was asked for). No text of an
        error holds the link's query.
        """
