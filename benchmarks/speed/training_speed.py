"""``python -m benchmarks.speed.training_speed``: seconds an epoch of cnn_a.

Compares this project's trainer with Keras's ``fit``.

Both train the same network on the same images in epochs that alternate, each run in a process of its own. ``fit`` is
called once on NumPy arrays, as a tutorial does. The trainer's figures hold its checkpoints and validation too; its
recorded runs must stay what they are to the last bit, so nothing is tuned for this comparison.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

EXPERIMENT = "cnn_a"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.training_speed", description=__doc__)
    parser.add_argument("--epochs", type=int, default=3, help="of each run; the first is left out [3]")
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--only", choices=("trainer", "fit"), help="one run, in this process; prints JSON")
    options = parser.parse_args()
    if options.only is not None:
        print(json.dumps((_trainer if options.only == "trainer" else _fit)(options.epochs)))
        return
    found: dict[str, list[float]] = {"trainer": [], "fit": []}
    accuracy = {}
    for _ in range(options.pairs):
        for kind, seconds in found.items():
            command = [sys.executable, "-m", "benchmarks.speed.training_speed", "--only", kind, "--epochs"]
            output = subprocess.run([*command, str(options.epochs)], check=True, capture_output=True, text=True).stdout
            run = json.loads(output.strip().splitlines()[-1])
            seconds.append(run["seconds"])
            accuracy[kind] = run["accuracy"]
    ratios = [mine / plain for mine, plain in zip(found["trainer"], found["fit"], strict=True)]
    print("| Epoch of cnn_a | seconds | validation accuracy |\n| --- | ---: | ---: |")
    for kind, seconds in found.items():
        print(f"| {kind} | {median(seconds):.1f} | {accuracy[kind]:.4f} |")
    print(f"\nratio {median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)}); the target is 0.75")


class _Clock:
    """Notes when each epoch ended."""

    def __init__(self) -> None:
        self.ends = [time.perf_counter()]
        self.accuracy = 0.0

    def batch(self, done: int, total: int) -> None:
        """Nothing of interest."""

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:  # noqa: ARG002 (an observer's)
        """Note the time."""
        self.ends.append(time.perf_counter())
        self.accuracy = metrics["val_accuracy"]

    def result(self) -> dict[str, float]:
        """Give the median epoch without the first, which compiles."""
        epochs = [end - start for start, end in zip(self.ends, self.ends[1:], strict=False)]
        return {"seconds": median(epochs[1:] or epochs), "accuracy": self.accuracy}


def _trainer(epochs: int) -> dict[str, float]:
    from training.data.fashion_mnist import load
    from training.experiments.registry import EXPERIMENTS
    from training.experiments.runs import RunFolder
    from training.experiments.trainer import train

    experiment = EXPERIMENTS[EXPERIMENT]
    shorter = replace(experiment, recipe=replace(experiment.recipe, epochs=epochs))
    clock = _Clock()
    with TemporaryDirectory() as folder:
        train(shorter, 0, load(), RunFolder(Path(folder)), clock)
    return clock.result()


def _fit(epochs: int) -> dict[str, float]:
    import keras

    from training.data.fashion_mnist import load, scale, stratified_split
    from training.experiments.architectures import ARCHITECTURES
    from training.experiments.registry import EXPERIMENTS

    experiment = EXPERIMENTS[EXPERIMENT]
    data = load()
    split = stratified_split(data.train_labels, seed=0)
    pixels = scale(data.train_images)
    keras.utils.set_random_seed(0)
    model = ARCHITECTURES[experiment.architecture](**experiment.arguments)
    model.compile(
        optimizer=keras.optimizers.Adam(experiment.recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    clock = _Clock()
    end = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: clock.epoch(epoch + 1, epochs, logs))
    model.fit(
        pixels[split.train],
        data.train_labels[split.train],
        batch_size=experiment.recipe.batch_size,
        epochs=epochs,
        validation_data=(pixels[split.validation], data.train_labels[split.validation]),
        callbacks=[end],
        verbose=0,
    )
    return clock.result()


if __name__ == "__main__":
    main()
