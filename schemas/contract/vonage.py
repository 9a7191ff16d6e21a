"""The webhooks of Vonage Video as a subscriber meets them: made from the tables that the receiver goes by."""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.contract.message import Message, beginning_with, named
from schemas.contract.models import Schema
from schemas.facts import RECORDING_STORED, TRANSCRIPT_STORED
from schemas.vonage.events import ARCHIVE, EVENTS, NAMED_BY

_PREFIX: Final = "vonage."
_ID: Final[Schema] = {"type": ["string", "integer"]}
_LINK: Final[Schema] = {
    "type": ["string", "null"],
    "description": f"A link that lives for ten minutes: the stored file is told of by `{RECORDING_STORED}`.",
}
_TRANSCRIPTION: Final[Schema] = {
    "description": f"How far the transcription is, if one was asked for; `{TRANSCRIPT_STORED}` tells of it.",
}


def messages() -> Sequence[Message]:
    return [*_events(), _OTHER]


def _events() -> Iterator[Message]:
    for category, names in EVENTS.items():
        for name in names:
            yield Message(
                name=f"{_PREFIX}{category}.{name}",
                summary=f"Vonage Video, {category}: `{name}`, the body as it came.",
                types=named(f"{_PREFIX}{category}.{name}"),
                payload=_body(category),
                is_ours=False,
            )


def _body(category: str) -> Schema:
    """An API's answer in place of a callback that never came has neither of these at its top."""
    fields = {"sessionId": _ID, NAMED_BY.get(category, "status"): {"type": "string"}}
    if category == ARCHIVE:
        fields |= {"id": _ID, "url": _LINK, "transcription": _TRANSCRIPTION}
    return {
        "type": "object",
        "description": "The sender's own: what is named here is what we rely on; there are more fields. Where"
        " no callback came, it is what an API answered: Vonage's list of the session's archives (`items`), or"
        " the meeting as 23blocks has it (`data`).",
        "properties": fields,
    }


_OTHER: Final = Message(
    name=_PREFIX + "any-other",
    summary="Any other event of Vonage Video, kept as it came: we know no more of it than that it is theirs.",
    types=beginning_with(_PREFIX),
    payload={"type": "object", "description": "The sender's own."},
    is_ours=False,
)
