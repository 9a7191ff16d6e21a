"""How events are named, keyed and told apart, and which are broken."""

import json
import time
from collections.abc import Callable

import pytest

from schemas.identity import BrokenEvent, Identity
from schemas.meeting_baas import identify
from tests.schemas.payloads import AT, BOT, CALENDAR, encode, event, status


def v1(body: bytes) -> Identity:
    return identify(body, "webhook-v1")


def broken(body: bytes, channel: str = "webhook-v2") -> BrokenEvent:
    with pytest.raises(BrokenEvent) as caught:
        identify(body, channel)
    return caught.value


def test_the_same_status_sent_again_is_the_same_event() -> None:
    assert v1(status("call_ended")).id == v1(status("call_ended", error_message="again")).id


def test_a_status_repeated_at_another_time_is_another_event() -> None:
    assert v1(status("call_ended")).id != v1(status("call_ended", created_at="2026-03-02T10:00:09.000Z")).id


def test_two_codes_at_one_time_are_two_events() -> None:
    assert v1(status("recording_paused")).id != v1(status("recording_resumed")).id


@pytest.mark.parametrize("padding", ["", "x" * 5000], ids=["small", "large"])
def test_only_the_code_and_the_time_of_a_status_are_read(padding: str) -> None:
    """Small and large bodies are parsed by different ways."""
    strange = {"bot_id": "another", "sent_at": "2020-01-01T00:00:00Z", "padding": padding}

    assert v1(status("call_ended", **strange)) == v1(status("call_ended"))


def test_statuses_without_a_time_are_told_apart_by_their_bytes() -> None:
    first, second = (v1(event("bot.status_change", status="queued", note=note)) for note in ("a", "b"))
    assert first.id != second.id


@pytest.mark.parametrize(("name", "link"), [("complete", "mp4"), ("bot.completed", "video")])
def test_an_event_sent_again_with_fresh_links_is_the_same_event(name: str, link: str) -> None:
    old, fresh = (event(name, **{link: f"https://media.example/a?X-Amz-Date={n}"}) for n in (1, 2))
    assert v1(old).id == v1(fresh).id


def test_the_same_completion_by_webhook_and_by_callback_is_the_same_event() -> None:
    body = event("bot.completed", sent_at=AT)
    assert identify(body, "webhook-v2").id == identify(body, "callback").id


def test_completions_of_two_bots_are_two_events() -> None:
    assert v1(event("complete", bot_id="a")).id != v1(event("complete", bot_id="b")).id


def test_failures_of_one_bot_differ_by_their_error_alone() -> None:
    first, again = (v1(event("failed", error="BotRemoved", message=text)) for text in ("once", "twice"))
    assert first.id == again.id != v1(event("failed", error="InternalError", message="once")).id


def test_a_failure_of_v2_sent_again_is_the_same_event() -> None:
    assert v1(event("bot.failed", sent_at=AT)).id == v1(event("bot.failed")).id


def test_two_transcription_complete_of_one_bot_cannot_be_told_apart() -> None:
    assert v1(event("transcription_complete")).id == v1(event("transcription_complete")).id


def test_chat_messages_differ_by_their_message_id() -> None:
    sent = (("1", AT), ("2", AT), ("1", "2026-03-02T10:00:09Z"))
    first, second, again = (v1(event("bot.chat_message", message_id=n, sent_at=at)) for n, at in sent)
    assert first.id == again.id != second.id


def test_a_calendar_sync_is_the_same_whatever_the_order_of_its_events() -> None:
    one, other, less = (
        encode(
            {
                "event": "calendar.sync_events",
                "data": {"calendar_id": CALENDAR, "last_updated_ts": AT, "affected_event_uuids": uuids},
            }
        )
        for uuids in (["a", "b"], ["b", "a"], ["a"])
    )
    assert v1(one).id == v1(other).id != v1(less).id


