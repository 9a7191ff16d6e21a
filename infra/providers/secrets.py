"""An API's answer without what nobody but its sender and us may see."""

import re
from collections.abc import Collection
from typing import Any, Final

_SECRET: Final = re.compile(
    r"secret|passw|pwd|passcode|api_?key|credential|authorization|private_?key", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"token(?!s)", re.IGNORECASE)


def without_secrets(value: Any, *, also: Collection[str] = (), untouched: Collection[str] = ()) -> Any:
    """The same JSON without the fields whose names say that they hold a key, a password or a token.

    `also` are names of other fields to leave out, `untouched` those whose values stay whatever is in them.
    """
    if isinstance(value, list):
        return [without_secrets(each, also=also, untouched=untouched) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each if name in untouched else without_secrets(each, also=also, untouched=untouched)
        for name, each in value.items()
        if name in untouched or not (name in also or _SECRET.search(name) or _TOKEN.search(name))
    }
