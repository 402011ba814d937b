"""Checks of what the service uses of prometheus-client; ``test_private_parts.py`` lists them."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from prometheus_client import Counter, Gauge, Histogram, values
from prometheus_client.mmap_dict import MmapedDict


@dataclass
class Kept:
    """Metrics whose values are kept in a folder of their own: by kind, the values that were made for them."""

    folder: Path
    histogram: Histogram
    made: dict[str, list[Any]] = field(default_factory=dict)

    def counted(self, file: str) -> list[float]:
        found = MmapedDict.read_all_values_from_file(str(self.folder / file))  # type: ignore[no-untyped-call]
        return [value for _, value, _, _ in found]


@contextmanager
def kept(process: Callable[[], int]) -> Iterator[Kept]:
    """Make a metric of each kind as the service does: with a class of its own, and a process id that it gives."""
    made: dict[str, list[Any]] = defaultdict(list)

    class Value(values.MultiProcessValue(process)):  # type: ignore[misc]
        def __init__(self, kind: str, *arguments: object, **options: object) -> None:
            super().__init__(kind, *arguments, **options)
            made[kind].append(self)

    # The service has put its own class there by now, or not: what is asked is whether metrics use what is there.
    with (
        TemporaryDirectory() as folder,
        patch.dict(os.environ, PROMETHEUS_MULTIPROC_DIR=folder),
        patch.object(values, "ValueClass", Value),
    ):
        Counter("of_a_check", "Counts", registry=None)
        Gauge("of_a_check_now", "Goes up and down", multiprocess_mode="livesum", registry=None)
        histogram = Histogram("of_a_check_seconds", "Is spread", buckets=(1, 2), registry=None)
        yield Kept(Path(folder), histogram, made)


def value_class() -> bool:
    with kept(lambda: 7) as metrics:
        return metrics.made.keys() == {"counter", "gauge", "histogram"}


def files() -> bool:
    with kept(lambda: 7) as metrics:
        return {file.name for file in metrics.folder.iterdir()} == {
            "counter_7.db",
            "gauge_livesum_7.db",
            "histogram_7.db",
        }


def value() -> bool:
    process = 7
    with kept(lambda: process) as metrics:
        (counter,) = metrics.made["counter"]
        counter._value += 2.0
        before = metrics.counted("counter_7.db")
        counter.set(counter._value)
        written = metrics.counted("counter_7.db")
        counter.inc(1.0)
        process = 8  # as after a fork: another file, which begins at nothing
        counter.inc(5.0)
        return (before, written, counter._value) == ([0.0], [2.0], 5.0) and metrics.counted("counter_8.db") == [5.0]


def histogram() -> bool:
    with kept(lambda: 7) as metrics:
        made = metrics.histogram
        made._sum.inc(3.0)
        made._buckets[1].inc(2)
        return list(made._upper_bounds) == [1, 2, float("inf")] and sorted(metrics.counted("histogram_7.db")) == [
            0.0,
            0.0,
            2.0,
            3.0,
        ]


def mapped_file() -> bool:
    with TemporaryDirectory() as folder:
        file = f"{folder}/counter_0.db"
        made = MmapedDict(file)  # type: ignore[no-untyped-call]
        made.write_value("key", 2.0, 0.0)  # type: ignore[no-untyped-call]
        value, _ = made.read_value("key")  # type: ignore[no-untyped-call]
        made.close()  # type: ignore[no-untyped-call]
        ((key, counted, _, _),) = MmapedDict.read_all_values_from_file(file)  # type: ignore[no-untyped-call]
    return bool(value == 2.0 and (key, counted) == ("key", 2.0))
