"""An error in words that may be kept: where and what, never a value, a body or the query of a URL."""

import traceback
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.dead_letter import one_line

_ROOT: Final = Path(__file__).resolve().parents[2]
_OUTSIDE: Final = (f"{_ROOT}/.venv/", f"{_ROOT}/consumers/runner/attempt.py")
_LONGEST_TRACEBACK: Final = 8 * 1024
_LONGEST_CHAIN: Final = 10


def reason_of(error: BaseException) -> str:
    """What an error says, in one line; its name where it says nothing."""
    if isinstance(error, ValidationError):  # its own text quotes the body
        fields = error.errors(include_url=False, include_context=False, include_input=False)
        return one_line("; ".join(f"{'.'.join(map(str, field['loc']))}: {field['msg']}" for field in fields))
    return one_line(str(error)) or type(error).__name__


def bug_report(error: BaseException) -> str:
    """`TypeError in consumers/x.py:42: …`, the place being the innermost of our own."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or frames
    place = f"{ours[-1].filename.removeprefix(f'{_ROOT}/')}:{ours[-1].lineno}" if ours else "an unknown place"
    return f"{type(error).__name__} in {place}: {reason_of(error)}"


def traceback_of(error: BaseException) -> str:
    """The lines that led to an error and to those that caused it, causes first; of a long one, the end."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < _LONGEST_CHAIN:
        lines = "".join(traceback.format_tb(cause.__traceback__)).replace(f"{_ROOT}/", "")
        parts.append(f"{lines}{type(cause).__name__}: {reason_of(cause)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(reversed(parts))[-_LONGEST_TRACEBACK:]


def _is_ours(filename: str) -> bool:
    return filename.startswith(f"{_ROOT}/") and not filename.startswith(_OUTSIDE)
