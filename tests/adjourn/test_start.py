"""Starting and stopping: the first start, what stops a start, and an orderly end."""

import json
import re
import shutil
import signal
import socket
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

from adjourn.senders.table import schemes_of
from adjourn.settings import Settings
from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program, eventually, status_of

CONFIGURED = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}


def has_meetings(database: Path) -> bool:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT 1 FROM meetings").fetchone() is not None


def degraded(program: Program) -> dict[str, str]:
    with urllib.request.urlopen(f"{program.url}/readyz") as answer:
        found: dict[str, str] = json.load(answer)["degraded"]
        return found


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
    assert list(schemes_of(Settings(_env_file=tmp_path / ".env"))) == ["meeting-baas"]


def test_another_start_changes_nothing_of_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ADJOURN_MEETING_BAAS_API_KEYS=\n")
    program = Program(tmp_path)
    with program.running() as process:
        process.send_signal(signal.SIGTERM)
        told, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert told == ""
    assert "no_secret_is_set" in logged
    assert (tmp_path / ".env").read_text() == "ADJOURN_MEETING_BAAS_API_KEYS=\n"


def test_a_configured_start_writes_no_env_file_and_ctrl_c_ends_it_in_order(tmp_path: Path) -> None:
    with Program(tmp_path, settings=CONFIGURED).running() as process:
        assert [path.name for path in tmp_path.iterdir()] == ["var"]
        process.send_signal(signal.SIGINT)
        told, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0
    assert told == ""
    assert [json.loads(line)["event"] for line in logged.splitlines()] == ["listening", "stopping", "stopped"]


def test_sigterm_told_twice_is_one_wish(tmp_path: Path) -> None:
    with Program(tmp_path, settings=CONFIGURED).running() as process:
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
    done = Program(tmp_path, settings=bad).run("run")
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
        eventually(lambda: has_meetings(tmp_path / "var/adjourn.db"), "known as a meeting")
        consumers.send_signal(signal.SIGTERM)
        consumers.communicate(timeout=DEADLINE_SECONDS)
    assert consumers.returncode == 0


def test_tail_follows_what_comes_until_ctrl_c(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running("receive"):
        following = program.popen("tail", "webhooks", "--follow")
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
        assert following.stdout is not None
        line = following.stdout.readline()
        following.send_signal(signal.SIGINT)
        _, complaints = following.communicate(timeout=DEADLINE_SECONDS)
    assert "meeting-baas.bot.status_change" in line
    assert (following.returncode, complaints) == (0, "")


def test_the_receiver_goes_on_when_a_consumer_halts(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running() as process:
        shutil.rmtree(tmp_path / "var/objects")
        assert program.run("send", "complete").returncode == 0
        eventually(lambda: "consumer transcripts" in degraded(program), "degraded")
        assert status_of(f"{program.url}/readyz") == 200
        assert program.run("send", "webhook-v1/bot.status_change.call_ended").returncode == 0
        checked = program.run("check")
        assert process.poll() is None
    assert checked.returncode == 1
    assert "accepts webhooks, but not all is well" in checked.stderr


def test_a_start_with_a_locked_down_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    done = Program(tmp_path, settings=CONFIGURED).run("run")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_it_ends_in_order_when_nobody_reads_its_log_any_more(tmp_path: Path) -> None:
    with Program(tmp_path, settings=CONFIGURED).running() as process:
        assert process.stderr is not None
        process.stderr.close()
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_SECONDS)
    assert process.returncode in (0, 120)  # 120 is Python's own word for a stream that cannot be flushed
