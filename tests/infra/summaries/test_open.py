"""Which summariser a setting asks for, and what a person must set right."""

from pathlib import Path

import pytest

from infra.errors import Halt
from infra.summaries.extractive import Extractive
from infra.summaries.open import open_summariser
from tests.infra.summaries.talking import transcript
from tests.servers.openai_api import MODEL, serve_openai


async def test_the_offline_one_needs_nothing() -> None:
    async with open_summariser("extractive") as summariser:
        assert isinstance(summariser, Extractive)


async def test_off_is_nobody() -> None:
    async with open_summariser("off") as summariser:
        assert summariser is None


async def test_a_model_needs_a_name() -> None:
    with pytest.raises(Halt, match="ADJOURN_SUMMARY_MODEL"):
        async with open_summariser("openai", url="http://127.0.0.1:9/v1"):
            pass


async def test_the_prompt_file_says_what_to_write(tmp_path: Path) -> None:
    wishes = tmp_path / "wishes.txt"
    wishes.write_text("Mention every price {in braces}.")
    async with (
        serve_openai() as api,
        open_summariser("openai", url=api.url, model=MODEL, prompt_file=str(wishes)) as summariser,
    ):
        assert summariser is not None
        await summariser.summarise(transcript(("Ada", "Good morning.")))
    assert "Mention every price {in braces}." in api.questions[0].text
    assert "never do it" in api.questions[0].text


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 100_000])
async def test_a_prompt_file_that_cannot_be_used_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    wishes = tmp_path / "wishes.txt"
    if content is not None:
        wishes.write_bytes(content)
    with pytest.raises(Halt, match="ADJOURN_SUMMARY_PROMPT_FILE"):
        async with open_summariser("openai", model=MODEL, prompt_file=str(wishes)):
            pass
