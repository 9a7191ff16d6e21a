"""The webhooks of RealtimeKit as a subscriber meets them: made from the table that the receiver goes by."""

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.contract.message import Message, beginning_with, named
from schemas.contract.models import Schema
from schemas.facts import RECORDING_STORED, SUMMARY_STORED, TRANSCRIPT_STORED
from schemas.realtimekit.events import CHAT, EVENTS, FILES, LIVESTREAM, RECORDED, RECORDING, File

_PREFIX: Final = "realtimekit."
_ID: Final[Schema] = {"type": ["string", "integer"]}
_FACTS: Final = {"transcript": TRANSCRIPT_STORED, "summary": SUMMARY_STORED}


def messages() -> Sequence[Message]:
    return [*(_event(name) for name in sorted(EVENTS)), _OTHER]


def _event(name: str) -> Message:
    return Message(
        name=_PREFIX + name,
        summary=f"Cloudflare RealtimeKit: `{name}`, the body as it came, keyed by the session's id.",
        types=named(_PREFIX + name),
        payload=_body(name),
        is_ours=False,
    )


def _body(name: str) -> Schema:
    """In place of a webhook that never came there may be the answer of the sender's API, under `data`."""
    return {
        "type": "object",
        "description": "The sender's own: what is named here is what we rely on; there are more fields."
        " Where it has no `event`, it is an answer of the sender's API, which we asked.",
        "properties": _properties(name),
    }


def _properties(name: str) -> Mapping[str, Schema]:
    if name == RECORDING:
        links = {file.link: _link(file) for file in RECORDED}
        fields = {"roomUUID": _ID, "status": {"type": "string"}} | links
        return {"recording": {"type": "object", "properties": fields}}
    if name == LIVESTREAM:
        return {"streamKey": {"description": "A secret, as it came: whoever has it can stream."}}
    linked = {FILES[name].link: _link(FILES[name])} if name in FILES else {}
    if name == CHAT:
        return {"sessionId": _ID} | linked
    return {"meeting": {"type": "object", "properties": {"sessionId": _ID}}} | linked


def _link(file: File) -> Schema:
    return {
        "type": ["string", "null"],
        "description": f"A link to the {file.kind}. It expires: the stored file is told of by"
        f" `{_FACTS.get(file.kind, RECORDING_STORED)}`.",
    }


_OTHER: Final = Message(
    name=_PREFIX + "any-other",
    summary="Any other event of RealtimeKit, kept as it came: we know no more of it than that it is theirs.",
    types=beginning_with(_PREFIX),
    payload={"type": "object", "description": "The sender's own."},
    is_ours=False,
)
