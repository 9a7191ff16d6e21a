"""Who reads what, decided again and again while members come and go."""

from collections.abc import Mapping

from aiokafka.structs import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.eventlog.kafka.assignor import shares

Reading = dict[str, set[TopicPartition]]

_TOPICS = {"webhooks": range(12), "events": range(12)}


def _share(members: Mapping[str, set[TopicPartition]], topics: Mapping[str, range] = _TOPICS) -> Reading:
    partitions = {topic: list(numbers) for topic, numbers in topics.items()}
    return shares(partitions, {member: list(topics) for member in members}, members)


def _all(topics: Mapping[str, range]) -> set[TopicPartition]:
    return {TopicPartition(topic, number) for topic, numbers in topics.items() for number in numbers}


@settings(deadline=None)
@given(st.data(), st.integers(0, 7), st.integers(0, 7))
def test_members_come_to_an_even_share_in_two_steps_and_nobody_gets_what_another_reads(
    data: st.DataObject, webhooks: int, events: int
) -> None:
    topics = {"webhooks": range(webhooks), "events": range(events)}
    reading: Reading = {}
    for _ in range(data.draw(st.integers(1, 4))):
        members: set[str] = data.draw(st.sets(st.sampled_from("abcde"), min_size=1))
        reading = {member: reading.get(member, set()) for member in members}
        for _ in range(2):
            given_now = _share(reading, topics)
            for member, gets in given_now.items():
                others = set[TopicPartition]().union(*(reading[m] for m in members - {member}))
                assert not gets & others
            reading = given_now
        assert sorted(tp for mine in reading.values() for tp in mine) == sorted(_all(topics))
        numbers = [len({number for _, number in mine}) for mine in reading.values()]
        assert max(numbers) - min(numbers) <= 1
        assert sum(numbers) == max(webhooks, events)  # each number is with one member, over both topics
        assert _share(reading, topics) == reading


def test_a_member_that_comes_takes_no_more_than_its_share_and_one_that_leaves_moves_nothing_else() -> None:
    first = _share({"a": set(), "b": set()})
    third = _share({**first, "c": set()})

    assert third["a"] < first["a"]
    assert third["b"] < first["b"]
    assert third["c"] == set()  # not before the others have let go

    settled = _share(third)
    left = _share({"a": settled["a"], "b": settled["b"]})

    assert len(settled["c"]) == 8
    assert settled["a"] < left["a"]
    assert settled["b"] < left["b"]


def test_what_two_members_believe_to_read_goes_to_neither_before_they_have_let_go() -> None:
    both = {TopicPartition("webhooks", 3)}

    given_now = _share({"a": both, "b": both})

    assert not both & (given_now["a"] | given_now["b"])


def test_members_that_want_different_topics_get_only_those() -> None:
    partitions = {"webhooks": [0, 1, 2, 3], "events": [0, 1, 2, 3]}

    given_now = shares(partitions, {"old": ["webhooks"], "new": ["webhooks", "events"]}, {})

    assert {topic for topic, _ in given_now["old"]} == {"webhooks"}
    assert {number for topic, number in given_now["new"] if topic == "events"} == {0, 1, 2, 3}
    assert len(given_now["old"]) == 2
