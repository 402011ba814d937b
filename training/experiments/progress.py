"""What a person sees while networks train: a live bar on a terminal, one line an epoch everywhere."""

from types import TracebackType

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Console:
    """Shows runs as they proceed; a context manager.

    The line printed after an epoch has the form ``cnn_a seed 0 epoch 3/12 loss=0.3120 accuracy=0.8871 …`` whether or
    not a terminal is attached: it is also what SageMaker's metric definitions read.
    """

    def __init__(self, runs: int) -> None:
        # No wrapping: a log line stays one line, whatever the width of the terminal.
        self._console = RichConsole(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._all = self._progress.add_task("runs", total=runs)
        self._epoch = self._progress.add_task("epoch", total=None, visible=False)
        self._name = ""

    def __enter__(self) -> "Console":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def start(self, name: str) -> None:
        """Name the run that begins."""
        self._name = name
        self._progress.reset(self._epoch, description=name, visible=True)

    def batch(self, done: int, total: int) -> None:
        """Move the bar of the present epoch."""
        self._progress.update(self._epoch, completed=done, total=total)

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:
        """Print an epoch's metrics."""
        self.line(_epoch_line(self._name, done, total, metrics))
        self._progress.reset(self._epoch, description=f"{self._name} epoch {min(done + 1, total)}/{total}")

    def finish(self, message: str) -> None:
        """Count a run as done."""
        self.line(message)
        self._progress.advance(self._all)

    def line(self, message: str) -> None:
        """Print a line above the bars."""
        self._console.print(message, markup=False)


class Lines:
    """Prints the line after each epoch and nothing else: for one of several networks that train at once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def batch(self, done: int, total: int) -> None:
        """Say nothing of single mini-batches."""

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:
        """Print an epoch's metrics."""
        print(_epoch_line(self._name, done, total, metrics), flush=True)


def _epoch_line(name: str, done: int, total: int, metrics: dict[str, float]) -> str:
    values = " ".join(f"{metric}={value:.4f}" for metric, value in metrics.items())
    return f"{name} epoch {done}/{total} {values}"
