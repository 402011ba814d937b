"""The experiments' report in four media types, rendered from what the bundle carries."""

import csv
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import orjson

from service.errors import NotFoundError, shortened
from service.models.bundle import Bundle

JSON, HTML, MARKDOWN, CSV = "application/json", "text/html", "text/markdown", "text/csv"
MEDIA_TYPES = (JSON, HTML, MARKDOWN, CSV)
"""What a report can be had as, the default first."""

WEB = Path(__file__).parent.parent / "web"

_DETAIL_ONLY = ("runs", "confusion_matrix", "classes", "per_class", "probes")
_METRICS = {"val_accuracy": "Validation", "test_accuracy": "Test", "lost_at_2px": "Loss by moving 2 pixels"}
_SUMMARY_COLUMNS = ("name", "title", "kernel_size", "parameters", "multiply_adds", "seeds")
_RUN_COLUMNS = ("experiment", "seed", "epochs", "val_accuracy", "val_loss", "test_accuracy", "test_loss", "wall_time_s")


class Reports:
    """The report of one bundle; each representation is rendered once, when first asked for."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._content = bundle.report
        self.overview = cache(self._overview)
        self.detail = cache(self._detail)
        self.page = cache(self._page)

    def _overview(self, media_type: str) -> bytes:
        """Render the results table and what follows from it.

        Raises:
            NotFoundError: the bundle carries no report.

        """
        report = self._report()
        if media_type == MARKDOWN:
            return self._bundle.path("experiments.md").read_bytes()
        if media_type == CSV:
            return _csv([*_SUMMARY_COLUMNS, *_estimate_columns()], (_summary_row(e) for e in report["experiments"]))
        if media_type == HTML:
            return self._render("experiments.html", report | _for_page(report))
        return orjson.dumps(report | {"experiments": [_without_detail(e) for e in report["experiments"]]})

    def _detail(self, name: str, media_type: str) -> bytes:
        """Render one experiment with its runs.

        Raises:
            NotFoundError: no experiment has that name.

        """
        report = self._report()
        found = next((e for e in report["experiments"] if e["name"] == name), None)
        if found is None:
            names = ", ".join(e["name"] for e in report["experiments"])
            raise NotFoundError(f"no experiment is called {shortened(name)}; there are: {names}")
        if media_type == MARKDOWN:
            return self._bundle.path(f"experiments/{name}.md").read_bytes()
        if media_type == CSV:
            return _csv(_RUN_COLUMNS, ([name, *(run[c] for c in _RUN_COLUMNS[1:])] for run in found["runs"]))
        if media_type == HTML:
            return self._render("experiment.html", {"experiment": found, "dataset": report["dataset"]})
        return orjson.dumps(found)

    def _page(self, default: str) -> bytes:
        """Render the page, which works without a report too; ``default`` is the model it looks into first."""
        report = self._content or {"experiments": [], "claims": []}
        titles = {e["name"]: e["title"] for e in report["experiments"]}
        models = [{"name": name, "title": titles.get(name, name)} for name in self._bundle.manifest.models]
        runs = sum(e["seeds"] for e in report["experiments"])
        content = {
            "models": models,
            "default": default,
            "claims": report["claims"],
            "runs": runs,
            "samples": _samples(self._bundle.manifest.models[default].labels),
        }
        return self._render("page.html", content)

    def figure(self, name: str) -> Path:
        """Locate a figure; only those the bundle lists are given.

        Raises:
            NotFoundError: there is none of that name.

        """
        if f"figures/{name}" not in self._bundle.manifest.files:
            raise NotFoundError(f"the report has no figure {shortened(name)}")
        return self._bundle.path(f"figures/{name}")

    def _report(self) -> dict[str, Any]:
        if self._content is None:
            raise NotFoundError("the served bundle carries no report; python -m training release writes one")
        return self._content

    def _render(self, template: str, content: dict[str, Any]) -> bytes:
        # Imported late: the template engine is a tenth of the service's start, which only people with browsers need.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        templates = Environment(
            loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        templates.filters["percent"] = _percent
        return templates.get_template(template).render(content).encode()


def _samples(labels: list[str]) -> list[tuple[str, str]]:
    """Label and file of the pictures that the page offers, those of ``labels`` that it has."""
    files = [(label, f"{label.lower().replace('/', '-').replace(' ', '-')}.png") for label in labels]
    return [(label, file) for label, file in files if (WEB / "static/samples" / file).is_file()]


def _for_page(report: dict[str, Any]) -> dict[str, Any]:
    """Sort experiments and figures into the page's sections, and give names and metrics their words."""
    experiments = report["experiments"]
    shown = {figure for claim in report["claims"] for figure in claim["figures"]}
    headings = dict.fromkeys(e["group"] for e in experiments)
    return {
        "groups": [{"title": h, "experiments": [e for e in experiments if e["group"] == h]} for h in headings],
        "titles": {e["name"]: e["title"] for e in experiments},
        "metrics": _METRICS,
        "probed": [e for e in experiments if e["probes"]],
        "unclaimed": [figure for figure in report["figures"] if figure["id"] not in shown],
    }


def _without_detail(experiment: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in experiment.items() if key not in _DETAIL_ONLY}


def _estimate_columns() -> list[str]:
    return [f"{metric}_{part}" for metric in ("val_accuracy", "test_accuracy") for part in ("mean", "low", "high")]


def _summary_row(experiment: dict[str, Any]) -> list[Any]:
    row = [experiment[column] for column in _SUMMARY_COLUMNS]
    for metric in ("val_accuracy", "test_accuracy"):
        row += [experiment[metric]["mean"], *(experiment[metric]["ci95"] or (None, None))]
    return row


def _csv(header: Any, rows: Any) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"
