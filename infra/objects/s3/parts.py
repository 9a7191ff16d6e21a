"""Parts of an upload, from their first byte until the server has them: in memory or in files."""

import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Lock
from typing import Final, Protocol

from infra.errors import Retryable
from infra.objects.disk import disk_errors
from infra.objects.s3.body import PIECE_BYTES, Body, FileBody, HeldBody

_CHUNK_BYTES: Final = 1024 * 1024


class Part(Protocol):
    """Threads may add to it, one at a time; `size` and `crc` are of what it holds. Everything may block."""

    @property
    def size(self) -> int: ...

    @property
    def crc(self) -> int: ...

    def recover(self) -> None:
        """Go on with what an earlier process left of it. Not called for a part that begins."""

    def add(self, chunks: Sequence[memoryview]) -> None:
        """Raises `Halt` where the disk is full, `Retryable` once the part was left."""

    def body(self, given_up: Event) -> Body: ...

    def leave(self) -> None:
        """Waits for an `add` that still runs; none comes after it. What was added stays for `recover`."""

    def drop(self) -> None:
        """It is nowhere any more: the server has it."""


class HeldPart:
    """A `Part` in memory, of an object that is there already."""

    def __init__(self) -> None:
        self.size = 0
        self.crc = 0
        self._chunks: list[memoryview] = []

    def recover(self) -> None:
        """There is nothing."""

    def add(self, chunks: Sequence[memoryview]) -> None:
        for chunk in chunks:
            for begin in range(0, len(chunk), _CHUNK_BYTES):
                self._chunks.append(chunk[begin : begin + _CHUNK_BYTES])
            self.crc = zlib.crc32(chunk, self.crc)
            self.size += len(chunk)

    def body(self, given_up: Event) -> Body:
        return HeldBody(self._chunks, given_up)

    def leave(self) -> None:
        """Nobody comes after it."""

    def drop(self) -> None:
        self._chunks = []


class FilePart:
    """A `Part` in the file at `path`, or in one without a name, which is gone with its process.

    `root` is the folder that error texts name, and that holds what has no name.
    """

    def __init__(self, path: Path | None, root: Path) -> None:
        self.size = 0
        self.crc = 0
        self._path, self._root = path, root
        self._alone = Lock()
        self._left = False
        self._descriptor: int | None = None

    def recover(self) -> None:
        with self._alone, disk_errors(self._root):
            descriptor = self._opened(0)
            piece = memoryview(bytearray(PIECE_BYTES))
            while read := os.preadv(descriptor, [piece], self.size):
                self.crc = zlib.crc32(piece[:read], self.crc)
                self.size += read

    def add(self, chunks: Sequence[memoryview]) -> None:
        with self._alone, disk_errors(self._root):
            descriptor = self._opened(os.O_TRUNC)
            for chunk in chunks:
                rest = chunk
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                self.crc = zlib.crc32(chunk, self.crc)
                self.size += len(chunk)

    def _opened(self, also: int) -> int:
        if self._left:
            raise Retryable("The upload was left.")
        if self._descriptor is None:
            self._descriptor = _nameless(self._root) if self._path is None else _named(self._path, also)
        return self._descriptor

    def body(self, given_up: Event) -> Body:
        return FileBody(-1 if self._descriptor is None else self._descriptor, self.size, given_up)

    def leave(self) -> None:
        with self._alone:
            self._left = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def drop(self) -> None:
        self.leave()
        if self._path is not None:
            with disk_errors(self._root):
                self._path.unlink(missing_ok=True)


def _named(path: Path, also: int) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | also, 0o600)
    except FileNotFoundError as exc:
        raise Retryable("The upload was discarded.") from exc


def _nameless(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        return os.dup(file.fileno())
