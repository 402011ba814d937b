"""Writes the bundle: the folder that the service reads, and SageMaker's model.tar.gz holds.

``bundle.json`` lists every other file with its SHA-256 and ends with a checksum of its own content (compact JSON,
sorted keys). ``service/models/bundle.py`` describes the same folder from the reader's side.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training.data import fashion_mnist, photographs
from training.data.fashion_mnist import scale
from training.data.photographs import Photographs
from training.errors import TrainingError
from training.experiments import provenance
from training.experiments.experiment import Experiment
from training.experiments.registry import for_serving
from training.experiments.runs import Run, RunFolder, to_json, write_atomically
from training.release import assessment, photo_assessment, quantization
from training.release.default_model import choose, photographs_measured
from training.release.export import checksums, export, require_equal
from training.report import document, markdown

SCHEMA_VERSION = 3
PREPROCESSING = "fashion-mnist-3"
"""Names the conversion of photos that the networks' training data went through; the service has the same one."""

VERSION = "1"


def release(
    experiments: Sequence[Experiment], runs: RunFolder, models: Path, *, seed: int, data_folder: Path | None
) -> None:
    """Export the served experiments' networks of one seed, and write report and manifest around them.

    The new bundle is built elsewhere and takes the old one's place when it is whole. A network whose weights are not
    here, but which ``models`` already holds as its run has it, is taken over from there and assessed anew.

    Raises:
        TrainingError: a run or its weights are missing, photographs are and a network was trained with them, or an
            export is not faithful.

    """
    served = for_serving(experiments)
    old = _entries(models)
    chosen = _require_finished(served, seed, runs, old)
    data = fashion_mnist.load(data_folder)
    pictures = photographs.load() if any(e.recipe.photographs for e in served) else None

    with TemporaryDirectory(prefix="bundle-") as folder:
        building = Path(folder)
        entries = {}
        for e in served:
            run, inside = chosen[e.name], building / e.name / VERSION
            if runs.weights(e.name, seed).is_file():
                equivalence = _export(e, run, runs, inside, data)
            else:
                equivalence = _take_over(old[e.name], models, inside)
            entries[e.name] = _entry(e, run, inside, equivalence, data, pictures)
        built = document.build(experiments, runs, data, served_seed=seed, photographs=photographs_measured(entries))
        document.write(built, building)
        write_manifest(building, entries, default_model=choose(entries, built.content))
        install(building, models)
    print(f"{models}: a bundle of {', '.join(entries)}")


