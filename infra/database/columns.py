"""Column types: text from outside that no database refuses, and moments that keep their zone."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, DateTime, Dialect, Text, TypeDecorator

_REFUSED: Final = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with NUL and lone surrogates, which databases refuse, replaced by U+FFFD."""
    return _REFUSED.sub("\ufffd", text)


PlainText: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and sorted by its code points, as SQLite does, wherever the database was made."""


class OutsideText(TypeDecorator[str]):
    """Text of any content. What is written and what it is compared with go through `storable` alike."""

    impl = PlainText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class OutsideTexts(TypeDecorator[tuple[str, ...]]):
    """A short list of texts of any content, kept as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> list[str]:
        return [storable(text) for text in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value or ())


class Moment(TypeDecorator[datetime]):
    """A date-time in UTC, also when it is read back: SQLite would lose the zone. Without one it is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=UTC)
        try:
            return value.astimezone(UTC)
        except OverflowError:  # the last hours of the year 9999, the first of the year 1
            return value.replace(tzinfo=UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
