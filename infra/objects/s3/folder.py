"""Where parts are while they fill: a folder for each upload, locked by the process that writes it.

It outlives the process, so that the same machine goes on from the very byte. It need not outlive a power cut:
nothing is synced, and what was written before the machine started is not relied on.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from infra.objects.disk import disk_errors
from infra.objects.s3.parts import FilePart, Part


@dataclass(frozen=True, slots=True)
class ClaimedFolder:
    """That of one upload, which no other process has. `boot` tells the machine's starts apart."""

    root: Path
    path: Path
    lock: int
    boot: str

    def part(self, number: int) -> Part:
        return FilePart(self.path / f"{number}-{self.boot}", self.root)

    def remove(self) -> int:
        """Blocks. How many bytes that freed."""
        with disk_errors(self.root):
            return _remove(self.path)

    def leave(self) -> None:
        os.close(self.lock)


@dataclass(frozen=True, slots=True)
class PartsFolder:
    """`path` holds the folders of one store's uploads; it is in `root`, which error texts name.

    What was written in another `boot` than this is not gone on with, nor anything where that is "".
    """

    root: Path
    path: Path
    boot: str

    def claim(self, upload_id: str) -> ClaimedFolder | None:
        """Null while a living process has it. Whoever gets it must leave it."""
        path = self._of(upload_id)
        with disk_errors(self.root):
            while True:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # removed between the two
                    return self._claim(path)

    def remove(self, upload_id: str) -> None:
        """Also what a living process has: it is told by its next part that it lost the upload."""
        with disk_errors(self.root):
            _remove(self._of(upload_id))

    def nameless_part(self, number: int) -> Part:
        """Of an upload that does not outlive its process."""
        return FilePart(None, self.root)

    def probe(self) -> None:
        """Returns if a part could be written now, raises `Halt` or `Retryable` otherwise."""
        folder = self.claim(secrets.token_hex(16))
        if folder is None:
            return
        part = folder.part(1)
        try:
            part.add([memoryview(b"Could a part be written now?")])
        finally:
            part.leave()
            folder.remove()
            folder.leave()

    def is_alive(self, upload_id: str, written_after: float) -> bool:
        """A living process of this machine has it, or one wrote to it after that time."""
        path = self._of(upload_id)
        with disk_errors(self.root), suppress(FileNotFoundError):
            if _last_written(path) > written_after:
                return True
            with self._claimed(path) as folder:
                return folder is None
        return False

    def sweep(self, written_before: float, keep: Collection[str]) -> int:
        """Remove the folders of all other uploads than those in `keep`. The bytes that were freed."""
        kept, freed = {self._of(upload_id) for upload_id in keep}, 0
        with disk_errors(self.root), suppress(FileNotFoundError):
            for path in set(filter(Path.is_dir, self.path.iterdir())) - kept:
                with suppress(FileNotFoundError):
                    freed += self._sweep(path, written_before)
        return freed

    def _sweep(self, path: Path, written_before: float) -> int:
        if _last_written(path) > written_before:  # not even touched: whoever has just made it is to claim it
            return 0
        with self._claimed(path) as folder:
            if folder is None or _last_written(path) > written_before:
                return 0
            return folder.remove()

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
        return ClaimedFolder(self.root, path, lock, self.boot or str(uuid4()))

    def _of(self, upload_id: str) -> Path:
        return self.path / _digest(upload_id)


def parts_folder(root: Path, store: str, boot: str) -> PartsFolder:
    """Several stores may share `root`."""
    return PartsFolder(root, root / _digest(store), boot)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _last_written(path: Path) -> float:
    """In seconds since 1970."""
    return max(found.stat().st_mtime for found in (path, *path.iterdir()))


def _remove(path: Path) -> int:
    """The bytes that were freed. Moved away first: whoever still writes there makes no more files in it."""
    removed = path.with_name(f"{path.name}-{secrets.token_hex(8)}")
    try:
        path.rename(removed)
    except FileNotFoundError:
        return 0
    size = sum(part.stat().st_size for part in removed.iterdir())
    shutil.rmtree(removed)
    return size
