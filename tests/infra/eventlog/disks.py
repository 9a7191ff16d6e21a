"""Disks that get full and folders that become read-only: real ones, for as long as the block runs."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.giving_up import give_up

_NOBODY = 65534

SetReadOnly = Callable[[bool], None]


@dataclass
class SmallDisk:
    """A disk with room for some MiB."""

    folder: Path

    def fill(self) -> None:
        with suppress_full(), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@dataclass
class LimitedFiles:
    """Files that cannot grow any more: what a quota does. Needs no rights."""

    folder: Path

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def suppress_full() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        assert exc.errno == 28, exc  # noqa: PT017 anything else than a full disk is a failure


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=False, capture_output=True, text=True
    )
    if mount.returncode:
        give_up(f"a small disk cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def limited_files(folder: Path) -> Iterator[LimitedFiles]:
    disk = LimitedFiles(folder)
    try:
        yield disk
    finally:
        disk.free()


@contextmanager
def read_only_disk(folder: Path) -> Iterator[SetReadOnly]:
    def set_read_only(on: bool) -> None:
        mode = "remount,ro" if on else "remount,rw"
        subprocess.run(["mount", "-o", mode, folder], check=True)

    with small_disk(folder):
        yield set_read_only


@contextmanager
def read_only_files(folder: Path) -> Iterator[SetReadOnly]:
    root = os.geteuid() == 0

    def set_read_only(on: bool) -> None:
        if root and not on:
            os.seteuid(0)
        folder.chmod(0o555 if on else 0o755)
        for file in folder.iterdir():
            file.chmod(0o444 if on else 0o644)
        if root and on:  # to whom nothing is read-only
            os.seteuid(_NOBODY)

    try:
        yield set_read_only
    finally:
        set_read_only(False)
