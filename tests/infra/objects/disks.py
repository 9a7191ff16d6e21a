"""Disks that lose their power or refuse what they are given: real ones, for as long as the block runs."""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.giving_up import give_up
from tests.infra.eventlog.disks import SmallDisk, small_disk

_SHUTDOWN = 0x8004587D
_WITHOUT_WRITING_ANYTHING = 2
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Disk:
    image: Path
    folder: Path

    def lose_power(self) -> None:
        """What had not reached the disk never will. What has files open there must be ended before
        `power_on`."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_WRITING_ANYTHING))
        finally:
            os.close(descriptor)

    def power_on(self) -> None:
        subprocess.run(["umount", self.folder], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)


@contextmanager
def disk(image: Path, folder: Path, *options: str, size: int = 96 * _MB) -> Iterator[Disk]:
    """With ext4 on it, in a file that takes as much room as was written. `options` are for `mkfs.ext4`."""
    with image.open("wb") as file:
        file.truncate(size)
    folder.mkdir()
    for command in (
        ["mkfs.ext4", "-q", "-F", *options, str(image)],
        ["mount", "-o", "loop", str(image), str(folder)],
    ):
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            give_up(f"{command[0]} is not installed")
        if done.returncode:
            give_up(f"a disk cannot be made here: {done.stderr.strip()}")
    try:
        yield Disk(image, folder)
    finally:
        subprocess.run(["umount", folder], check=True)


@dataclass(frozen=True, slots=True)
class ThinDisk:
    """One with less room than it says: that shows when content is synced, not when it is written."""

    folder: Path
    _beneath: SmallDisk

    def fill(self) -> None:
        os.sync()
        self._beneath.fill()

    def free(self) -> None:
        self._beneath.free()


@contextmanager
def thin_disk(folder: Path) -> Iterator[ThinDisk]:
    (folder / "beneath").mkdir()
    # All that the file system keeps for itself is written at once, so that later only content wants room.
    options = ("-N", "64", "-O", "^has_journal", "-E", "lazy_itable_init=0")
    with (
        small_disk(folder / "beneath") as beneath,
        disk(folder / "beneath/image", folder / "disk", *options, size=8 * _MB) as above,
    ):
        yield ThinDisk(above.folder, beneath)
