"""How every handler of webhooks begins: what does this one say?"""

from infra.errors import Poison
from schemas.envelope import Record
from schemas.identity import BrokenEvent
from schemas.meeting import Observation
from schemas.providers import provider_of


def observed(record: Record) -> Observation | None:
    """Null where it is about no meeting, or from no sender that we know. Raises `Poison`."""
    provider = provider_of(record)
    try:
        return None if provider is None else provider.observe(record)
    except BrokenEvent as exc:
        raise Poison(f"The event cannot be read: {exc}") from exc
