"""The senders' own APIs, asked for what a webhook cannot say: what they still have, and to delete it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from infra.errors import Poison, Retryable
from schemas.meeting import Link


class DeletedUpstream(Poison):
    """The provider says that it has deleted the meeting's files: nobody will get them from there any more."""


class UnknownUpstream(Poison):
    """The provider knows no such meeting, as far as our key may see."""


class KeyRefused(Retryable):
    """The provider refused our key. The text names the setting: nothing helps until that is mended."""


class Undocumented(Retryable):
    """An answer that is not as the provider documents it: the next one will hardly be."""


class NotOffered(Poison):
    """The provider's API has no such call, or cannot be asked for this. Nothing was sent."""


class Unclear(Retryable):
    """Nobody knows whether the provider has taken the call: ask it before the call is repeated."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that a provider has of a meeting.

    `links` are fresh, of each file once; a transcript has one where it is a file. `transcript` says whether
    there is one at all, `summary` whether the provider made one. `others` are its names of files that
    we have no kind for. `can_be_deleted` says that the API has a call for that.
    """

    links: tuple[Link, ...]
    transcript: bool
    others: tuple[str, ...] = ()
    summary: bool = False
    can_be_deleted: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """A meeting that is over. `event_type` is the `ce_type` of the event by which it should have told us; a
    sender that tells of a meeting's end by several events has one of these for each.

    `ended_at` is by the sender's clock, null where it does not say.
    """

    meeting_id: str
    event_type: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class FinalEvent:
    """What the provider's answer is as a record: `observe` of the provider reads it as it reads the webhook.

    `type` is the `ce_type` of the event that it stands for. `body` is the answer as it came, but for secrets:
    keys, passwords and tokens that are in it. `id` is the `ce_id` that the webhook would have; null: the one
    derived from the provider, the event's name and the meeting alone. Where it cannot be known, because the
    sender gives each delivery its own, any that is the same for the same event will do: handlers know what
    they have stored. `stands_for` are the `ce_id`s of all webhooks that together say the same, where these
    are known: with one of them missing, others of the name do not make up for it. `deleted` says that the
    provider has deleted the meeting's files.
    """

    type: str
    body: bytes
    id: str | None = None
    stands_for: tuple[str, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class TranscriptDocument:
    """A meeting's transcript as the provider has it now: `body` in the `shape` that `parse_transcript` knows;
    where `url` is not null it is a file that is there instead."""

    shape: str
    body: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Transcription:
    """How far a provider is with the transcript of a meeting.

    `running` is null where its API cannot tell. `there` says whether there is a transcript, `failures` how
    often making one failed, as far as it tells. `made` changes when another one was made, whatever it says,
    and perhaps for other reasons; it holds no secret and at most 64 characters. `provider` is who makes it,
    null where nobody says.
    """

    running: bool | None
    there: bool
    made: str
    failures: int = 0
    provider: str | None = None


class ProviderApi(Protocol):
    """One provider's API. `event_type` is the `ce_type` of an event of the meeting: it tells which version
    of the API has the meeting.

    Every call raises `DeletedUpstream` and `UnknownUpstream`, `Poison` when the provider will never take the
    question, and `Retryable` when it did not answer, not as it is documented, or refused our key: the text
    then names the setting. What else stands in an answer is neither kept nor told: it holds secrets.
    """

    async def links(self, meeting_id: str, event_type: str) -> Sequence[Link]:
        """Fresh links to what it has now. A file that is not there, or not yet, is left out."""

    async def holdings(self, meeting_id: str, event_type: str) -> Holdings:
        """As `links`, but an answer in which a file might be overlooked is a `Retryable`."""

    async def delete(self, meeting_id: str, event_type: str) -> None:
        """Nothing of the meeting is there any more on return; deleting what is not there is no error.

        Raises `Retryable` also when only a part could be deleted, or the meeting is not over.
        """

    def ended(self, since: datetime) -> AsyncIterator[Ended]:
        """The meetings that ended at `since` or later, in any order, perhaps one of them several times.

        It may miss what ends, or is done with, while it is read. Raises `Retryable` where the list breaks
        off: what came until then is true.
        """

    async def final_event(self, meeting_id: str, event_type: str) -> FinalEvent | None:
        """How the meeting ended; null while it is not over, or not all that belongs to its end is there.

        `event_type` is that of `Ended`, or of any event of a meeting of which nobody has heard for long.
        """

    async def transcript(self, meeting_id: str, event_type: str) -> TranscriptDocument | None:
        """What the provider has now; null where there is none, or none yet."""

    async def transcription(self, meeting_id: str, event_type: str) -> Transcription:
        """How far it is. Raises `NotOffered` where the API has no `retranscribe`."""

    async def retranscribe(
        self, meeting_id: str, event_type: str, *, provider: str | None, language: str | None, key: str | None
    ) -> None:
        """Have another transcript made, which may cost money each time. On return the provider has taken the
        call; the transcript comes later.

        `provider` is who is to make it, `key` ours to them, and `language` what is spoken, each null where
        the provider may choose; names are the API's own, in any case. Raises `Unclear` where the call may
        have been taken, and `NotOffered`; any other error says that it was not.
        """