def install(building: Path, models: Path) -> None:
    """Put a whole bundle into a folder that may hold an older one, and may be a mount: nothing is renamed onto it.

    ``bundle.json`` comes last and all at once. Until then the old one's checksums do not fit, so that a reader finds
    the old bundle or the new one, or refuses; an interrupted release can be made again. Of the files that were there
    only those are deleted that the old bundle listed.
    """
    old = _listed(models)
    new = sorted(path.relative_to(building) for path in building.rglob("*") if path.is_file())
    for path in new:
        if path != Path("bundle.json"):
            (models / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(building / path, models / path)
    write_atomically(models / "bundle.json", (building / "bundle.json").read_text(encoding="utf-8"))
    for path in old - set(new):
        (models / path).unlink(missing_ok=True)


def _listed(models: Path) -> set[Path]:
    """The files of the bundle in a folder; none where there is no bundle that can be read."""
    try:
        manifest = json.loads((models / "bundle.json").read_text(encoding="utf-8"))
        groups = [manifest["files"], *(entry["files"] for entry in manifest["models"].values())]
    except (OSError, ValueError, KeyError):
        return set()
    return {Path(name) for group in groups for name in group if ".." not in Path(name).parts}


def _entries(models: Path) -> dict[str, Any]:
    """What the bundle in a folder says of its models; nothing where there is no bundle that can be read."""
    try:
        found: dict[str, Any] = json.loads((models / "bundle.json").read_text(encoding="utf-8"))["models"]
    except (OSError, ValueError, KeyError):
        return {}
    return found


def renew_report(experiments: Sequence[Experiment], runs: RunFolder, models: Path, *, data_folder: Path | None) -> None:
    """Write the report of a bundle anew from the runs, its models unchanged.

    Raises:
        TrainingError: ``models`` is no bundle, or the runs do not include the served ones.

    """
    try:
        manifest = json.loads((models / "bundle.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{models} holds no bundle ({error}); make one: python -m training release") from error
    entries = manifest["models"]
    served_seed = next(iter(entries.values()))["training"]["seed"]
    data = fashion_mnist.load(data_folder)
    built = document.build(experiments, runs, data, served_seed=served_seed, photographs=photographs_measured(entries))
    document.write(built, models)
    write_manifest(models, entries, default_model=choose(entries, built.content), made=manifest["provenance"])
    print(f"{models / 'experiments.json'}: {built.content['provenance']['runs']} runs")


def renew_quantization(models: Path, *, data_folder: Path | None) -> None:
    """Quantise the models of a bundle anew, the rest unchanged.

    Raises:
        TrainingError: ``models`` is no bundle.

    """
    entries = quantization.quantize_bundle(models, data_folder=data_folder)
    default = json.loads((models / "bundle.json").read_text(encoding="utf-8"))["default_model"]
    write_manifest(models, entries, default_model=default)


def update_documents(models: Path, *, readme: Path, results: Path) -> None:
    """Write a bundle's results into the README's results section, and as a whole into ``training/RESULTS.md``."""
    content = json.loads((models / "experiments.json").read_text(encoding="utf-8"))
    write_atomically(readme, markdown.replace_results(readme.read_text(encoding="utf-8"), content))
    write_atomically(results, markdown.overview(content, figures="../models/"))


def write_manifest(
    bundle: Path, entries: dict[str, Any], *, default_model: str, made: dict[str, Any] | None = None
) -> None:
    """Write ``bundle.json`` over the files that are there.

    Args:
        bundle: the folder.
        entries: by model name, what ``bundle.json`` says of it.
        default_model: the one that answers where a request names none.
        made: the provenance of the models, where they are older than what is written around them.

    """
    of_models = {name for entry in entries.values() for name in entry["files"]}
    manifest: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "default_model": default_model,
        "models": entries,
        "files": {
            name: checksum
            for name, checksum in checksums(bundle, bundle).items()
            if name not in of_models and name != "bundle.json"
        },
        "provenance": made or provenance.collect(),
    }
    checksum = hashlib.sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    write_atomically(bundle / "bundle.json", to_json(manifest | {"sha256": checksum}))


def _require_finished(
    experiments: Sequence[Experiment], seed: int, runs: RunFolder, old: dict[str, Any]
) -> dict[str, Run]:
    """Look up what is to be exported or taken over; say in one sentence what is missing."""
    found = {experiment.name: runs.finished(experiment, seed) for experiment in experiments}
    missing = [
        name
        for name, run in found.items()
        if run is None or not (runs.weights(name, seed).is_file() or _is_of(old.get(name), run))
    ]
    if missing:
        raise TrainingError(
            f"{runs.folder} has no weights of {', '.join(missing)} seed {seed} (the repository's own folder has "
            f"results, not weights). Train in another folder: python -m training run {' '.join(found)} --seeds 1 "
            f"--runs DIR; then: python -m training release {' '.join(found)} --runs DIR --models BUNDLE"
        )
    return {name: run for name, run in found.items() if run is not None}


def _is_of(entry: dict[str, Any] | None, run: Run) -> bool:
    """Tell whether a bundle's model is a run's network."""
    if entry is None:
        return False
    was = entry["training"]
    return (was["seed"], was["fingerprint"], was["test_accuracy"]) == (run.seed, run.fingerprint, run.test["accuracy"])


def _take_over(entry: dict[str, Any], models: Path, folder: Path) -> dict[str, Any]:
    """Copy a model from a bundle, its files verified; returns its proof of equality."""
    found = checksums(models, models / entry["saved_model"])
    if any(found.get(name) != checksum for name, checksum in entry["files"].items()):
        raise TrainingError(f"{models / entry['saved_model']} is not what {models / 'bundle.json'} lists; restore it")
    for name in entry["files"]:
        target = folder / Path(name).relative_to(entry["saved_model"])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(models / name, target)
    print(f"{entry['title']}: taken over from {models}, its weights are not in the runs")
    equivalence: dict[str, Any] = entry["equivalence"]
    return equivalence


def _export(
    experiment: Experiment, run: Run, runs: RunFolder, folder: Path, data: fashion_mnist.FashionMNIST
) -> dict[str, Any]:
    equivalence, accuracy = export(
        runs.weights(experiment.name, run.seed), folder, images=data.test_images, labels=data.test_labels
    )
    if accuracy != run.test["accuracy"]:
        raise TrainingError(
            f"{experiment.name} seed {run.seed}: the exported model has test accuracy {accuracy:.4f}, "
            f"its run recorded {run.test['accuracy']:.4f}; the weights are not that run's, train it again"
        )
    print(
        f"{experiment.name}: LiteRT differs from the SavedModel by at most {equivalence.largest_difference:.2g} in a "
        f"probability and in {equivalence.differing_classes} of {equivalence.images:,} answers"
    )
    return asdict(equivalence)


def _entry(
    experiment: Experiment,
    run: Run,
    folder: Path,
    equivalence: dict[str, Any],
    data: fashion_mnist.FashionMNIST,
    pictures: dict[str, Photographs] | None,
) -> dict[str, Any]:
    """Assess an exported model, and say of it what ``bundle.json`` does."""
    inside = f"{experiment.name}/{VERSION}"
    assessed = assessment.assess(folder, data, seed=run.seed)
    of_photographs: dict[str, Any] | None = None
    measured: dict[str, Any] | None = None
    if pictures is not None:
        found, measured = photo_assessment.assess(folder, pictures, balanced=experiment.recipe.photographs > 0)
        views = scale(pictures["held_out"].views().reshape(-1, 28, 28))
        equivalence = {**equivalence, "photographs": asdict(require_equal(folder, views))}
        of_photographs = {"outliers": f"{inside}/assets.extra/photo_outliers.npz", **found}
    record = quantization.quantize(folder, data)
    quantization.report(experiment.name, record)
    return {
        "title": experiment.title,
        "version": VERSION,
        "labels": list(fashion_mnist.CLASS_NAMES),
        "preprocessing": PREPROCESSING,
        "saved_model": inside,
        "litert": f"{inside}/assets.extra/model.tflite",
        "golden": f"{inside}/assets.extra/golden.npz",
        "assessment": {"outliers": f"{inside}/assets.extra/outliers.npz", **assessed},
        "photo_assessment": of_photographs,
        "int8": quantization.entry(inside, record),
        "files": checksums(folder.parent.parent, folder),
        "training": {
            "seed": run.seed,
            "epochs": run.epochs,
            "val_accuracy": run.validation["accuracy"],
            "test_accuracy": run.test["accuracy"],
            "fingerprint": run.fingerprint,
            "provenance": run.provenance,
            "photographs": measured,
        },
        "equivalence": equivalence,
    }
