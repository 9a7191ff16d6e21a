"""Words in, segments out."""

import unicodedata
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.database.engine import Database
from infra.database.search import Hit, search
from infra.database.transcripts import TranscriptVersion, add_version, versions_of
from schemas.transcript import Segment

_SAID = "Zoë's naïve café résumé is in the C++ folder; Ångström says 50% of it isn't done."


async def test_a_hit_says_where_it_stands(database: Database) -> None:
    await _store(database, Segment(speaker="Ada", start=1.5, end=2.5, text="Good morning everyone"))
    assert await _search(database, "morning") == [Hit("p", "m", 1.5, "Ada", "Good morning everyone")]


@pytest.mark.parametrize(
    "words",
    [
        "cafe",
        "CAFÉ",
        "folder résumé",
        "Zoe's",
        "zoë",
        "ANGSTROM",
        "50%",
        "c++",
        "isn't",
        "isn’t",
        "is -- done",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_all_words_are_found_whatever_their_case_accents_and_order(
    database: Database, words: str, form: Literal["NFC", "NFD"]
) -> None:
    await _store(database, _segment(unicodedata.normalize("NFD", _SAID)))
    assert len(await _search(database, unicodedata.normalize(form, words))) == 1


@pytest.mark.parametrize("words", ["cafe tea", "caf", "", "  ", "!!!", '"', "*", '"*"', "NOT cafe"])
async def test_without_all_the_words_there_is_no_hit(database: Database, words: str) -> None:
    await _store(database, _segment(_SAID))
    assert await _search(database, words) == []


@pytest.mark.parametrize(
    "words", ['cafe" OR "tea', "cafe OR tea", "c*fe", "text:tea", "NEAR(tea cafe)", "§p", "'tea':*&café"]
)
async def test_nothing_in_a_word_is_syntax(database: Database, words: str) -> None:
    await _store(database, _segment("green tea"), _segment("café"))
    assert await _search(database, words) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(words=st.text())
async def test_no_words_whatever_they_hold_are_an_error(database: Database, words: str) -> None:
    assert await _search(database, words) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(said=st.text(st.characters(categories=["L"]), min_size=1).filter(lambda text: text.isascii()))
async def test_what_was_said_is_found(database: Database, said: str) -> None:
    async with database.transaction() as tx:
        known = await versions_of(tx, "p", said)
        await add_version(tx, "p", said, _version(len(known) + 1), [_segment(said)])
        assert said in [hit.meeting_id for hit in await search(tx, said.upper(), limit=1000)]


async def test_only_the_newest_transcript_of_a_meeting_is_searched(database: Database) -> None:
    await _store(database, _segment("the old words"), version=1)
    await _store(database, _segment("the new words"), version=2)
    assert await _search(database, "old") == []
    assert [hit.text for hit in await _search(database, "words")] == ["the new words"]


async def test_no_more_than_the_limit_come_back_and_the_best_first(database: Database) -> None:
    padding = " and other things that do not matter here at all"
    await _store(database, *(_segment("budget" + padding) for _ in range(5)), _segment("Budget, budget!"))
    assert [hit.text for hit in await _search(database, "budget", limit=1)] == ["Budget, budget!"]


async def test_of_a_long_speech_only_what_is_around_the_match_is_shown(database: Database) -> None:
    await _store(database, _segment("before " * 500 + "needle" + " after" * 500))
    (hit,) = await _search(database, "needle")
    assert "needle" in hit.text
    assert len(hit.text.split()) <= 42


async def test_of_equally_good_hits_the_first_by_provider_meeting_and_place_comes_first(
    database: Database,
) -> None:
    places = [("q", "a"), ("p", "é"), ("p", "b"), ("p", "B")]
    async with database.transaction() as tx:
        for provider, meeting_id in places:
            await add_version(tx, provider, meeting_id, _version(1), [_segment("yes"), _segment("yes")])
        hits = await search(tx, "yes", limit=7)
    assert [(hit.provider, hit.meeting_id) for hit in hits] == [
        place for place in sorted(places) for _ in range(2)
    ][:7]


async def test_the_more_of_a_segment_the_words_make_up_the_better_it_is(database: Database) -> None:
    said = [
        "yes we can",
        "yes yes we can",
        "yes",
        "yes yes",
        "can we",
        "the yes of a long speech that can wait",
    ]
    await _store(database, *map(_segment, said))
    hits = await _search(database, "yes can")
    assert [hit.text for hit in hits] == ["yes yes we can", "yes we can", said[-1]]


async def test_of_a_word_that_thousands_say_the_best_of_the_newest_are_found(database: Database) -> None:
    await _store(database, _segment("yes"), *(_segment(f"yes to {number}") for number in range(2_500)))
    await _store_in(database, "newer", _segment("yes sir"))
    assert [hit.text for hit in await _search(database, "yes", limit=1)] == ["yes sir"]


async def test_the_parts_of_a_word_are_found_only_side_by_side(database: Database) -> None:
    await _store(database, _segment("t isn"), _segment("isn not t"), _segment("isn-t"))
    assert [hit.text for hit in await _search(database, "isn't")] == ["isn-t"]


async def test_a_word_far_behind_in_a_speech_of_hours_is_found(database: Database) -> None:
    await _store(database, _segment("word " * 60_000 + "isn't the needle here"))
    (hit,) = await _search(database, "isn't needle")
    assert "isn't the needle" in hit.text
    assert await _search(database, "the isn't-needle") == []


async def test_words_of_any_length_are_stored_and_those_of_the_same_beginning_are_found(
    database: Database,
) -> None:
    await _store(database, _segment("x" * 100_000 + " end"))
    assert len(await _search(database, "x" * 300)) == 1
    assert len(await _search(database, "end")) == 1


async def test_of_megabytes_of_different_words_in_one_segment_the_first_are_found(database: Database) -> None:
    words = [f"é{number:x}ж" for number in range(400_000)]
    await _store(database, _segment(" ".join(["яяя", *words])))
    assert len(await _search(database, "e0Ж ЯЯЯ e1000ж")) == 1
    assert await _search(database, words[-1]) == []


async def test_thousands_of_segments_are_kept_in_their_order(database: Database) -> None:
    await _store(database, *(_segment(f"yes {number:05}") for number in range(2_500)))
    hits = await _search(database, "yes", limit=3_000)
    assert [hit.text for hit in hits] == [f"yes {number:05}" for number in range(2_500)]


async def test_text_of_any_content_can_be_stored_and_searched(database: Database) -> None:
    await _store(database, _segment("a\x00b half \ud83d of a pair"))
    assert len(await _search(database, "half \ud83d")) == 1


def _segment(text: str) -> Segment:
    return Segment.model_construct(speaker=None, start=0, end=1, text=text, words=())


async def _store(database: Database, *segments: Segment, version: int = 1) -> None:
    await _store_in(database, "m", *segments, version=version)


async def _store_in(database: Database, meeting_id: str, *segments: Segment, version: int = 1) -> None:
    async with database.transaction() as tx:
        await add_version(tx, "p", meeting_id, _version(version), segments)


def _version(version: int) -> TranscriptVersion:
    return TranscriptVersion(version, "en", None, (), 0, f"event-{version}", "s", "0" * 64, "0" * 64)


async def _search(database: Database, words: str, limit: int = 10) -> list[Hit]:
    async with database.reading() as tx:
        return await search(tx, words, limit=limit)
