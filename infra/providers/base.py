"""The senders' own APIs, asked for what a webhook cannot say: what they still have, and to delete it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.errors import Poison
from schemas.meeting import Link


class DeletedUpstream(Poison):
    """The provider says that it has deleted the meeting's files: nobody will get them from there any more."""


class UnknownUpstream(Poison):
    """The provider knows no such meeting, as far as our key may see."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that a provider has of a meeting.

    `links` are fresh, of each file once; a transcript has one where it is a file. `transcript` says whether
    there is one at all. `others` are the provider's names of files that we have no kind for.
    """

    links: tuple[Link, ...]
    transcript: bool
    others: tuple[str, ...] = ()


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
