"""The settings as people read them: README's tables and `.env.example`, both made of `Settings`."""

import textwrap
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from adjourn.senders.table import SENDERS
from adjourn.settings import Settings, form, variable

_OWN: Final = "Adjourn"
_HEAD: Final = """\
# Settings of Adjourn. Copy this file to .env and fill in what you use; the environment wins over it.
# A line that is commented out shows the default or an example.
# Lists are comma-separated, the newest first; all are accepted.
"""


def settings_table() -> str:
    """Markdown: a table for each sender, then one for the program; a row for each setting."""
    return "\n".join(f"**{title}**\n\n{_table(fields)}" for title, fields in _groups().items())


def env_example(values: Mapping[str, str] | None = None) -> str:
    """The text of `.env.example`. `values`, by field name, are filled in: that makes it a `.env`."""
    given = values or {}
    blocks = [_HEAD]
    for title, fields in _groups().items():
        blocks.append(f"# --- {title} ---\n")
        for name, field in fields.items():
            comment = "\n".join(textwrap.wrap((field.description or "").replace("`", ""), 106))
            blocks.append(textwrap.indent(comment, "# ") + f"\n{_line(title, name, field, given)}\n")
    return "\n".join(blocks)


def _groups() -> dict[str, dict[str, FieldInfo]]:
    """The fields of `Settings` by title: each sender's, and after them those that are no sender's."""
    senders = {sender.title: sender.settings.model_fields for sender in SENDERS.values()}
    theirs = {name for fields in senders.values() for name in fields}
    own = {name: field for name, field in Settings.model_fields.items() if name not in theirs}
    return {**senders, _OWN: own}


def _table(fields: Mapping[str, FieldInfo]) -> str:
    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in fields.items():
        default = f"`{_default(field)}`" if _has_default(field) else ""
        rows.append(f"| `{variable(name)}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def _line(title: str, name: str, field: FieldInfo, given: Mapping[str, str]) -> str:
    """What a sender needs waits to be filled in."""
    if name in given:
        return f"{variable(name)}={given[name]}"
    if title != _OWN and not _has_default(field):
        return f"{variable(name)}="
    return f"# {variable(name)}={_default(field) if _has_default(field) else form(field).example}"


def _has_default(field: FieldInfo) -> bool:
    return field.default not in ((), "", SecretStr(""))


def _default(field: FieldInfo) -> str:
    """As it would be written in `.env`."""
    return ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
