import pytest

from schemas.dead_letter import letter_of, one_line
from schemas.envelope import Record
from schemas.topics import DEAD_LETTERS


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            "404 from https://b.example.com/v.mp4?X-Amz-Signature=c0ffee",
            "404 from https://b.example.com/v.mp4",
        ),
        ("GET /bucket/v.mp4?X-Amz-Signature=c0ffee: 503", "GET /bucket/v.mp4 503"),
        ("url='https://b.example.com/a?sig=c0ffee', status=403", "url='https://b.example.com/a', status=403"),
        ("b.example.com/a?c0ffee", "b.example.com/a"),
        ("HTTPS://B.EXAMPLE.COM?sig=c0ffee", "HTTPS://B.EXAMPLE.COM"),
        ("https://b.example.com/a#access_token=c0ffee", "https://b.example.com/a"),
        ("postgresql://adjourn:c0ffee@db.example.com/adjourn", "postgresql://db.example.com/adjourn"),
        ("several\n  lines\tand \x1b[31mcolours\x00", "several lines and [31mcolours"),
        ("what now? nothing, see issue #12", "what now? nothing, see issue #12"),
    ],
)
def test_an_error_is_one_line_without_credentials(error: str, line: str) -> None:
    assert one_line(error) == line


def test_a_long_error_is_cut_and_a_query_cut_with_it_is_gone_too() -> None:
    assert len(one_line("x" * 100_000)) == 1000
    assert "c0ffee" not in one_line("y" * 990 + " https://b.example.com/?" + "c0ffee" * 10_000)


@pytest.mark.parametrize("attempts", ["", "many", "-1", "9" * 5000])
def test_a_letter_of_whatever_content_can_be_read(attempts: str) -> None:
    headers = {"dl_consumer": "recordings", "dl_attempts": attempts, "dl_time": "0001-01-01T00:00:00"}
    letter = letter_of(Record(DEAD_LETTERS, 0, 1, "bot-1", 1_700_000_000_000, headers, b""))

    assert letter is not None
    assert letter.attempts == 0
