"""Every change of the tables, oldest first in `versions/`. A new one also becomes `tables.CURRENT_VERSION`.

They bring older tables up to date. New ones are made at once by `tables.create_tables`, alike in every part.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, version: str = "head") -> None:
    """Bring the tables behind this connection up to `version`, inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, version)
