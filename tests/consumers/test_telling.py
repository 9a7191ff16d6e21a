"""What the log says of a copy that takes long."""

from structlog.testing import capture_logs

from consumers.copying.telling import Telling


def test_a_long_copy_is_told_of_each_half_minute_with_its_speed_since() -> None:
    clock = [1000.0]
    telling = Telling("video.mp4", 100_000, first=10_000, now_seconds=lambda: clock[0])
    with capture_logs() as told:
        for seconds, count in ((29, 20_000), (30, 40_000), (59, 50_000), (61, 71_000)):
            clock[0] = 1000.0 + seconds
            telling.at(count)
    line = {"event": "copying", "log_level": "info", "name": "video.mp4", "of": 100_000}
    assert told == [
        line | {"bytes": 40_000, "bytes_per_second": 1000},
        line | {"bytes": 71_000, "bytes_per_second": 1000},
    ]


def test_a_short_one_is_not_told_of() -> None:
    telling = Telling("video.mp4", None, now_seconds=lambda: 0)
    with capture_logs() as told:
        telling.at(1)
        telling.at(2)
    assert told == []
