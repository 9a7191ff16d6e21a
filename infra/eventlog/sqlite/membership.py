"""One member of a group at a time: a lock on a file beside the log, which the kernel releases on kill -9."""

import asyncio
import fcntl
import os
from pathlib import Path

from infra.errors import LogUnavailable
from schemas.names import safe_segment

_TRY_SECONDS = 0.1


class Membership:
    def __init__(self, log: Path, group: str) -> None:
        self._path = log.with_name(f"{log.name}.{safe_segment(group)}.lock")
        self._descriptor: int | None = None

    async def join(self) -> None:
        """Wait until this is the group's only member. Raises `LogUnavailable` when nobody could tell."""
        while self._descriptor is None:
            self._descriptor = self._try()
            if self._descriptor is None:
                await asyncio.sleep(_TRY_SECONDS)

    def leave(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self) -> int | None:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as exc:
            raise LogUnavailable(f"the group's lock {self._path} cannot be opened: {exc}") from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as exc:
            os.close(descriptor)
            raise LogUnavailable(f"the group's lock {self._path} cannot be taken: {exc}") from exc
        return descriptor
