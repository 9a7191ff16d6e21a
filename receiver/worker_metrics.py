"""`/metrics` of several workers at one port: whichever of them is asked tells of all."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

log = structlog.get_logger()

_LABEL: Final = "worker"


@dataclass(frozen=True, slots=True)
class WorkerMetrics:
    """One worker's part. All share `folder`, which holds nothing else; whoever takes a place takes its name.

    Every sample gets the label "worker". Nothing is added up: workers begin to count anew one by one, as
    whoever reads counters of processes knows, and not everything is a sum.
    """

    folder: Path
    worker: str
    every_seconds: float = 1

    async def publish(self, stop: asyncio.Event) -> None:
        """Tell the others until `stop` is set, and then once more."""
        trouble = ""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.every_seconds)
            before, trouble = trouble, await asyncio.to_thread(self._write)
            if trouble and not before:
                log.warning("metrics_not_shared", reason=trouble)

    async def page(self) -> bytes:
        """This worker's numbers of now, the others' as they last told them."""
        return await asyncio.to_thread(self._merged_page)

    def _write(self) -> str:
        """Whole or not at all, since others read meanwhile. Returns why it failed, "" when it did not."""
        unfinished = self.folder / f"{self.worker}.unfinished"
        try:
            unfinished.write_bytes(generate_latest())
            unfinished.replace(self.folder / f"{self.worker}.prom")
        except OSError as exc:
            return str(exc)
        return ""

    def _merged_page(self) -> bytes:
        pages = {path.stem: path.read_text() for path in sorted(self.folder.glob("*.prom"))}
        return generate_latest(_Pages(pages | {self.worker: generate_latest().decode()}))


@dataclass(frozen=True, slots=True)
class _Pages:
    """A collector, as `prometheus_client` calls it, of what each worker's page tells."""

    by_worker: Mapping[str, str]

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for worker, page in self.by_worker.items():
            for family in text_string_to_metric_families(page):
                metric = merged.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    metric.samples.append(sample._replace(labels={**sample.labels, _LABEL: worker}))
        yield from merged.values()
