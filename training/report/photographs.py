"""The report's section "Photographs taken at home": what each served network does with them, and what follows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data.fashion_mnist import CLASS_NAMES
from training.evaluation.statistics import wilson
from training.experiments.experiment import Experiment
from training.experiments.photograph_experiments import ABLATION
from training.experiments.runs import Run
from training.sentences import say

HEADING = "Photographs taken at home"

RULE = (
    "supported where the CNN trained with photographs is right about more photographs of the part report than the "
    "dense network trained alike, and the 95 % Wilson intervals of the two shares do not overlap; not supported where "
    "it is the other way round; else not separable"
)


def section(measured: dict[str, dict[str, Any]], finished: Sequence[tuple[Experiment, list[Run]]]) -> dict[str, Any]:
    """Assemble what ``experiments.json`` says under ``photographs``.

    Args:
        measured: of each served network, by part, as ``release.photo_assessment.assess`` gives it.
        finished: each experiment with its runs.

    Returns:
        ``served``, as ``measured``; ``trained``, by experiment trained with photographs, means over its seeds on the
        part ``report``; ``ablation``, of each arm ``name``, ``title``, ``test_accuracy`` on the dataset, and on the
        held-out people's photographs ``accuracy``, ``surer_half`` and ``auroc``; ``ablation_says``, what that is;
        ``verdict``, ``rule`` and ``evidence``.

    """
    with_photographs = [(e, runs) for e, runs in finished if any(run.photographs for run in runs)]
    trained = {e.name: [_of_part(run, "report") for run in runs] for e, runs in with_photographs if e.group != ABLATION}
    seeds = {
        name: {
            "seeds": len(runs),
            **{key: float(np.mean([run[key] for run in runs])) for key in ("accuracy", "surer_half", "auroc")},
        }
        for name, runs in trained.items()
    }
    ablation = [(e, runs[0]) for e, runs in with_photographs if e.group == ABLATION]
    held_out = [_of_part(run, "held_out") for _, run in ablation]
    arms = [
        {
            "name": e.name,
            "title": e.title,
            **{key: found[key] for key in ("accuracy", "surer_half", "auroc")},
            "test_accuracy": run.test["accuracy"],
        }
        for (e, run), found in zip(ablation, held_out, strict=True)
    ]
    says = _ablation_says(held_out)
    return {"served": measured, "trained": seeds, "ablation": arms, "ablation_says": says, **_verdict(trained)}


def _ablation_says(found: list[dict[str, Any]]) -> str:
    """Say what an ablation's figures are of, and how much of them may be chance."""
    if not found:
        return ""
    low, high = wilson(found[0]["accuracy"], found[0]["garments"])
    return say(
        "What each part of the training gains. CNN A is trained half as long, and each row but the first changes one "
        "part. One seed each, on {garments} photographs of the people held out, so that {points:.0f} points either way "
        "may be chance. Only the served network's answers are balanced by class afterwards; these are not.",
        garments=found[0]["garments"],
        points=(high - low) * 50,
    )


def _of_part(run: Run, part: str) -> dict[str, Any]:
    found: dict[str, Any] = (run.photographs or {})[part]
    return found


