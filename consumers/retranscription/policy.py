"""When a transcript is to be made again. Pure: what there is goes in, why it will not do comes out."""

from dataclasses import dataclass
from typing import Literal

When = Literal["never", "failed", "missing", "other", "always"]
"""Each takes in those before it: `failed` where the sender says that its transcription failed, `missing` also
where there is no transcript or no word in it, `other` also where it is in another language or by another
provider than wished, `always` whatever it is."""

Reason = Literal["failed", "missing", "language", "provider", "always"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a transcript should be, and what that may cost.

    `provider` is who should have made it and `language` what it should be in: null where any will do. `key`
    is ours to that provider, null where the meeting's sender has one. By this policy a transcript is asked
    for `most_per_meeting` times at most; on a day (UTC), over all meetings and those that a person asks for
    among them, while there were fewer than `most_per_day`.
    """

    when: When = "never"
    provider: str | None = None
    language: str | None = None
    key: str | None = None
    most_per_meeting: int = 1
    most_per_day: int = 50


@dataclass(frozen=True, slots=True)
class Had:
    """What there is of a meeting's transcript. `words` is null where there is none, others if not known."""

    words: int | None
    failed: bool = False
    language: str | None = None
    provider: str | None = None


def why_again(wish: Wish, had: Had) -> Reason | None:
    """Null where what there is will do."""
    if wish.when == "never":
        return None
    if had.failed and not had.words:
        return "failed"
    if wish.when == "failed":
        return None
    if not had.words:
        return "missing"
    if wish.when == "missing":
        return None
    if _differ(_primary(wish.language), _primary(had.language)):
        return "language"
    if _differ(wish.provider, had.provider):
        return "provider"
    return "always" if wish.when == "always" else None


def _primary(tag: str | None) -> str | None:
    """The language itself: `pt` of `pt-BR`."""
    return tag and tag.replace("_", "-").partition("-")[0]


def _differ(wished: str | None, got: str | None) -> bool:
    """Only if both are known."""
    return bool(wished and got) and str(wished).casefold() != str(got).casefold()
