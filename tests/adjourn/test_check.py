"""What `adjourn check` says, and that it leaves a folder as it was."""

from pathlib import Path

from tests.adjourn.program import API_KEY, Program

KAFKA_AWAY = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY, "ADJOURN_LOG_URL": "kafka://127.0.0.1:1"}


def test_what_waits_in_the_spool_is_counted_and_nothing_said_to_be_back(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=KAFKA_AWAY)
    with program.running("receive"):
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
    checked = program.run("check")
    assert "Events that wait in the spool until the log takes them: 1." in checked.stderr
    assert "Back" not in checked.stderr


def test_where_there_is_no_spool_none_is_made(tmp_path: Path) -> None:
    checked = Program(tmp_path, settings=KAFKA_AWAY).run("check")
    assert "There is no spool yet" in checked.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_the_log_is_said_once(tmp_path: Path) -> None:
    checked = Program(tmp_path).run("check")
    assert checked.stderr.count("There is no var/log.db") == 1