def _verdict(trained: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    if not {"baseline_photos", "cnn_a_photos"} <= trained.keys():
        return {
            "verdict": "not tested",
            "rule": RULE,
            "evidence": say("Both networks must be trained with photographs."),
        }
    cnn, dense = (trained[name][0] for name in ("cnn_a_photos", "baseline_photos"))
    (low, high), (dense_low, dense_high) = (wilson(run["accuracy"], run["garments"]) for run in (cnn, dense))
    verdict = "not separable"
    if low > dense_high:
        verdict = "supported"
    elif high < dense_low:
        verdict = "not supported"
    evidence = say(
        "Seed 0 of each, before the bias by class, {garments} garments: CNN A is right about {cnn:.1%} ({low:.1%} to "
        "{high:.1%}), the dense network about {dense:.1%} ({dense_low:.1%} to {dense_high:.1%}). The intervals count "
        "the photographs as independent, though one person took several, and say nothing of what another seed would "
        "give.",
        garments=cnn["garments"],
        cnn=cnn["accuracy"],
        low=low,
        high=high,
        dense=dense["accuracy"],
        dense_low=dense_low,
        dense_high=dense_high,
    )
    return {"verdict": verdict, "rule": RULE, "evidence": evidence}


def markdown(found: dict[str, Any] | None, figure: list[str]) -> list[str]:
    """Write the report's section, with the lines that show its figure; nothing where nothing was measured."""
    if not found or not found["served"]:
        return []
    report = {name: parts["report"] for name, parts in found["served"].items()}
    classes = list(next(iter(report.values()))["classes"])
    some = next(iter(report.values()))
    return [
        *_served(report),
        *figure,
        "| Right about | " + " | ".join(report) + " |",
        "| --- |" + " ---: |" * len(report),
        *(
            f"| {_named(group)} | "
            + " | ".join(f"{one['classes'][group][0]} of {one['classes'][group][1]}" for one in report.values())
            + " |"
            for group in classes
        ),
        "",
        "| Right among the surest | " + " | ".join(f"{share:.0%}" for share, _ in some["coverage"]) + " |",
        "| --- |" + " ---: |" * len(some["coverage"]),
        *(
            f"| {name} | " + " | ".join(f"{right:.1%}" for _, right in one["coverage"]) + " |"
            for name, one in report.items()
        ),
        "",
        *_of_seeds(found["trained"]),
        *_lead(found),
        *_ablation_table(found),
    ]


def summary(found: dict[str, Any] | None) -> list[str]:
    """Write the section in short, for the README: the served networks, and the verdict."""
    if not found or not found["served"]:
        return []
    return [*_served({name: parts["report"] for name, parts in found["served"].items()}), *_lead(found)]


def _served(report: dict[str, Any]) -> list[str]:
    some = next(iter(report.values()))
    return [
        f"## {HEADING}",
        "",
        f"{some['garments']} photographs of garments and {some['others']} of what is none of the ten classes, taken at "
        "home by people of whom the networks have seen no picture (part `report`; `docs/photographs.md`). Surer half: "
        "of the half answered with the highest confidence, how many are right. Answered: what is left when the network "
        "says `unsure`. Unlike: how many are called unlike what was learnt, of the garments, of the others, and of "
        "pictures without clothing (corners of the photographs and drawings). ECE: mean gap between confidence and "
        "accuracy. AUROC: of confidence, for right against wrong.",
        "",
        "| Served network | Right | Surer half | Answered | Right if answered | Others answered | Garments unlike | "
        "Others unlike | No clothing unlike | ECE | AUROC |",
        "| --- |" + " ---: |" * 10,
        *(_row(name, of_one) for name, of_one in report.items()),
        "",
    ]


def _lead(found: dict[str, Any]) -> list[str]:
    verdict = found["verdict"].capitalize()
    return [f"**Does convolution's lead hold? {verdict}.** {found['evidence']} The rule: {found['rule']}.", ""]


def _row(name: str, one: dict[str, Any]) -> str:
    if_answered = "–" if one["right_if_answered"] is None else f"{one['right_if_answered']:.1%}"
    auroc = "–" if one["auroc"] is None else f"{one['auroc']:.2f}"
    return (
        f"| {name} | {one['accuracy']:.1%} | {one['surer_half']:.1%} | {one['answered']:.1%} | {if_answered} | "
        f"{one['others_answered']:.1%} | {one['called_unlike']:.1%} | {one['others_called_unlike']:.1%} | "
        f"{one['without_clothing_called_unlike']:.1%} | {one['ece']:.1%} | {auroc} |"
    )


def _of_seeds(trained: dict[str, dict[str, Any]]) -> list[str]:
    if not trained:
        return []
    return [
        "| Trained with photographs, before the bias by class, mean over seeds | Seeds | Right | Surer half |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {t['seeds']} | {t['accuracy']:.1%} | {t['surer_half']:.1%} |" for name, t in trained.items()),
        "",
    ]


def _ablation_table(found: dict[str, Any]) -> list[str]:
    if not found["ablation"]:
        return []
    return [
        found["ablation_says"],
        "",
        "| Trained | Right | Surer half | AUROC | Dataset's test |",
        "| --- |" + " ---: |" * 4,
        *(
            f"| {arm['title']} | {arm['accuracy']:.1%} | {arm['surer_half']:.1%} | {arm['auroc']:.2f} | "
            f"{arm['test_accuracy']:.2%} |"
            for arm in found["ablation"]
        ),
        "",
    ]


def _named(group: str) -> str:
    return " or ".join(CLASS_NAMES[int(class_id)] for class_id in group.split("/"))
