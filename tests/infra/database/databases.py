"""Every database there is, for suites that run on each. A new one is a line in the table."""

from collections.abc import Callable

import pytest

DATABASE_URLS: dict[str, Callable[[pytest.FixtureRequest], str]] = {
    "sqlite": lambda request: f"sqlite:///{request.getfixturevalue('tmp_path')}/adjourn.db",
    "postgresql": lambda request: str(request.getfixturevalue("postgres").new_database()),
}
"""From a test's request to the URL of a database that is empty and that nobody else uses."""
