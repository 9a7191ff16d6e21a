"""Where parts are while they fill: a folder for each upload, locked by the process that writes it.

It outlives the process, so that the same machine goes on from the very byte. It need not outlive a power cut:
nothing is synced, and what was written before the machine started is not relied on.
"""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.objects.disk import disk_errors
from infra.objects.s3.parts import FilePart, HeldPart, Part

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ClaimedFolder:
    """That of one upload, which no other process has. `boot` tells the machine's starts apart."""

    root: Path
    path: Path
    lock: int
    boot: str

    def part(self, number: int) -> Part:
        """Blocks, as all of this does."""
        return FilePart(self.path / f"{number}-{self.boot}", self.root)

    def last_written(self) -> float:
        """In seconds since 1970."""
        return max(found.stat().st_mtime for found in (self.path, *self.path.iterdir()))

    def remove(self) -> int:
        """How many bytes that freed."""
        with disk_errors(self.root):
            size = sum(part.stat().st_size for part in self.path.iterdir())
            shutil.rmtree(self.path)
            return size

    def leave(self) -> None:
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class PartsFolder:
    """`path` holds the folders of one store's uploads; it is in `root`, which error texts name."""

    root: Path
    path: Path

    def claim(self, upload_id: str) -> ClaimedFolder | None:
        """Null while a living process has it. Whoever gets it must leave it."""
        path = self._of(upload_id)
        with disk_errors(self.root):
            while True:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # removed between the two
                    return self._claim(path)

    def is_alive(self, upload_id: str, written_after: float) -> bool:
        """A living process of this machine has it, or one wrote to it after that time."""
        with (
            disk_errors(self.root),
            suppress(FileNotFoundError),
            self._claimed(self._of(upload_id)) as folder,
        ):
            return folder is None or folder.last_written() > written_after
        return False

    def sweep(self, written_before: float, keep: Collection[str]) -> int:
        """Remove the folders of all other uploads than those in `keep`. The bytes that were freed."""
        kept, freed = {self._of(upload_id) for upload_id in keep}, 0
        with disk_errors(self.root), suppress(FileNotFoundError):
            for path in set(self.path.iterdir()) - kept:
                with suppress(FileNotFoundError), self._claimed(path) as folder:
                    if folder is not None and folder.last_written() <= written_before:
                        freed += folder.remove()
        return freed

    @contextmanager
    def _claimed(self, path: Path) -> Iterator[ClaimedFolder | None]:
        folder = self._claim(path)
        try:
            yield folder
        finally:
            if folder is not None:
                folder.leave()

    def _claim(self, path: Path) -> ClaimedFolder | None:
        """Null while a living process has it. Raises `FileNotFoundError`."""
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), path.stat()):
                raise FileNotFoundError(path)  # removed, and made again, before it was locked
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise
        return ClaimedFolder(self.root, path, lock, _boot())

    def _of(self, upload_id: str) -> Path:
        return self.path / _digest(upload_id)


@dataclass(frozen=True, slots=True)
class InMemory:
    """In place of a `PartsFolder` where none is configured, and of what is claimed in it."""

    def claim(self, upload_id: str) -> "InMemory":
        return self

    def part(self, number: int) -> Part:
        return HeldPart()

    def is_alive(self, upload_id: str, written_after: float) -> bool:
        return False

    def sweep(self, written_before: float, keep: Collection[str]) -> int:
        return 0

    def remove(self) -> int:
        return 0

    def leave(self) -> None:
        """Nothing is locked."""


def folder_for(root: Path, store: str) -> PartsFolder:
    """Several stores may share `root`."""
    return PartsFolder(root, root / _digest(store))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _boot() -> str:
    """Where the system does not tell, no byte that an earlier process left is relied on."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return str(uuid.uuid4())
