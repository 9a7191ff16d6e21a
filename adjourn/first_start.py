"""The first start: a `.env` with a random key, and what to do next."""

import os
import secrets
import shutil
import sys
import textwrap
from pathlib import Path

from adjourn.reference import env_example
from adjourn.senders.table import SENDERS, schemes_of
from adjourn.settings import ENV_FILE, Settings, load_settings, variable
from infra.errors import Halt

_PROVIDER, _TRIAL = next((provider, one.trial) for provider, one in SENDERS.items() if one.trial is not None)


def write_env_file(path: Path = ENV_FILE) -> str:
    """Write a documented `.env` that only we may read, and return the random key in it.

    Raises `FileExistsError` when there is one: it is never overwritten.
    """
    key = secrets.token_urlsafe(24)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(env_example({_TRIAL.setting: key}))
    return key


def welcome(settings: Settings, key: str) -> str:
    """What a person should know after `write_env_file`: how to see it work, and how to make it real."""
    name = program_name()
    steps = "\n".join(_step(number, text) for number, text in enumerate(_TRIAL.steps, 1))
    return f"""\
First start: .env was written, with a random key. Nothing else is needed to try it.

  webhook URL   {webhook_url(settings, _PROVIDER)}
  header        {_TRIAL.header}: {key}

See it work, in a second terminal:

  make demo
      the whole way once, in a folder of its own: recording, transcript, timeline
  {name} send {_TRIAL.sample}
      one event to this receiver; `{name} meetings` shows what it says

For real meetings with {SENDERS[_PROVIDER].title} (docs/providers/ has the other senders):

{steps}
"""


def first_start(settings: Settings) -> tuple[Settings, str]:
    """On a first start the settings read anew and what to tell; otherwise the same settings and "".

    Raises `Halt` when nothing can be written here.
    """
    if schemes_of(settings) or ENV_FILE.exists():
        return settings, ""
    try:
        key = write_env_file()
    except OSError as error:
        raise Halt(
            f"No secret is set, and a .env with a random key cannot be written to {Path.cwd()} "
            f"({error.strerror}): start where you may write, or set {variable(_TRIAL.setting)}."
        ) from error
    renewed = load_settings()
    return renewed, welcome(renewed, key)


def _step(number: int, text: str) -> str:
    return textwrap.fill(text, 106, initial_indent=f"  {number}. ", subsequent_indent=" " * 5)


def webhook_url(settings: Settings, provider: str) -> str:
    """Where this machine reaches its own receiver with a sender's events."""
    return f"{own_url(settings)}/webhooks/{provider}"


def own_url(settings: Settings) -> str:
    """Where this machine reaches its own receiver, without a "/" at its end."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def program_name() -> str:
    """How a person calls this program again from here: by its name, or by its path when it is not on PATH."""
    called = Path(sys.argv[0])
    if called.name != "adjourn" or shutil.which("adjourn"):
        return "adjourn"
    return os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called)
