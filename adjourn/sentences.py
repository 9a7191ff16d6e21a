"""Errors as people read them."""


def sentence(error: Exception) -> str:
    """The text of an error as a whole sentence; many are written to stand behind a colon."""
    text = str(error).rstrip(". ")
    return f"{text[:1].upper()}{text[1:]}."
