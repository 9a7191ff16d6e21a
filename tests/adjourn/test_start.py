"""Starting and stopping: the first start, what stops a start, and an orderly end."""

import re
import signal
import socket
import subprocess
from pathlib import Path

from adjourn.settings import Settings
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program, eventually, status_of

CONFIGURED = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}


def test_the_first_start_writes_a_documented_env_file_and_says_what_to_do(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.running() as process:
        key = re.search(r"^ADJOURN_MEETING_BAAS_API_KEYS=(\S{32,})$", (tmp_path / ".env").read_text(), re.M)
        assert key is not None
        sent = program.run("send", "webhook-v1/bot.status_change.in_call_recording")
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=DEADLINE_SECONDS)
    assert "202 accepted" in sent.stdout
    assert key[1] in told
    assert f"http://127.0.0.1:{program.port}/webhooks/meeting-baas" in told
    assert "make demo" in told
    assert "your own API key" in told
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert Settings(_env_file=tmp_path / ".env").has_secrets


def test_another_start_changes_nothing_of_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ADJOURN_MEETING_BAAS_API_KEYS=\n")
    program = Program(tmp_path)
    with program.running() as process:
        process.send_signal(signal.SIGTERM)
        told, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert told == ""
    assert "no_secret_is_set" in logged
    assert (tmp_path / ".env").read_text() == "ADJOURN_MEETING_BAAS_API_KEYS=\n"


def test_a_configured_start_writes_no_env_file(tmp_path: Path) -> None:
    with Program(tmp_path, settings=CONFIGURED).running():
        assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_sigterm_and_ctrl_c_end_it_with_exit_code_0(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        program = Program(tmp_path, settings=CONFIGURED)
        with program.running() as process:
            process.send_signal(number)
            _, logged = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, logged
        assert '"event": "stopped"' in logged


def test_a_signal_told_twice_is_one_wish(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running() as process:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        program = Program(tmp_path, port=taken.getsockname()[1], settings=CONFIGURED)
        done = program.run("run")
    assert done.returncode == 1
    assert f"Error: Port {program.port} on 127.0.0.1 is used by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_is_no_log_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/log.db").write_bytes(b"not a database" * 1000)
    done = Program(tmp_path, settings=CONFIGURED).run("run")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: The log var/log.db cannot be used")
    assert "Traceback" not in done.stderr


def test_a_bad_setting_exits_2_without_its_value(tmp_path: Path) -> None:
    bad = CONFIGURED | {"ADJOURN_MEETING_BAAS_SVIX_SECRETS": "whsec_%%%"}
    for command in ("run", "meetings", "check"):
        done = Program(tmp_path, settings=bad).run(command)
        assert done.returncode == 2
        assert "ADJOURN_MEETING_BAAS_SVIX_SECRETS (in the environment) must be" in done.stderr
        assert "%%%" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_warned_of(tmp_path: Path) -> None:
    misspelt = CONFIGURED | {"ADJOURN_MEETING_BASS_API_KEYS": "secret"}
    done = Program(tmp_path, settings=misspelt).run("setup")
    assert done.returncode == 0
    assert '"name": "ADJOURN_MEETING_BASS_API_KEYS"' in done.stderr
    assert '"nearest": "ADJOURN_MEETING_BAAS_API_KEYS"' in done.stderr
    assert "secret" not in done.stderr


def test_receiver_and_consumers_may_be_two_programs(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    assert program.run("setup").returncode == 0
    with program.running("receive"):
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
        assert program.json("meetings") == []
        consumers = program.popen("consume", "meetings")
        eventually(lambda: program.json("meetings"), "in the list of meetings")
        consumers.send_signal(signal.SIGTERM)
        consumers.communicate(timeout=DEADLINE_SECONDS)
    assert consumers.returncode == 0


def test_the_receiver_goes_on_when_a_consumer_halts(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running() as process:
        database = tmp_path / "var/adjourn.db"
        for path in (database, database.with_name("adjourn.db-wal"), database.with_name("adjourn.db-shm")):
            path.unlink(missing_ok=True)
        database.write_bytes(b"not a database" * 1000)
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
        eventually(lambda: program.run("check").returncode == 1, "degraded")
        assert status_of(f"{program.url}/readyz") == 200
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
        assert process.poll() is None


def test_a_start_with_a_locked_down_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    done = Program(tmp_path, settings=CONFIGURED).run("run")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_output_is_nothing_but_what_was_asked_for(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    process: subprocess.Popen[str] = program.popen("run")
    eventually(lambda: program.is_ready(process), "ready")
    process.send_signal(signal.SIGTERM)
    told, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert told == ""
    assert all(line.startswith("{") for line in logged.splitlines())
