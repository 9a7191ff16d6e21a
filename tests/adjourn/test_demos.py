"""What `adjourn demo` sends, by every sender at once to one program: from webhook to what is stored."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, chdir
from typing import Any

import pytest

from adjourn.media_server import sample_api
from adjourn.senders.demo import FOLDER
from adjourn.senders.table import SENDERS
from tests.adjourn.program import Program

PATIENCE_SECONDS = 120
"""Many programs start at a time."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The meetings of each sender, once all of it was sent and worked on."""
    folder = tmp_path_factory.mktemp("demos")
    (folder / FOLDER).mkdir(parents=True)
    with ExitStack() as stack:
        urls = {provider: stack.enter_context(sample_api(provider)) for provider in SENDERS}
        stack.enter_context(chdir(folder))
        lines = [line for provider, url in urls.items() for line in SENDERS[provider].demo.settings(url)]
        settings = {"ADJOURN_DOWNLOAD_ALLOW": "127.0.0.1"} | dict(line.split("=", 1) for line in lines)
        program = Program(folder, settings=settings, deadline_seconds=PATIENCE_SECONDS)
        with program.running(), ThreadPoolExecutor(len(SENDERS)) as senders:
            list(senders.map(lambda provider: send_all(program, provider), SENDERS))
        meetings = program.json("meetings")
    return {provider: [one for one in meetings if one["provider"] == provider] for provider in SENDERS}


def send_all(program: Program, provider: str) -> None:
    """One after the other, as the demo does; only what brings files, since each takes a program's start."""
    for _, lines in SENDERS[provider].demo.steps:
        for line in lines:
            if line.startswith("send --media "):
                done = program.run(*line.split())
                assert done.returncode == 0, f"{provider}: {line}: {done.stderr}"


@pytest.mark.parametrize("provider", SENDERS)
def test_a_sender_is_shown_from_its_signed_webhook_to_what_is_stored(
    known: dict[str, list[dict[str, Any]]], provider: str
) -> None:
    kinds = {artifact["kind"] for meeting in known[provider] for artifact in meeting["artifacts"]}
    assert {"video", "transcript", "captions", "summary"} <= kinds
    assert sum(meeting["failures"] for meeting in known[provider]) == 0
