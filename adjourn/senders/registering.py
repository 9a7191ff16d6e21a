"""How a sender is told where to post: by its API where that can be, else by a person, step by step."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adjourn.settings import Settings
    from infra.providers.registration import Registration


def no_api(_: "Settings") -> None:
    return None


@dataclass(frozen=True, slots=True)
class Registering:
    """`by_hand` gives steps, a sentence or two each and in order, for the webhook URL that it gets.

    `by_api` is what can be set without a person, and `of` says what that is; null where there is no such call
    or not enough is set for it.
    """

    by_hand: Callable[["Settings", str], Sequence[str]]
    of: str = ""
    by_api: "Callable[[Settings], AbstractAsyncContextManager[Registration] | None]" = no_api
