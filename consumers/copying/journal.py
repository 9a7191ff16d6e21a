"""What is written down of a copy while it runs, so that whoever comes after it can go on with it.

A row belongs to one upload: who finds it gone, or with another upload, has lost the copy to a worker that
took it over, or its meeting was forgotten.
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from consumers.base import Services
from consumers.copying.wanted import Wanted
from consumers.forgotten import Forgotten, writing_of
from infra.clock import wall_clock_ms
from infra.database.downloads import (
    UnfinishedDownload,
    add_download,
    find_download,
    remove_download,
    update_download,
)
from infra.errors import Retryable

_NOTE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.25

log = structlog.get_logger()


class Lost(Retryable):
    """The copy is ours no more: another worker took it over, or nobody wants it. Nothing of it is left."""


@dataclass(slots=True)
class Journal:
    """Of one copy that was begun. Where its upload cannot be resumed nothing is written down at all."""

    wanted: Wanted
    services: Services
    download: UnfinishedDownload
    _noted_at: float = field(default_factory=lambda: _now())
    _noting: asyncio.Task[None] | None = None

    @property
    def is_written(self) -> bool:
        return self.download.upload_id != ""

    async def begin(self) -> bool:
        """Write down that it begins; false where another worker was quicker. Nothing is left of it then, nor
        where this raises `Forgotten`."""
        if not self.is_written:
            return True
        try:
            async with writing_of(self.services.database, *self.wanted.meeting) as tx:
                added = await add_download(tx, self.download)
        except Forgotten:
            await self._discard()
            raise
        if not added:
            await self._discard()
        return added

    def note(self, saved: int) -> None:
        """Write down how far it is, where that is due: beside the copying, which can do without for a while.

        Raises `Lost`, if the last time brought that to light.
        """
        if self._noting is not None and self._noting.done():
            noted, self._noting = self._noting, None
            try:
                noted.result()
            except Lost:
                raise
            except Retryable as exc:
                log.info("not noted", name=self.download.name, reason=str(exc))
        if self._noting is None and _now() - self._noted_at >= _NOTE_SECONDS:
            self._noted_at = _now()
            self._noting = asyncio.create_task(self._write(replace(self.download, saved=saved)))

    async def settle(self) -> None:
        """Nothing is being written down on return. What went wrong with it, the next to write finds out."""
        if self._noting is not None:
            await asyncio.gather(self._noting, return_exceptions=True)
            self._noting = None

    async def note_whole(self) -> None:
        """Write down that all of it has come. Raises `Lost`, and as `Database.transaction`."""
        await self._write(replace(self.download, whole=True))

    async def _write(self, download: UnfinishedDownload) -> None:
        if not self.is_written:
            return
        self.download = replace(download, updated_ms=wall_clock_ms())
        async with self.services.database.transaction() as tx:
            ours = await update_download(tx, self.download)
        if not ours:
            await self._discard()
            raise Lost("another worker took the copy over, or it is not wanted any more.")

    async def drop(self) -> None:
        """Nothing of the copy is left, neither row nor upload."""
        if self.is_written:
            async with self.services.database.transaction() as tx:
                await remove_download(tx, self.download)
            await self._discard()

    async def is_abandoned(self, silence_seconds: float) -> bool:
        """Wait while another worker goes on with it; false once that one is through with it in any way.

        What tells is that the row changes, not the time in it: no two clocks are compared.
        """
        since = _now()
        while _now() - since < silence_seconds:
            await asyncio.sleep(_LOOK_SECONDS)
            async with self.services.database.reading() as tx:
                found = await find_download(
                    tx, *self.wanted.meeting, self.wanted.link.kind, self.wanted.source
                )
            if found is None:
                return False
            if found != self.download:
                self.download, since = found, _now()
        return True

    async def _discard(self) -> None:
        await self.services.objects.discard(self.download.name, self.download.upload_id)


def _now() -> float:
    return asyncio.get_running_loop().time()
