"""Which summariser a setting asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from infra.errors import Halt
from infra.summaries.base import Summariser
from infra.summaries.extractive import Extractive

_LONGEST_PROMPT_BYTES: Final = 32 * 1024


@asynccontextmanager
async def open_summariser(
    kind: Literal["extractive", "openai", "off"],
    *,
    url: str = "",
    model: str = "",
    api_key: str = "",
    language: str = "",
    prompt_file: str = "",
) -> AsyncIterator[Summariser | None]:
    """Null where there are to be no summaries. All but the kind is for a language model, at `url`.

    Raises `Halt` when a package, the model's name or the file is missing.
    """
    if kind == "off":
        yield None
    elif kind == "extractive":
        yield Extractive()
    else:
        if not model:
            raise Halt("ADJOURN_SUMMARY=openai needs the name of a model: set ADJOURN_SUMMARY_MODEL.")
        wishes = _read(prompt_file) if prompt_file else ""
        from infra.summaries.openai import open_openai  # its client is slow to load, and may not be there

        async with open_openai(url, model, api_key, language=language, wishes=wishes) as summariser:
            yield summariser


def _read(prompt_file: str) -> str:
    try:
        text = Path(prompt_file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Halt(
            "The file of ADJOURN_SUMMARY_PROMPT_FILE cannot be read: it must be text in UTF-8."
        ) from error
    if len(text.encode()) > _LONGEST_PROMPT_BYTES:
        raise Halt(f"The file of ADJOURN_SUMMARY_PROMPT_FILE has more than {_LONGEST_PROMPT_BYTES} bytes.")
    return text
