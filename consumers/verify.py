"""Are the objects still what the rows say? Each is read again, and what either knows alone is found."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ValidationError

from consumers.folders import folder_of, folders_of_nobody, key_of
from consumers.side_by_side import side_by_side
from infra.database.artifacts import artifacts_of
from infra.database.downloads import downloads_of
from infra.database.engine import Database
from infra.database.forgotten import is_forgotten
from infra.database.holdings import Key, all_holdings
from infra.errors import Retryable
from infra.objects.base import ObjectStore
from schemas.manifest import Artifact, Manifest

_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST_BYTES: Final = 16 * 1024 * 1024
_READ_ATTEMPTS: Final = 3

Verdict = Literal["well", "missing", "wrong_size", "changed", "manifest", "unknown", "forgotten"]
"""Of an object: it is as it was stored; a row tells of it and it is not there; it is shorter or longer; its
bytes are others; a manifest that does not say what the rows say; no row tells of it; it should have gone with
its meeting, which was forgotten."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one object, under its whole name. Sizes in bytes, sha256 in lower-case hex.

    `size` and `sha256` are the object's, null where it was not looked at so far; those expected are its
    row's, null where there is none. The meeting is null where the name does not tell it.
    """

    name: str
    verdict: Verdict
    provider: str | None = None
    meeting_id: str | None = None
    size: int | None = None
    expected_size: int | None = None
    sha256: str | None = None
    expected_sha256: str | None = None


OnBytes = Callable[[int], None]


async def verify(
    objects: ObjectStore,
    database: Database,
    *,
    since: datetime | None = None,
    at_once: int = 4,
    settle_seconds: float = 2,
    on_bytes: OnBytes = lambda count: None,
) -> AsyncIterator[Finding]:
    """A finding for each object, and for each row whose object is not there. Nothing is changed.

    With `since` only what was stored from then on is read, and only the folders of its meetings are looked
    through. `at_once` meetings are read side by side, each in order. What others store, replace or forget
    meanwhile is no fault: what seems wrong is looked at once more, `settle_seconds` after all else.
    `on_bytes` is told of the artifacts' bytes as they are done with.

    Raises `Halt`, and `Retryable` where the store or the database does not answer.
    """
    passed: dict[Key, frozenset[str]] = {}
    nameless: list[str] = []

    async def looks() -> AsyncIterator[Coroutine[Any, Any, tuple[Key, Sequence[Finding]]]]:
        async for key, stored in all_holdings(database, since):
            yield _Look(objects, key, since, on_bytes).at(stored)

    async with aclosing(side_by_side(looks(), at_once=at_once)) as done:
        async for key, findings in done:
            well = [finding for finding in findings if finding.verdict == "well"]
            if len(well) < len(findings):
                passed[key] = frozenset(finding.name for finding in well)
            for finding in well:
                yield finding
    if since is None:
        async for folder in folders_of_nobody(objects, database):
            if (of := key_of(folder)) is None:
                nameless.append(folder)
            else:
                passed.setdefault(of, frozenset())
    if passed or nameless:
        await asyncio.sleep(settle_seconds)
    for key, names in passed.items():
        async with database.reading() as tx:
            stored, forgotten = await artifacts_of(tx, *key), await is_forgotten(tx, *key)
            on_its_way = [download.name for download in await downloads_of(tx, *key)]
        look = _Look(objects, key, since, passed=names.union(on_its_way), forgotten=forgotten)
        _, findings = await look.at(stored)
        for finding in findings:
            yield finding
    for name in nameless:
        async for found in objects.list(name):
            if found.name == name or name.endswith("/"):
                yield Finding(found.name, "unknown", size=found.size)


@dataclass(frozen=True, slots=True)
class _Look:
    """At one meeting's folder. What has `passed` before, or will once it is whole, is not looked at."""

    objects: ObjectStore
    key: Key
    since: datetime | None
    on_bytes: OnBytes = lambda count: None
    passed: frozenset[str] = frozenset()
    forgotten: bool = False

    async def at(self, stored: Sequence[Artifact]) -> tuple[Key, list[Finding]]:
        folder = folder_of(self.key)
        sizes = {found.name: found.size async for found in self.objects.list(folder)}
        expected = {folder + artifact.name: artifact for artifact in stored}
        findings = [
            await self._artifact(name, artifact, sizes.get(name))
            for name, artifact in expected.items()
            if name not in self.passed and (self.since is None or artifact.stored_at >= self.since)
        ]
        manifest = folder + _MANIFEST
        if expected and manifest not in self.passed:
            findings.append(await self._manifest(manifest, stored, sizes.get(manifest)))
        unknown = sizes.keys() - expected.keys() - self.passed - ({manifest} if expected else set())
        verdict: Verdict = "forgotten" if self.forgotten else "unknown"
        findings += [self._finding(name, verdict, size=sizes[name]) for name in sorted(unknown)]
        return self.key, findings

    async def _artifact(self, name: str, artifact: Artifact, size: int | None) -> Finding:
        sha256, counted = None, 0
        if size == artifact.size:
            sha256, counted = await self._sha256(name)
        self.on_bytes(artifact.size - counted)
        verdict: Verdict = "well"
        if size is None or (size == artifact.size and sha256 is None):
            verdict, size = "missing", None
        elif size != artifact.size:
            verdict = "wrong_size"
        elif sha256 != artifact.sha256:
            verdict = "changed"
        return self._finding(name, verdict, size=size, sha256=sha256, expected=artifact)

    async def _sha256(self, name: str) -> tuple[str | None, int]:
        """And the bytes that were told of. Null for an object that is not there any more."""
        counted = 0
        for attempts_left in reversed(range(_READ_ATTEMPTS)):
            digest = hashlib.sha256()
            try:
                async for chunk in self.objects.read(name):
                    await asyncio.to_thread(digest.update, chunk)
                    counted += len(chunk)
                    self.on_bytes(len(chunk))
                return digest.hexdigest(), counted
            except FileNotFoundError:
                break
            except Retryable:
                if not attempts_left:
                    raise
        return None, counted

    async def _manifest(self, name: str, stored: Sequence[Artifact], size: int | None) -> Finding:
        if size is not None and size <= _LARGEST_MANIFEST_BYTES:
            try:
                told = Manifest.model_validate_json(
                    b"".join([chunk async for chunk in self.objects.read(name)])
                )
            except (ValidationError, FileNotFoundError):
                pass
            else:
                same = {artifact.name: artifact for artifact in told.artifacts} == {
                    artifact.name: artifact for artifact in stored
                }
                if same and (told.provider, told.meeting_id) == self.key:
                    return self._finding(name, "well", size=size)
        return self._finding(name, "manifest", size=size)

    def _finding(
        self,
        name: str,
        verdict: Verdict,
        *,
        size: int | None,
        sha256: str | None = None,
        expected: Artifact | None = None,
    ) -> Finding:
        known = (expected.size, expected.sha256) if expected else (None, None)
        return Finding(name, verdict, *self.key, size, known[0], sha256, known[1])
