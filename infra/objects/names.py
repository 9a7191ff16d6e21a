"""Which names an object may have: the same ones in every store, so that what fits here fits there."""

from typing import Final

RESERVED: Final = ".uploads"
"""No name begins with this segment: what is not finished is kept there, by us or by the server."""

LONGEST_BYTES: Final = 1024
"""As S3 has it."""

_LONGEST_SEGMENT_BYTES: Final = 255
"""As file systems have it."""


def is_name(name: str) -> bool:
    segments = name.split("/")
    return (
        segments[0] != RESERVED and all(map(_is_ordinary, segments)) and len(name.encode()) <= LONGEST_BYTES
    )


def checked(name: str) -> str:
    """The name itself. Raises `ValueError` for one that no store takes."""
    if not is_name(name):
        raise ValueError("The name of an object must be a relative path, not too long, of ordinary segments.")
    return name


def _is_ordinary(segment: str) -> bool:
    """A backslash is no letter of a name: SeaweedFS and others make a "/" of it."""
    return (
        segment not in ("", ".", "..")
        and not {"\0", "\\"} & set(segment)
        and len(segment.encode()) <= _LONGEST_SEGMENT_BYTES
    )
