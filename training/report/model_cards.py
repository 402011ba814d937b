"""One experiment as Markdown: for a served model a model card (Mitchell et al. 2019), for each its runs."""

from typing import Any

from training.data.corruptions import CORRUPTIONS
from training.report.markdown import estimated


def card(experiment: dict[str, Any], dataset: dict[str, Any]) -> str:
    """Write an experiment's page.

    Args:
        experiment: one of the report's ``experiments``.
        dataset: the report's ``dataset``.

    """
    return "\n".join(
        [
            f"# {experiment['title']}",
            "",
            *(_of_model(experiment, dataset) if experiment["served"] else [_what(experiment), ""]),
            "## Accuracy",
            "",
            f"Validation {estimated(experiment['val_accuracy'])}, test {estimated(experiment['test_accuracy'])}. "
            f"{experiment['observations']}",
            "",
            *_per_class(experiment),
            *(_probes(experiment["probes"]) if experiment["probes"] else []),
            *_runs(experiment),
            *_confusion_matrix(experiment),
        ]
    )


def _what(e: dict[str, Any]) -> str:
    return (
        f"{' → '.join(e['layers'])}: {e['parameters']:,} parameters, {e['multiply_adds']:,} multiply-adds an image. "
        f"{e['trained']}"
    )


def _of_model(e: dict[str, Any], dataset: dict[str, Any]) -> list[str]:
    return [
        "## Model details",
        "",
        f"{_what(e)} Served is the network of seed {e['served_seed']}. It takes a grey picture of 28×28 pixels, "
        "brightness 0 to 1 on a black background, and gives a probability for each of ten labels. MIT licence.",
        "",
        "## Intended use",
        "",
        "Teaching and studying convolution; sorting pictures of single garments of the ten kinds, converted as the "
        "dataset was. Not for anything else: it names one of its ten labels whatever it is shown, knows no other "
        "garments, and was not made to say anything about people.",
        "",
        "## Data",
        "",
        f"{dataset['name']} ({dataset['source']}, {dataset['licence']} licence): product pictures of one shop, "
        f"{dataset['train']:,} to train on, {dataset['validation']:,} to validate, {dataset['test']:,} to test, as "
        f"many of each of: {', '.join(dataset['classes'])}. Shoes face left. Garments, cuts and styles are those of "
        "that shop at that time; others are less well represented, and nothing was measured on them.",
        "",
        *_photographs(e),
    ]


def _photographs(e: dict[str, Any]) -> list[str]:
    if not e["recipe"]["photographs"]:
        return [
            "It has seen no photograph. Of photographs taken at home it is mostly wrong, and the service says `unsure` "
            "of every one: `docs/photographs.md`.",
            "",
        ]
    return [
        "And photographs of clothing by some 200 people, taken at home with phones (Grigorev 2020, CC0). What it does "
        "with those of people it has not seen, by class, is in the section on photographs of `training/RESULTS.md`. "
        "There are no photographs of bags, and it was not told sandals, sneakers and ankle boots apart in them.",
        "",
    ]


def _per_class(e: dict[str, Any]) -> list[str]:
    return [
        "Precision: of what was given a label, how much has it. Recall: of what has it, how much was given it. Means "
        "over seeds; in brackets Wilson's 95 % interval for as many test images as one network was counted on.",
        "",
        "| Class | Precision | Recall |",
        "| --- | --- | --- |",
        *(f"| {c['class']} | {estimated(c['precision'])} | {estimated(c['recall'])} |" for c in e["per_class"]),
        "",
    ]


def _probes(probes: dict[str, Any]) -> list[str]:
    translation, corruptions, calibration = probes["translation"], probes["corruptions"], probes["calibration"]
    lost = ", ".join(
        f"{distance}: {estimate['mean'] * 100:.1f}" for distance, estimate in translation["lost_at"].items()
    )
    return [
        "## Moved and corrupted pictures",
        "",
        f"Over {probes['seeds']} seeds, on {translation['images']:,} test images moved to every place up to 8 pixels "
        f"away: points of accuracy lost, by distance in pixels, {lost}. Moved by one pixel, "
        f"{estimated(translation['changed_at_1px'])} of the answers change.",
        "",
        f"On {corruptions['images']:,} corrupted test images (uncorrupted: {estimated(corruptions['clean'])}), "
        "accuracy in percent by severity:",
        "",
        "| Corruption | 1 | 2 | 3 | 4 | 5 | Severities |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {name} | {' | '.join(f'{share * 100:.1f}' for share in accuracy)} | "
            f"{', '.join(f'{p:g}' for p in CORRUPTIONS[name].parameters)}: {CORRUPTIONS[name].meaning} |"
            for name, accuracy in corruptions["accuracy"].items()
        ),
        "",
        "## Calibration",
        "",
        "ECE: mean gap between confidence and accuracy over 15 bins. NLL: mean negative log-likelihood, nats. Brier: "
        "mean squared distance from the right answer. After: with the temperature that fits the validation images "
        f"best, {calibration['temperature']['mean']:.2f}. /predict, /compare and /explain answer with it, /invocations "
        "without.",
        "",
        "| | ECE | NLL | Brier |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {when} | {c['ece']['mean']:.1%} | {c['nll']['mean']:.4f} | {c['brier']['mean']:.4f} |"
            for when, c in (("before", calibration["before"]), ("after", calibration["after"]))
        ),
        "",
    ]


def _runs(e: dict[str, Any]) -> list[str]:
    return [
        "## Runs",
        "",
        "| Seed | Epochs | Validation accuracy | Validation loss | Test accuracy | Test loss | Seconds |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {r['seed']} | {r['epochs']} | {r['val_accuracy']:.4f} | {r['val_loss']:.4f} | "
            f"{r['test_accuracy']:.4f} | {r['test_loss']:.4f} | {r['wall_time_s']:.0f} |"
            for r in e["runs"]
        ),
        "",
    ]


def _confusion_matrix(e: dict[str, Any]) -> list[str]:
    return [
        f"## Confusion matrix on the test set, seed {e['served_seed']}",
        "",
        "Rows are true classes, columns predicted ones.",
        "",
        "| | " + " | ".join(e["classes"]) + " |",
        "| --- |" + " ---: |" * len(e["classes"]),
        *(
            f"| {name} | " + " | ".join(map(str, row)) + " |"
            for name, row in zip(e["classes"], e["confusion_matrix"], strict=True)
        ),
        "",
    ]
