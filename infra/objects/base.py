"""The object store: what every implementation promises, each promise stated once in
`tests/contracts/objects`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`name` as given to the store, `size` in bytes.

    `version` is one store's own word for just this object: another one under its name has another, unless it
    holds the same bytes. Uploads and `stat` tell it, `list` does not.
    """

    name: str
    size: int
    version: str = field(default="", compare=False)


Replace = bool | StoredObject
"""What an upload may replace: nothing, whatever has its name, or just the one that `stat` told of."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many unfinished uploads were removed, and the bytes that they held."""

    uploads: int
    size: int


class ObjectExists(Exception):
    """There is an object of that name already, and it was not to be replaced."""


class ObjectChanged(Exception):
    """The one object that was to be replaced is not there any more: another one is, or none."""


class Upload(Protocol):
    async def write(self, chunk: bytes) -> None:
        """Add bytes. Raises `Halt` when the store is full or refuses us, `Retryable` when it is not there."""

    async def finish(self) -> StoredObject:
        """The object is now there, whole and durable. Raises `ObjectExists` or `ObjectChanged`: nothing has
        changed then."""


class ObjectStore(Protocol):
    """An object is there whole or not at all, also after kill -9.

    Names are relative paths with "/" between segments. Ids that came from outside must have been made safe by
    `safe_segment` before; one that `infra/objects/names.py` does not take is a `ValueError`.
    """

    def begin(
        self, name: str, *, media_type: str, replace: Replace = False
    ) -> AbstractAsyncContextManager[Upload]:
        """An upload. Leaving the context without `finish` leaves nothing behind."""

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        """A small object in one go. Raises as `Upload` does."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Its bytes, in chunks. Raises `FileNotFoundError`."""

    async def stat(self, name: str) -> StoredObject | None:
        """Null where there is none."""

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """All whose names start with `prefix`, in order of their names; no uploads that still run."""

    async def delete(self, name: str) -> None:
        """Gone on return; deleting what is not there is no error."""

    def url(self, name: str) -> str:
        """Where a person or another program finds it (`file:///…`, `s3://bucket/…`)."""

    async def probe(self) -> None:
        """Return if an upload would succeed now, raise `Halt` or `Retryable` otherwise."""

    async def setup(self) -> None:
        """Create what is missing, and sweep. Safe to repeat."""

    async def sweep(self, older_than_seconds: float) -> Swept:
        """Remove what is left of uploads whose processes were killed, the last byte of which came longer ago
        than that: uploads below this store only, none that still runs.

        A folder knows which of them run, S3 does not: there the bound must be longer than any upload waits
        for its next 8 MiB. `setup` sweeps what is a day old.
        """
