"""`--workers`: several receiving processes that start, stop and stand in for each other as one."""

import re
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

from tests.adjourn.program import API_KEY, DEADLINE_SECONDS, Program, eventually
from tests.ports import free_port

CONFIGURED = {"ADJOURN_MEETING_BAAS_API_KEYS": API_KEY}
STATUS = "webhook-v1/bot.status_change.in_call_recording"


def workers_of(pid: int) -> dict[str, psutil.Process]:
    """By name."""
    found = {}
    for child in psutil.Process(pid).children():
        with suppress(psutil.ZombieProcess):  # killed, and not yet missed
            if name := re.search(r"--worker=(\w+)", " ".join(child.cmdline())):
                found[name[1]] = child
    return found


def metrics(program: Program) -> str:
    with urllib.request.urlopen(f"{program.url}/metrics") as page:
        text: str = page.read().decode()
        return text


def test_what_several_workers_receive_is_worked_on(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running("run", "--workers", "2") as process:
        assert set(workers_of(process.pid)) == {"1", "2"}
        assert "202 accepted" in program.run("send", STATUS).stdout
        eventually(lambda: program.json("meetings"), "a meeting")
        done = r'adjourn_consumer_handled_total\{consumer="meetings",outcome="done",worker="main"\} 1\.0'
        eventually(lambda: re.search(done, metrics(program)), "told of the consumers on the metrics page")
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0
    assert logged.count('"stopped"') == 3


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    program = Program(tmp_path, settings=CONFIGURED)
    with program.running("receive", "--workers", "2") as process:
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()  # now both receive
        killed = workers_of(process.pid)["1"]
        killed.kill()
        replaced = eventually(
            lambda: (now := workers_of(process.pid).get("1")) and now.pid != killed.pid, "replaced"
        )
        assert replaced
        eventually(lambda: "202 accepted" in program.run("send", STATUS).stdout, "accepted")


def test_no_worker_is_left_when_the_program_is_killed(tmp_path: Path) -> None:
    with Program(tmp_path, settings=CONFIGURED).running("receive", "--workers", "2") as process:
        workers = workers_of(process.pid).values()
        process.kill()
        _, alive = psutil.wait_procs(workers, timeout=DEADLINE_SECONDS)
    assert alive == []


def test_a_port_that_is_taken_is_told_before_any_worker_starts(tmp_path: Path) -> None:
    port = free_port()
    first = Program(tmp_path, port, CONFIGURED)
    with first.running("receive", "--workers", "2"):
        second = first.run("receive", "--workers", "2")
    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 is used by another program" in second.stderr
