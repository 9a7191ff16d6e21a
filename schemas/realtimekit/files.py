"""Links to what RealtimeKit has of a session. After seven days a file is gone, not only the link to it."""

from schemas.lenient import moment, text
from schemas.meeting import Link
from schemas.naming import key_of
from schemas.realtimekit.events import FILES, RECORDED, UPLOADED, File
from schemas.realtimekit.payload import Fields


def links_of(recording: Fields) -> tuple[Link, ...]:
    """None before it is uploaded, nor where it was uploaded to storage of its owner's."""
    if recording.get("status") != UPLOADED:
        return ()
    id_ = key_of(recording.get("recordingId") or recording.get("id")) or None
    return tuple(link for file in RECORDED for link in _link(file, recording, id_))


def link_in(name: str, fields: Fields) -> tuple[Link, ...]:
    """Of the file that the event `name` tells of, if there is one."""
    return _link(FILES[name], fields, None)


def _link(file: File, fields: Fields, id_: str | None) -> tuple[Link, ...]:
    url = text(fields.get(file.link))
    return (Link(file.kind, url, id=id_, expires_at=moment(fields.get(file.expiry))),) if url else ()
