"""Sample events, one file each, as their senders publish them: made-up people, links to nowhere.

`<provider>/<channel>/<event>[.<dialect>].json` are bodies of webhooks; `<provider>/artifacts/` holds the
files they link to, `<provider>/api/` what the sender's API answers, and `media/` the recording, in which is
said what the transcripts say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_ARTIFACTS: Final = "artifacts"
_API: Final = "api"


@dataclass(frozen=True, slots=True)
class Sample:
    """`name` is `<provider>/<channel>/<event>[.<dialect>]`; `channel` says how its sender proves it."""

    name: str
    provider: str
    channel: str
    body: bytes


def names(provider: str = "") -> Sequence[str]:
    """All samples, or those of one sender, in order of their names."""
    return sorted(name for name in _files() if not provider or name.startswith(f"{provider}/"))


def called(name: str) -> Sequence[str]:
    """Those of `names()` that `name` may stand for: it is one of them, or the end of some."""
    known = names()
    return [name] if name in known else [each for each in known if each.endswith(f"/{name}")]


def read(name: str) -> Sample:
    """Raises `KeyError` for a name that is not that of just one sample."""
    found = called(name)
    if len(found) != 1:
        raise KeyError(name)
    file = _files()[found[0]]
    return Sample(found[0], file.parts[-3], file.parts[-2], file.read_bytes())


def linked_folders() -> Sequence[Path]:
    """Where the files are that the samples link to, by the last part of the link's path."""
    return (_HERE / "media", *sorted(_HERE.glob(f"*/{_ARTIFACTS}")))


def api_folder(provider: str) -> Path:
    """Where the answers of a sender's API are, by the whole path of the question; it may not be there."""
    return _HERE / provider / _API


def _files() -> dict[str, Path]:
    found = sorted(_HERE.glob("*/*/*.json"))
    return {
        f"{file.parts[-3]}/{file.parts[-2]}/{file.stem}": file
        for file in found
        if file.parts[-2] not in (_ARTIFACTS, _API)
    }
