"""What every sender's `identify` needs: keys and names out of bodies that others made."""

import hashlib
import re
from typing import Final

from schemas.envelope import derived_id

LONGEST_KEY: Final = 256
_LONGEST_NAME: Final = 100
_NOT_IN_A_NAME: Final = re.compile(r"[^!-~]")


def key_of(value: object) -> str:
    """The value as a key: a whole number will do. "" where it cannot be one."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_KEY and value.isprintable() and not value.isspace() else ""
    return key_of(str(value)) if type(value) is int else ""


def no_key(field: str, value: object) -> str:
    """What is wrong with a field that holds no key, for a `BrokenEvent`."""
    why = f"no id of at most {LONGEST_KEY} printable characters" if value else "is missing"
    return f"{field}: {why}"


def safe_name(value: object) -> str:
    """An event's name as a header may hold it, "unknown" where it is none."""
    return _NOT_IN_A_NAME.sub("_", value[:_LONGEST_NAME]) if isinstance(value, str) and value else "unknown"


def id_of_bytes(provider: str, body: bytes) -> str:
    """The id of an event that nothing but its whole body identifies."""
    return derived_id(provider, hashlib.blake2b(body, digest_size=16).hexdigest())
