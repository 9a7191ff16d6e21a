"""The settings as people read them: README's table and `.env.example`, both made of `settings.py`."""

import textwrap
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from adjourn.settings import Settings, form, variable

_HEAD: Final = """\
# Settings of Adjourn. Copy this file to .env and fill in what you use; the environment wins over it.
# A line that is commented out shows the default or an example.
# Lists are comma-separated, the newest first; all are accepted.
"""


def settings_table() -> str:
    """A Markdown table, a row for each setting, in the order of `settings.py`."""
    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if _has_default(field) else ""
        rows.append(f"| `{variable(name)}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def env_example(values: Mapping[str, str] | None = None) -> str:
    """The text of `.env.example`. `values`, by field name, are filled in: that makes it a `.env`."""
    given = values or {}
    blocks = [_HEAD]
    for name, field in Settings.model_fields.items():
        comment = "\n".join(textwrap.wrap((field.description or "").replace("`", ""), 106))
        if name in given:
            line = f"{variable(name)}={given[name]}"
        elif name.startswith("meeting_baas") and not _has_default(field):
            line = f"{variable(name)}="
        else:
            shown = field.default if _has_default(field) else form(field).example
            line = f"# {variable(name)}={shown}"
        blocks.append(textwrap.indent(comment, "# ") + f"\n{line}\n")
    return "\n".join(blocks)


def _has_default(field: FieldInfo) -> bool:
    return field.default not in ((), "", SecretStr(""))
