"""Errors as people read them."""

import pytest

from adjourn.sentences import sentence


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("the log cannot be used", "The log cannot be used."),
        ("nobody answers.", "Nobody answers."),
        ("Kafka is away", "Kafka is away."),
        ("s3://bucket is not there", "s3://bucket is not there."),
        ("localhost:9092 hung up on us", "localhost:9092 hung up on us."),
        ("spool.db is full", "spool.db is full."),
        ("max_bytes is too small", "max_bytes is too small."),
    ],
)
def test_only_a_word_is_begun_with_a_capital(text: str, read: str) -> None:
    assert sentence(Exception(text)) == read
