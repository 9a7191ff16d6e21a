"""`docs/subscribing.md` shows the very programs that are tested, and leads nowhere that is not there."""

import json
import re
from pathlib import Path

import pytest

from schemas.contract.headers import DeadLetterHeaders, EventHeaders
from schemas.facts import FACTS
from schemas.topics import TOPICS
from tests.schemas.contract import file_faults, schema_file
from tests.subscribers.subscribing import SUBSCRIBERS

PAGE = SUBSCRIBERS.parent / "subscribing.md"
TEXT = PAGE.read_text("utf-8")


@pytest.mark.parametrize(("language", "file"), [("python", "recordings.py"), ("sh", "failed-meetings.sh")])
def test_the_page_shows_the_subscriber_that_is_tested(language: str, file: str) -> None:
    shown = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert shown == [(SUBSCRIBERS / file).read_text("utf-8")]


def test_the_fact_that_is_shown_is_one() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert file_faults("recording.stored.json", json.loads(shown)) == []
    assert list(json.loads(shown)) == list(schema_file("recording.stored.json")["properties"])


def test_every_link_to_a_file_leads_to_one() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]
    assert len(links) > len(FACTS)
    assert [link for link in links if not Path(PAGE.parent, link).exists()] == []


def test_every_topic_fact_and_header_is_told_of() -> None:
    headers = [
        field.alias or name
        for name, field in {**EventHeaders.model_fields, **DeadLetterHeaders.model_fields}.items()
        if name not in ("dl_channel", "dl_traceback")  # for our own replay, and for our own developers
    ]
    assert [name for name in (*TOPICS, *FACTS, *headers) if f"`{name}`" not in TEXT] == []
