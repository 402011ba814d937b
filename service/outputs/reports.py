"""The experiments' report as data and as pages, rendered from what the bundle carries."""

import csv
import re
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import orjson

from service.errors import NotFoundError, shortened
from service.http.media_types import CSV, HTML, JSON
from service.models.bundle import Bundle
from service.models.manifest import ModelEntry
from service.models.network_files import NetworkFiles
from service.outputs.files import WEB
from service.outputs.pages import Pages, View

MARKDOWN = "text/markdown"
EXTENSIONS = {"json": JSON, "html": HTML, "md": MARKDOWN, "csv": CSV}
"""What a report can be had as, the default first, by how an address ends that asks for it."""

MEDIA_TYPES = tuple(EXTENSIONS.values())

_DETAIL_ONLY = ("runs", "confusion_matrix", "classes", "per_class", "probes")
_METRICS = {
    "val_accuracy": "Validation",
    "test_accuracy": "Test",
    "lost_at_2px": "Loss by moving 2 pixels",
    "lost_to_blur": "Loss by blur",
}
_SUMMARY_COLUMNS = ("name", "title", "kernel_size", "parameters", "multiply_adds", "seeds")
_RUN_COLUMNS = ("experiment", "seed", "epochs", "val_accuracy", "val_loss", "test_accuracy", "test_loss", "wall_time_s")


class Reports:
    """The report of one bundle; each representation is rendered once, when first asked for."""

    def __init__(self, bundle: Bundle, pages: Pages, network_files: NetworkFiles) -> None:
        self._bundle = bundle
        self._pages = pages
        self._network_files = network_files
        self._content = bundle.report
        self.overview = cache(self._overview)
        self.overview_page = cache(self._overview_page)
        self.detail = cache(self._detail)
        self.detail_page = cache(self._detail_page)
        self.page = cache(self._page)

    def _overview(self, media_type: str) -> bytes:
        """Write the results table and what follows from it, as JSON, Markdown or CSV.

        Raises:
            NotFoundError: the bundle carries no report.

        """
        report = self._report()
        if media_type == MARKDOWN:
            return self._bundle.path("experiments.md").read_bytes()
        if media_type == CSV:
            return _csv([*_SUMMARY_COLUMNS, *_estimate_columns()], (_summary_row(e) for e in report["experiments"]))
        return orjson.dumps(report | {"experiments": [_without_detail(e) for e in report["experiments"]]})

    def _overview_page(self, view: View) -> bytes:
        """Show the results table and what follows from it.

        Raises:
            NotFoundError: the bundle carries no report.

        """
        report = self._report()
        figures = [figure | self._figure_in(view.language, figure["file"]) for figure in report["figures"]]
        shown = report | {"figures": figures}
        return self._pages.render("experiments.html", view, shown | _for_page(shown))

    def _detail(self, name: str, media_type: str) -> bytes:
        """Write one experiment with its runs, as JSON, Markdown or CSV.

        Raises:
            NotFoundError: no experiment has that name.

        """
        found = self._experiment(name)
        if media_type == MARKDOWN:
            return self._bundle.path(f"experiments/{name}.md").read_bytes()
        if media_type == CSV:
            return _csv(_RUN_COLUMNS, ([name, *(run[c] for c in _RUN_COLUMNS[1:])] for run in found["runs"]))
        return orjson.dumps(found)

    def _detail_page(self, name: str, view: View) -> bytes:
        """Show one experiment with its runs.

        Raises:
            NotFoundError: no experiment has that name.

        """
        content = {"experiment": self._experiment(name), "dataset": self._report()["dataset"]}
        return self._pages.render("experiment.html", view, content)

    def _page(self, default: str, view: View) -> bytes:
        """Render the page, which works without a report too; ``default`` is the model it looks into first."""
        report = self._content or {"experiments": [], "claims": []}
        titles = {e["name"]: e["title"] for e in report["experiments"]}
        manifest = self._bundle.manifest
        files = self._network_files.names()
        networks = [
            {
                "name": name,
                "title": titles.get(name, name),
                "file": view.file(f"networks/{files[name]}") if name in files else None,
                "photographs": _of_photographs(entry),
            }
            for name, entry in manifest.models.items()
        ]
        labels = manifest.models[default].labels
        content = {
            "served": {"labels": labels, "default": default, "networks": networks},
            "claims": report["claims"],
            "runs": sum(e["seeds"] for e in report["experiments"]),
            "samples": _samples(labels),
        }
        return self._pages.render("page.html", view, content)

    def names(self) -> list[str]:
        """List the experiments of the report.

        Raises:
            NotFoundError: the bundle carries no report.

        """
        return [experiment["name"] for experiment in self._report()["experiments"]]

    def figure(self, name: str) -> Path:
        """Locate a figure; only those the bundle lists are given.

        Raises:
            NotFoundError: there is none of that name.

        """
        if f"figures/{name}" not in self._bundle.manifest.files:
            raise NotFoundError(f"the report has no figure {shortened(name)}")
        return self._bundle.path(f"figures/{name}")

    def _figure_in(self, language: str, file: str) -> dict[str, Any]:
        """Name the file with a figure's words in a language, where the bundle has one, and tell its size."""
        translated = file.replace("figures/", f"figures/{language}/", 1)
        shown = translated if translated in self._bundle.manifest.files else file
        return {"file": shown, "size": _size(self._bundle.path(shown).read_bytes())}

    def _report(self) -> dict[str, Any]:
        if self._content is None:
            raise NotFoundError("the served bundle carries no report; python -m training release writes one")
        return self._content

    def _experiment(self, name: str) -> dict[str, Any]:
        experiments: list[dict[str, Any]] = self._report()["experiments"]
        found = next((e for e in experiments if e["name"] == name), None)
        if found is None:
            raise NotFoundError(f"no experiment is called {shortened(name)}; there are: {', '.join(self.names())}")
        return found


def _of_photographs(entry: ModelEntry) -> dict[str, Any] | None:
    """What was measured of a model on photographs, as far as the page says it; None where nothing was."""
    measured = (entry.training.get("photographs") or {}).get("report")
    shown = ("garments", "accuracy", "answered", "right_if_answered")
    return measured and {name: measured[name] for name in shown}


def _size(svg: bytes) -> list[int] | None:
    """Width and height of a figure, for which a browser keeps the place free; None where it does not say."""
    box = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg[:2000])
    return box and [round(float(edge)) for edge in box.groups()]


def _samples(labels: list[str]) -> list[tuple[str, str]]:
    """Label and file of the pictures that the page offers, those of ``labels`` that it has."""
    files = [(label, f"{label.lower().replace('/', '-').replace(' ', '-')}.png") for label in labels]
    return [(label, file) for label, file in files if (WEB / "static/samples" / file).is_file()]


def _for_page(report: dict[str, Any]) -> dict[str, Any]:
    """Sort experiments and figures into the page's sections, and give names and metrics their words."""
    experiments = report["experiments"]
    shown = {"photographs", *(figure for claim in report["claims"] for figure in claim["figures"])}
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
