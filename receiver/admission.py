"""How a request proves whose it is: what every signature scheme takes and gives."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus

RequestHeaders = Mapping[bytes, bytes]
"""By lower-case name. One that came twice holds both values joined by a comma, which no credential is."""


class Unauthentic(Exception):
    """No credential, or a wrong one. The text is for our log and says which; it never holds what came."""


class Unjudged(Exception):
    """Nobody can tell now whose it is: the sender is to come again. The text is for our log, as above."""

    def __init__(self, reason: str, retry_after_seconds: float = 5) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class NoEvent(Exception):
    """A request of the sender's that waits for an answer and is no event: nothing of it is kept.

    The answer is 200 with `answer`, which is JSON. The text is for our log, as above.
    """

    def __init__(self, reason: str, answer: bytes) -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Admission:
    """What the head of a request has proved.

    `channel` goes to the provider's `identify`. `delivery_id` is the sender's own, "" where it gives none.
    `prove` is null where the head was proof enough; otherwise it takes the whole body, as it came, and raises
    `Unauthentic`. Where it did, `prove_anew` (if any) judges once more, with what it asks others for
    meanwhile: it raises `Unauthentic`, or `Unjudged` when they do not tell.
    """

    channel: str
    delivery_id: str = ""
    prove: Callable[[bytes], None] | None = None
    prove_anew: Callable[[bytes], Awaitable[None]] | None = None


Judge = Callable[[RequestHeaders, float, Sequence[str]], Admission]
"""Judges the head of a request at a time (seconds since 1970), before the body is read.

Last come the segments of the URL's path that follow the provider's name: they may be a credential. Raises
`Unauthentic`, `Unjudged`, `NoEvent`.
"""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one sender's requests prove whose they are, and how it wants to hear that an event was taken.

    `has_paths` says that its URL may go on after its name; other senders' may not. `taken` is the status for
    what is kept. What `judge` stands on is there as long as `lifetime` is entered; meanwhile `trouble` says
    in a sentence why nobody can be judged now, "" where they can.
    """

    judge: Judge
    has_paths: bool = False
    taken: HTTPStatus = HTTPStatus.ACCEPTED
    lifetime: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    trouble: Callable[[], str] = str


@asynccontextmanager
async def entered(schemes: Mapping[str, Scheme]) -> AsyncIterator[Mapping[str, Scheme]]:
    """The schemes, while all of them can be used."""
    async with AsyncExitStack() as stack:
        for scheme in schemes.values():
            await stack.enter_async_context(scheme.lifetime())
        yield schemes


def headers_by_name(pairs: Sequence[tuple[bytes, bytes]]) -> RequestHeaders:
    """Names are lower-case already."""
    by_name = dict(pairs)
    if len(by_name) != len(pairs):
        by_name = {}
        for name, value in pairs:
            by_name[name] = b"%b, %b" % (by_name[name], value) if name in by_name else value
    return by_name


def header_secrets(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Secrets that are sent as they are, ready to compare. Empty ones are left out: they mean none is set."""
    return tuple(secret.strip().encode() for secret in secrets if secret.strip())


def is_one_of(given: bytes, secrets: Iterable[bytes]) -> bool:
    """In a time that tells neither which secret it was nor how far a wrong one was right."""
    value = given.strip(b" \t")  # httptools keeps white space that follows a value
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(secret, value)
    return found