def test_calendar_events_without_an_id_of_their_own_are_told_apart_by_their_bytes() -> None:
    created, again, other = (
        encode({"event": "calendar.event_created", "data": {"calendar_id": CALENDAR, "series_id": n}})
        for n in "112"
    )
    assert v1(created).id == v1(again).id != v1(other).id


def test_an_alert_is_known_by_its_rule_and_when_it_was_triggered() -> None:
    first, again, later = (
        identify(
            encode({"alert_rule_id": "r", "alert_type": "bot_crash", "triggered_at": at, "message": m}),
            "alert",
        )
        for at, m in ((AT, "one"), (AT, "other"), ("2026-03-02T11:00:00Z", "one"))
    )
    assert first.id == again.id != later.id


def test_an_alert_without_a_type_is_still_an_alert() -> None:
    assert identify(encode({"alert_rule_id": "r"}), "alert").type == "alert.unknown"


def test_a_bot_id_that_is_a_number_becomes_text() -> None:
    assert v1(event("complete", bot_id=42)) == v1(event("complete", bot_id="42"))


def test_fields_are_found_beside_data_too() -> None:
    assert v1(encode({"event": "complete", "bot_id": BOT, "data": {"mp4": ""}})).key == BOT


def test_an_id_with_path_tricks_is_kept_as_it_is() -> None:
    assert v1(event("complete", bot_id="../../etc/passwd")).key == "../../etc/passwd"


def test_null_inside_data_does_not_hide_what_stands_beside_it() -> None:
    body = encode({"event": "bot.completed", "data": {"bot_id": BOT, "sent_at": None}, "sent_at": AT})
    assert v1(body).time == AT


@pytest.mark.parametrize(
    ("sent_at", "time"),
    [
        ("2026-03-02T10:00:01Z", "2026-03-02T10:00:01Z"),
        ("2026-03-02T10:00:01.123456789Z", "2026-03-02T10:00:01.123456789Z"),
        ("2026-03-02T12:00:01+02:00", "2026-03-02T10:00:01Z"),
        ("2026-03-02 10:00:01.5", "2026-03-02T10:00:01.500000Z"),
        ("2026-03-02T10:00", "2026-03-02T10:00:00Z"),
        ("2026-13-02T10:00:01Z", ""),
        ("0001-01-01T00:00:00+14:00", ""),
        ("2026-03-02", ""),
        ("yesterday at around ten", ""),
        (1772445601, ""),
        ([], ""),
    ],
)
def test_the_time_of_an_event_is_rfc_3339_in_utc_or_nothing(sent_at: object, time: str) -> None:
    assert v1(event("bot.completed", sent_at=sent_at)).time == time


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("bot.levitated", "bot.levitated"),
        ("Bot Completed\r\nx-evil: 1", "Bot_Completed__x-evil:_1"),
        ("会議.終了", "__.__"),
        ("x" * 5000, "x" * 100),
        ("", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
        ({"name": "complete"}, "unknown"),
        (["complete"], "unknown"),
    ],
)
def test_an_unknown_event_is_accepted_under_a_name_that_is_safe_in_a_header(name: object, type_: str) -> None:
    assert v1(event(name)).type == type_
    assert v1(event(name)).key == BOT


def test_an_unknown_event_is_keyed_as_far_as_it_goes() -> None:
    assert v1(encode({"event": "calendar.exploded", "data": {"calendar_id": CALENDAR}})).key == CALENDAR
    assert v1(encode({"event": "team.renamed"})).key == ""
    assert v1(encode({})) == Identity("unknown", "", v1(encode({})).id)


