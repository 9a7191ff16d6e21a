"""The name of a group's member, the same from one start of a process to the next.

Kafka gives a member that comes back under its name what it had, and moves nothing. But two living members of
one name would throw each other out for ever; so a name is made once, by chance, kept in a file, and held by a
lock on it, which the kernel releases on kill -9.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

from infra.errors import LogUnavailable
from schemas.names import safe_segment

_LONGEST_NAME = 100


@contextmanager
def held_name(folder: Path, group: str) -> Iterator[str]:
    """One that no living member of the group has, before any new one. Raises `LogUnavailable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = next(
            found
            for number in count()
            if (found := _locked(folder / f"{safe_segment(group)}.{number}")) is not None
        )
        name = os.read(descriptor, _LONGEST_NAME).decode("ascii", "replace").strip()
        if not name:
            name = uuid4().hex
            os.write(descriptor, name.encode())
    except OSError as exc:
        raise LogUnavailable(f"the names of a group's members cannot be kept in {folder}: {exc}") from exc
    try:
        yield name
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
