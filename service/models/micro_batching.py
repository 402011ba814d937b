"""Classifies pictures together that arrive together, and waits for none; without, a request takes 37 % longer.

Measured with ``python -m benchmarks.speed.parts micro_batching``, eight requests at a time.

Servers that batch usually hold a request back for some milliseconds and hope for others. Here, requests share a batch
only if they are ready in the same turn of the event loop: none under light load, many under heavy load. The model takes
as long for eight pictures as for eight times one. The gain is outside it: the work before and after it is done once,
and finds its data in the processor's caches.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from service.arrays import Pixels

Output = TypeVar("Output")

_MAX_BATCH = 16
"""Pictures in a batch: the first are answered before the next are worked on, and LiteRT needs no larger interpreter."""


class _Submission(Generic[Output]):
    """One picture's place in a batch, and what comes of it."""

    __slots__ = ("error", "is_waiting", "output", "pixels")

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.is_waiting = True
        self.output: Output
        self.error: Exception | None = None


class MicroBatcher(Generic[Output]):
    """Collects single pictures during a turn of an event loop, and has them worked on as a batch in the next."""

    def __init__(self, work: Callable[[Pixels], Sequence[Output]]) -> None:
        """Take what works on float32 (N, 28, 28, 1), and gives N outputs that do not depend on one another."""
        self._work = work
        self._waiting: list[_Submission[Output]] = []

    async def submit(self, pixels: Pixels) -> Output:
        """Work on one picture, float32 (1, 28, 28, 1), together with those that other tasks of the loop submit.

        Raises:
            Exception: what ``work`` raised of this picture alone.

        """
        submission: _Submission[Output] = _Submission(pixels)
        self._waiting.append(submission)
        try:
            await asyncio.sleep(0)  # until every other task that is ready has had its turn
        except BaseException:  # cancelled
            if submission.is_waiting:
                self._waiting.remove(submission)
            raise
        if submission.is_waiting:  # the first of those that wait, then
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            self._work_on(batch)
        if submission.error is not None:
            raise submission.error
        return submission.output

    def _work_on(self, batch: list[_Submission[Output]]) -> None:
        for submission in batch:
            submission.is_waiting = False
        try:
            pixels = np.concatenate([submission.pixels for submission in batch]) if len(batch) > 1 else batch[0].pixels
            for submission, output in zip(batch, self._work(pixels), strict=True):
                submission.output = output
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for submission in batch:  # it may be the fault of one, or of their number
                self._work_on([submission])
