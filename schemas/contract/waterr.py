"""The webhooks of Waterr as a subscriber meets them: made from the tables that the receiver goes by."""

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.contract.message import Message, beginning_with, named
from schemas.contract.models import Schema
from schemas.facts import RECORDING_STORED, SUMMARY_STORED, TRANSCRIPT_STORED
from schemas.waterr.events import ALIASES, ANALYSED, DISTINCT, RECORDED, TRANSCRIBED, meaning

_PREFIX: Final = "waterr."
_ID: Final[Schema] = {"type": ["string", "integer"]}
_TOLD_BY: Final[Mapping[str, str]] = {
    TRANSCRIBED: TRANSCRIPT_STORED,
    RECORDED: RECORDING_STORED,
    ANALYSED: SUMMARY_STORED,
}


def messages() -> Sequence[Message]:
    return [*(_event(name) for name in (*DISTINCT, *ALIASES)), _OTHER]


def _event(name: str) -> Message:
    older = f", an older name of `{meaning(name)}`" if name in ALIASES else ""
    return Message(
        name=_PREFIX + name,
        summary=f"Waterr: `{name}`{older}, the body as it came, keyed by the meeting's id.",
        types=named(_PREFIX + name),
        payload=_body(name),
        is_ours=False,
    )


def _body(name: str) -> Schema:
    """In place of a webhook that never came there may be the answer of the sender's API: any JSON."""
    fact = _TOLD_BY.get(meaning(name))
    stored = f" What it tells of is stored by then, or soon: `{fact}` says so." if fact else ""
    return {
        "description": "The sender's own: what is named here is what we rely on; there are more fields. Where"
        f" it has no `event`, it is an answer of the sender's API, which we asked.{stored}",
        "properties": {"data": {"properties": {"meeting_id": _ID}}},
    }


_OTHER: Final = Message(
    name=_PREFIX + "any-other",
    summary="Any other event of Waterr, kept as it came: we know no more of it than that it is theirs.",
    types=beginning_with(_PREFIX),
    payload={"type": "object", "description": "The sender's own."},
    is_ours=False,
)
