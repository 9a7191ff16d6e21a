"""What a consumer is: a name, the topics it reads, and one plain async function."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumers.retranscription.policy import Wish
from infra.database.engine import Database
from infra.links.base import Links
from infra.objects.base import ObjectStore
from schemas.envelope import Record
from schemas.facts import Fact

if TYPE_CHECKING:
    from infra.providers.base import ProviderApi
    from infra.providers.directory import Directory
    from infra.summaries.base import Summariser


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers may use. The log is not among it. `providers` has those that we may call, by name;
    `summariser` is null where there are to be no summaries; `transcripts` says which are made again;
    `directories` know what a provider's meetings are called elsewhere, by the provider's name."""

    objects: ObjectStore
    database: Database
    links: Links
    providers: Mapping[str, "ProviderApi"] = field(default_factory=dict)
    summariser: "Summariser | None" = None
    transcripts: Wish = Wish()  # noqa: RUF009 frozen
    directories: Mapping[str, "Directory"] = field(default_factory=dict)


Handler = Callable[[Record, Services], Awaitable[Sequence[Fact]]]
"""From a record to the facts it caused. It may run twice for one record and must not mind.

Raises `Retryable`, `Poison` or `Halt`; anything else is a bug and is retried, then buried with its traceback.
"""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Of the records that are ready, the one with the least `urgency` is handled first; null: the oldest.

    Where it raises, the record comes before all others: the handler will say what is wrong with it.
    """

    name: str
    topics: tuple[str, ...]
    handle: Handler
    urgency: Callable[[Record], float] | None = None
