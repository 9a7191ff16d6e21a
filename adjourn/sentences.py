"""Errors as people read them."""

import re

_WORD = re.compile(r"[a-z]+[,:]?(\s|$)")


def sentence(error: Exception) -> str:
    """The text of an error as a whole sentence; many are written to stand behind a colon.

    A URL, an address or a name that it begins with stays as it is.
    """
    text = str(error).rstrip(". ")
    return f"{text[:1].upper()}{text[1:]}." if _WORD.match(text) else f"{text}."
