"""The facts of one retranscription: the same each time that they are told."""

from datetime import UTC, datetime

from infra.database.retranscriptions import Retranscription
from schemas.facts import (
    RETRANSCRIPTION_FAILED,
    RETRANSCRIPTION_REQUESTED,
    Fact,
    RetranscriptionFailed,
    RetranscriptionRequested,
)


def requested(one: Retranscription) -> Fact:
    body = RetranscriptionRequested(
        provider=one.provider,
        meeting_id=one.meeting_id,
        at=_moment(one.requested_ms),
        reason=one.reason,
        transcriber=one.transcriber,
        language=one.language,
    )
    return Fact(RETRANSCRIPTION_REQUESTED, one.provider, one.meeting_id, body, distinct=one.cause)


def failed(one: Retranscription) -> Fact:
    body = RetranscriptionFailed(
        provider=one.provider,
        meeting_id=one.meeting_id,
        at=_moment(one.ended_ms or one.requested_ms),
        request=one.request,
        message=one.message,
    )
    return Fact(RETRANSCRIPTION_FAILED, one.provider, one.meeting_id, body, distinct=one.request)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
