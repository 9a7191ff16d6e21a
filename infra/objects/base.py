"""The object store: what every implementation promises, each promise stated once in
`tests/contracts/objects`."""

from collections.abc import AsyncIterator, Collection
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
    @property
    def id(self) -> str:
        """What `resume` and `discard` find it by, in any process: opaque, at most 500 characters. Empty where
        the upload is not resumable."""

    @property
    def saved(self) -> int:
        """So many bytes from the beginning outlive this process and a power cut, for `resume` to go on from:
        fewer than were written, and always 0 where the upload is not resumable.

        A folder promises this of the machine's own disk. S3 promises it of whole parts; of the part that
        fills, only that it outlives the process.
        """

    async def write(self, *chunks: bytes) -> None:
        """Add bytes, in this order. Raises `Halt` when the store is full or refuses us, `Retryable` when it
        is not there or the upload was discarded. After an error there is nothing to do but to leave."""

    async def finish(self) -> StoredObject:
        """The object is now there, whole and durable. Raises `ObjectExists` or `ObjectChanged`: nothing has
        changed then. `Retryable` as in `write`."""


class ObjectStore(Protocol):
    """An object is there whole or not at all, also after kill -9.

    Names are relative paths with "/" between segments. Ids that came from outside must have been made safe by
    `safe_segment` before; one that `infra/objects/names.py` does not take is a `ValueError`.
    """

    def begin(
        self, name: str, *, media_type: str, replace: Replace = False, resumable: bool = False
    ) -> AbstractAsyncContextManager[Upload]:
        """An upload. Leaving the context without `finish` leaves nothing behind, or, of a resumable one, all
        that was written: until it is finished, discarded or swept."""

    def resume(
        self, name: str, upload_id: str, *, media_type: str, saved: int
    ) -> AbstractAsyncContextManager[Upload | None]:
        """Go on with a resumable upload, in whatever process: what comes next is the byte at its `saved`.

        `saved` is the last that its writer was told and wrote down. Less may be there, and more, of which
        only what is surely right is kept: every byte that a killed process wrote, on its machine, as long as
        that has not started again (which Linux tells). It is resumable again, and replaces nothing when it
        is finished.

        Null where nothing of it is left, also because it was finished (`stat` tells), where a living
        process writes it, though that may be frozen, and where `upload_id` is not one of this store's.
        """

    async def discard(self, name: str, upload_id: str) -> None:
        """What is left of a resumable upload is gone on return; that there is none is no error.

        It is taken from a process that still writes it, too: there `write` or, at the latest, `finish`
        raises `Retryable`.
        """

    async def put(self, name: str, data: bytes, *, media_type: str, replace: Replace = False) -> StoredObject:
        """A small object in one go. Raises as `Upload` does."""

    def read(self, name: str, *, first: int = 0) -> AsyncIterator[bytes]:
        """Its bytes from offset `first` on, in chunks; none where it has no more than that. Raises
        `FileNotFoundError`."""

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
        """Create what is missing. Safe to repeat, and in nobody's way: what was left behind is `sweep`'s."""

    async def sweep(self, older_than_seconds: float, *, keep: Collection[str] = ()) -> Swept:
        """Remove what is left of uploads that nobody goes on with, the last byte of which came longer ago
        than that: uploads below this store only, none that still runs, and none of the ids in `keep`, which
        are those that somebody has written down to resume.

        A folder knows which of them run, S3 does not: there the bound must be longer than any upload waits
        for its next 8 MiB.
        """
