"""Packages that only some parts need."""

from infra.errors import Halt


def not_installed(part: str, extra: str) -> Halt:
    """`part` needs what the extra of that name, in `pyproject.toml`, brings."""
    return Halt(
        f"{part} needs a package that is not installed: run "
        f"`.venv/bin/python infra/deploy/install.py {extra}`, then start again."
    )
