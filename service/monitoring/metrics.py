"""What is counted, for Prometheus: by every worker, summed when asked.

Each worker counts in files of its own that are mapped into memory (prometheus_client's multiprocess mode), in a folder
all share; whichever worker is asked adds them up. What a worker that ended had counted stays in the sums: it is added
to files of all that ended, so that a service whose workers are replaced often does not fill its folder.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.types import Scope

from service import __version__, file_lock
from service.arrays import Activations, Engine, Pixels, Probabilities
from service.monitoring import (
    deferred,
    metric_buffer,  # must be imported before the first metric is made
)
from service.monitoring.drift import DriftCollector, ServedModel

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

# registry=None: no registry but the one that is made to answer, which reads the files of all workers.
_REQUESTS = Counter(
    "service_requests", "Requests answered; status 499: the client left", ["route", "method", "status"], registry=None
)
_DURATION = Histogram(
    "service_request_duration_seconds", "From headers to answer", ["route"], buckets=_BUCKETS, registry=None
)
_INFERENCE = Histogram(
    "service_inference_duration_seconds",
    "One call of a model, for all pictures that came together",
    ["model"],
    buckets=_BUCKETS,
    registry=None,
)
_IMAGES = Counter(
    "service_images",
    "Images that a model was run on, the copies with something hidden for /explain among them",
    ["model"],
    registry=None,
)
IN_FLIGHT = Gauge("service_requests_in_flight", "Requests being worked on", multiprocess_mode="livesum", registry=None)
SHED = Counter("service_requests_shed", "Requests refused because too many were in flight", registry=None)


def count_requests(ended: Iterable[tuple[Scope, int, float]]) -> None:
    """Count requests that have ended, each with its status and seconds, by route, method and status."""
    counts: dict[tuple[str, str, int], int] = defaultdict(int)
    durations: dict[str, list[float]] = defaultdict(list)
    for scope, status, seconds in ended:
        # Never the path itself: clients could make up any.
        route = getattr(scope.get("route"), "path", "none")
        counts[route, scope["method"], status] += 1
        durations[route].append(seconds)
    for labels, count in counts.items():
        _requests(*labels).inc(count)
    for route, found in durations.items():
        metric_buffer.observe_all(_duration(route), found)


class InstrumentedEngine:
    """An engine whose calls and images are counted under a model's name."""

    def __init__(self, engine: Engine, model: str) -> None:
        self.engine = engine
        self.outputs = engine.outputs
        self._duration, self._images = _INFERENCE.labels(model), _IMAGES.labels(model)

    def predict(self, pixels: Pixels) -> Probabilities:
        """Classify; see ``Engine``."""
        began = time.perf_counter()
        probabilities = self.engine.predict(pixels)
        deferred.call(self._record, time.perf_counter() - began, len(pixels))
        return probabilities

    def explain(self, pixels: Pixels, *names: str) -> dict[str, Activations]:
        """Run the model once; see ``Engine``."""
        began = time.perf_counter()
        found = self.engine.explain(pixels, *names)
        deferred.call(self._record, time.perf_counter() - began, len(pixels))
        return found

    def _record(self, seconds: float, images: int) -> None:
        self._duration.observe(seconds)
        self._images.inc(images)


@cache
def _requests(route: str, method: str, status: int) -> Counter:
    return _REQUESTS.labels(route, method, status)


@cache
def _duration(route: str) -> Histogram:
    return _DURATION.labels(route)


def start() -> None:
    """Make this worker known, with nothing in flight: its process id may have been another's before.

    To be called before it counts anything: a forked worker's values begin at 0 with the first that is set.
    """
    IN_FLIGHT.set(0)


def exposition(models: Sequence[ServedModel], bundle_sha256: str) -> bytes:
    """Write every metric of all workers in Prometheus's text format; waits while another worker does.

    Args:
        models: those of the served bundle; none in multi-model mode.
        bundle_sha256: the bundle's checksum; empty in multi-model mode.

    """
    registry = CollectorRegistry()
    metric_buffer.flush()
    # No other worker may add the files up while this one moves counts from file to file.
    with file_lock.exclusive(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / "lock"):
        workers = _living_workers()
        files = CollectorRegistry()
        MultiProcessCollector(files)  # type: ignore[no-untyped-call]
        counted = _SummedMetrics(list(files.collect()))
    registry.register(counted)
    registry.register(DriftCollector(models, counted.collect()))
    registry.register(_Processes(workers))
    registry.register(_VersionInfo(models, bundle_sha256))
    return generate_latest(registry)


def _living_workers() -> list[int]:
    """List the workers' process ids, and fold away the files of those that ended."""
    living = []
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("gauge_livesum_*.db"):
        pid = int(file.stem.rsplit("_", 1)[1])
        if Path(f"/proc/{pid}").exists():
            living.append(pid)
        else:
            _merge(file.parent, pid)
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
    return sorted(living)


def _merge(folder: Path, pid: int) -> None:
    """Add what a worker had counted to the files of all that ended, which are kept under process id 0."""
    for kind in ("counter", "histogram"):
        ended = folder / f"{kind}_{pid}.db"
        if ended.exists():
            total = MmapedDict(str(folder / f"{kind}_0.db"))  # type: ignore[no-untyped-call]
            for key, counted, _, _ in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
                before, _ = total.read_value(key)  # type: ignore[no-untyped-call]
                total.write_value(key, before + counted, 0.0)  # type: ignore[no-untyped-call]
            total.close()  # type: ignore[no-untyped-call]
            ended.unlink()


class _SummedMetrics(Collector):
    """What all workers have counted, read once."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class _Processes(Collector):
    """Memory, processor time, descriptors and start of every worker, under prometheus_client's usual names."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for pid in self._pids:
            for family in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    merged.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        return families.values()


class _VersionInfo(Collector):
    """What is served: the service's version, the bundle's checksum, each model's version."""

    def __init__(self, models: Sequence[ServedModel], bundle_sha256: str) -> None:
        self._models, self._bundle_sha256 = models, bundle_sha256

    def collect(self) -> Iterable[Metric]:
        service = GaugeMetricFamily("service_info", "Always 1", labels=["version", "bundle_sha256"])
        service.add_metric([__version__, self._bundle_sha256], 1)
        yield service
        if not self._models:
            return
        family = GaugeMetricFamily("service_model_info", "Always 1", labels=["model", "version", "default"])
        for model in self._models:
            family.add_metric([model.name, model.version, str(model.is_default).lower()], 1)
        yield family