def test_an_unknown_event_is_known_again_by_its_bytes() -> None:
    first, again, other = (v1(event("bot.levitated", height=n)) for n in (1, 1, 2))
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    "name",
    ["complete", "failed", "transcription_complete", "bot.completed", "bot.failed", "bot.chat_message"],
)
@pytest.mark.parametrize("bot_id", [None, "", "  ", [], {}, True, 4.5, "x" * 257, "a\x00b", "a\nb"])
def test_an_event_about_a_bot_that_names_none_is_broken(name: str, bot_id: object) -> None:
    error = broken(event(name, bot_id=bot_id))
    assert (error.type, error.key, len(error.errors)) == (name, "", 1)
    assert error.errors[0].startswith("data.bot_id: ")


def test_an_event_without_any_data_is_broken() -> None:
    assert broken(encode({"event": "complete"})).errors == ("bot_id: is missing",)
    assert broken(encode({"event": "complete", "data": "none"})).errors == ("bot_id: is missing",)


@pytest.mark.parametrize(
    "suffix",
    [
        "sync_events",
        "connection_created",
        "connection_updated",
        "connection_deleted",
        "connection_error",
        "events_synced",
        "event_created",
        "event_updated",
        "event_cancelled",
    ],
)
def test_a_calendar_event_that_names_no_calendar_is_broken(suffix: str) -> None:
    assert broken(event(f"calendar.{suffix}")).errors == ("data.calendar_id: is missing",)


def test_an_alert_that_names_no_rule_is_broken() -> None:
    error = broken(encode({"alert_type": "bot_crash"}), "alert")
    assert (error.type, error.errors) == ("alert.bot_crash", ("alert_rule_id: is missing",))


@pytest.mark.parametrize("value", [None, [], 5, {}, {"code": None}, {"code": 7}, {"code": []}])
def test_a_status_without_a_code_is_broken_under_the_key_of_its_bot(value: object) -> None:
    error = broken(event("bot.status_change", status=value))
    assert (error.key, error.errors) == (BOT, ("data.status: has no code",))


def test_an_empty_code_is_accepted_as_the_senders_own_schema_allows_it() -> None:
    assert v1(status("")).key == BOT


@pytest.mark.parametrize(
    "link", ["video", "mp4", "audio", "diarization", "raw_transcription", "transcription"]
)
@pytest.mark.parametrize(
    "value", [5, True, {"url": "https://media.example/secret"}, ["https://media.example/secret"]]
)
def test_a_completion_whose_link_is_no_text_is_broken_since_a_file_would_be_lost(
    link: str, value: object
) -> None:
    error = broken(event("bot.completed", **{link: value}))
    assert error.errors == (f"data.{link}: not a link",)


def test_all_that_is_wrong_is_named_and_no_value_of_it() -> None:
    error = broken(event("complete", bot_id={"token": "geheim"}, mp4=["geheim"], audio=8128))
    assert [one.partition(":")[0] for one in error.errors] == ["data.bot_id", "data.mp4", "data.audio"]
    assert "geheim" not in str(error)
    assert "8128" not in str(error)


@pytest.mark.parametrize(
    "optional",
    [
        {"extra": 5},
        {"participants": None},
        {"speakers": "Ada"},
        {"duration_seconds": "long"},
        {"joined_at": 7},
        {"data_deleted": "no"},
        {"sent_at": {}},
        {"transcript": "later"},
        {"event_id": []},
        {"error_code": 9},
        {"video": ""},
        {"video": None},
        {"transcription_ids": {}},
        {"status": ["completed"]},
    ],
)
def test_optional_fields_of_surprising_types_break_nothing(optional: dict[str, object]) -> None:
    assert identify(event("bot.completed", **optional), "webhook-v2").key == BOT


def test_naming_a_large_completion_costs_less_than_parsing_it() -> None:
    words = [{"start": n * 0.4, "end": n * 0.4 + 0.3, "word": "word"} for n in range(5000)]
    body = event("complete", transcript=[{"speaker": "Ada", "words": words}])
    assert len(body) > 250_000
    parsing = min(cpu_seconds(lambda: json.loads(body)) for _ in range(5))
    naming = min(cpu_seconds(lambda: v1(body)) for _ in range(5))
    assert naming < parsing


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
