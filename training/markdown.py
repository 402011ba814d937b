"""The report as Markdown: for the bundle, and for the README's results section."""

from typing import Any

from training.errors import TrainingError

BEGIN, END = "<!-- results: written by python -m training report -->", "<!-- end of results -->"


def overview(report: dict[str, Any]) -> str:
    """Write the whole report: table, conclusion, comparisons, method."""
    provenance, dataset = report["provenance"], report["dataset"]
    return "\n".join(
        [
            "# The experiments",
            "",
            results(report),
            *(line for group in groups(report)[1:] for line in (f"## {group}", "", *_table(report, group), "")),
            "## Paired differences",
            "",
            "| a − b | metric | points (95 % CI) | p (paired t) | p (Holm's correction) |",
            "| --- | --- | --- | --- | --- |",
            *(_comparison(c) for c in report["comparisons"]),
            "",
            "## Method",
            "",
            f"{dataset['name']} ({dataset['source']}): {dataset['train']:,} images to train on, "
            f"{dataset['validation']:,} to validate ({dataset['split']}), {dataset['test']:,} to test, used once "
            "a run. A seed decides initial weights, split and order, and is shared by all experiments, so differences "
            "are paired. Intervals are Student's t over seeds; accuracies are those of the last epoch.",
            "",
            f"{provenance['runs']} runs, {provenance['wall_time_s'] / 60:.0f} minutes of training "
            f"(`python -m training run`). Backend {_joined(provenance['backend'])}, {_joined(provenance['cpu'])}, "
            f"{_joined(provenance['cores'])} cores, commit {_joined(provenance['commit']) or 'unknown'}.",
            "",
        ]
    )


def groups(report: dict[str, Any]) -> list[str]:
    """List the headings the experiments stand under, in order."""
    return list(dict.fromkeys(e["group"] for e in report["experiments"]))


def results(report: dict[str, Any]) -> str:
    """Write the first group's table and the conclusion: what the README shows."""
    return "\n".join(
        [
            *_table(report, groups(report)[0]),
            "",
            "Mean over seeds, 95 % interval in brackets.",
            "",
            *(f"- {finding}" for finding in report["findings"]),
            "",
        ]
    )


def detail(experiment: dict[str, Any]) -> str:
    """Write one experiment: its row, its runs, its confusion matrix."""
    classes = experiment["classes"]
    return "\n".join(
        [
            f"# {experiment['title']}",
            "",
            f"Validation {_estimate(experiment['val_accuracy'])}, test {_estimate(experiment['test_accuracy'])}. "
            f"{experiment['observations']}",
            "",
            f"{' → '.join(experiment['layers'])}: {experiment['parameters']:,} parameters, "
            f"{experiment['multiply_adds']:,} multiply-adds an image.",
            "",
            "| Seed | Epochs | Validation accuracy | Validation loss | Test accuracy | Test loss | Seconds |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(
                f"| {r['seed']} | {r['epochs']} | {r['val_accuracy']:.4f} | {r['val_loss']:.4f} | "
                f"{r['test_accuracy']:.4f} | {r['test_loss']:.4f} | {r['wall_time_s']:.0f} |"
                for r in experiment["runs"]
            ),
            "",
            f"## Confusion matrix on the test set, seed {experiment['served_seed']}",
            "",
            "Rows are true classes, columns predicted ones.",
            "",
            "| | " + " | ".join(classes) + " |",
            "| --- |" + " ---: |" * len(classes),
            *(
                f"| {name} | " + " | ".join(map(str, row)) + " |"
                for name, row in zip(classes, experiment["confusion_matrix"], strict=True)
            ),
            "",
        ]
    )


def replace_results(text: str, report: dict[str, Any]) -> str:
    """Put the results between the markers of a text, the README's.

    Raises:
        TrainingError: the markers are not there.

    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise TrainingError(f"the README has no results section; it goes between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{results(report)}\n{END}{after}"


def _table(report: dict[str, Any], group: str) -> list[str]:
    return [
        "| Experiment | Kernel | Parameters | Multiply-adds | Seeds | Validation accuracy | Test accuracy |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
        *(_row(e) for e in report["experiments"] if e["group"] == group),
    ]


def _row(e: dict[str, Any]) -> str:
    kernel = f"{e['kernel_size']}×{e['kernel_size']}" if e["kernel_size"] else "–"
    return (
        f"| {e['title']} | {kernel} | {e['parameters']:,} | {e['multiply_adds']:,} | {e['seeds']} | "
        f"{_estimate(e['val_accuracy'])} | {_estimate(e['test_accuracy'])} |"
    )


def _comparison(c: dict[str, Any]) -> str:
    low_high = "–" if c["ci95"] is None else f"({c['ci95'][0] * 100:+.2f} to {c['ci95'][1] * 100:+.2f})"
    p_values = ("–" if p is None else f"{p:.2g}" for p in (c["p_value"], c["p_value_holm"]))
    return f"| {c['a']} − {c['b']} | {c['metric']} | {c['difference'] * 100:+.2f} {low_high} | {' | '.join(p_values)} |"


def _estimate(estimate: dict[str, Any]) -> str:
    mean = f"{estimate['mean'] * 100:.2f} %"
    if estimate["ci95"] is None:
        return mean
    low, high = (bound * 100 for bound in estimate["ci95"])
    return f"{mean} [{low:.2f}, {high:.2f}]"


def _joined(values: list[Any]) -> str:
    return ", ".join(map(str, values))
