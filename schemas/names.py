"""Names of stored objects: `{provider}/{meeting_id}/{file}`."""

import hashlib
from urllib.parse import quote

_LONGEST_SEGMENT = 120


def safe_segment(identifier: str) -> str:
    """An id from outside as one path segment: percent-encoded where it is not safe, never trusted.

    Different ids give different segments. "", "." and ".." come out encoded; an id too long for a file name
    is cut and ends in a digest of the whole.
    """
    encoded = quote(identifier.encode("utf-8", "surrogatepass"), safe="")
    if encoded.strip(".") == "":
        encoded = encoded.replace(".", "%2E") or "%00"
    if len(encoded) > _LONGEST_SEGMENT:
        digest = hashlib.blake2b(encoded.encode(), digest_size=16).hexdigest()
        encoded = f"{encoded[: _LONGEST_SEGMENT - 33]}~{digest}"
    return encoded


def object_name(provider: str, meeting_id: str, file: str) -> str:
    """Where a meeting's file is stored; with "" for the file, the folder of all of them."""
    return f"{safe_segment(provider)}/{safe_segment(meeting_id)}/{file}"
