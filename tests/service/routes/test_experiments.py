"""GET /experiments: the same numbers in every media type."""

import copy
import csv
import json
import re
from io import StringIO
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from service.models.bundle import Bundle
from service.models.network_files import NetworkFiles
from service.outputs.pages import Pages, ServedView
from service.outputs.reports import Reports
from tests.conftest import MODELS, assert_problem
from training.data.fashion_mnist import CLASS_NAMES

NAMES = ["baseline", "cnn_a", "cnn_b"]


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    content: dict[str, object] = json.loads((MODELS / "experiments.json").read_text())
    return content


def test_json_is_the_bundles_report_without_the_details(client: httpx.Client, report: dict[str, object]) -> None:
    answer = client.get("/experiments")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept, Accept-Language, Accept-Encoding"
    content = answer.json()
    assert content.keys() == report.keys()
    for key in ("comparisons", "conclusion", "dataset", "provenance"):
        assert content[key] == report[key]
    names = [e["name"] for e in content["experiments"]]
    assert names[:3] == NAMES
    assert [e["name"] for e in content["experiments"] if e["served"]] == [*NAMES, "cnn_a_tuned", "cnn_a_photos"]
    for row in content["experiments"]:
        assert "runs" not in row
        if row["seeds"] == 1:  # the teacher, and a network whose other seeds are not trained yet
            assert row["test_accuracy"]["ci95"] is None
            continue
        low, high = row["test_accuracy"]["ci95"]
        assert low < row["test_accuracy"]["mean"] < high


def test_the_table_is_what_the_architectures_have(client: httpx.Client) -> None:
    rows = {e["name"]: e for e in client.get("/experiments").json()["experiments"]}
    found = {name: (row["kernel_size"], row["parameters"], row["multiply_adds"]) for name, row in rows.items()}
    assert {name: found[name] for name in NAMES} == {
        "baseline": (None, 101_770, 101_632),
        "cnn_a": (3, 121_930, 2_528_000),
        "cnn_b": (5, 118_346, 3_803_776),
    }


@pytest.mark.parametrize("name", [*NAMES, "cnn_a_tuned", "cnn_a_photos"])
def test_detail_has_every_run(client: httpx.Client, name: str) -> None:
    detail = client.get(f"/experiments/{name}").json()
    assert detail["name"] == name
    assert detail["classes"] == list(CLASS_NAMES)
    assert [run["seed"] for run in detail["runs"]] == list(range(detail["seeds"]))
    mean = sum(run["val_accuracy"] for run in detail["runs"]) / detail["seeds"]
    assert detail["val_accuracy"]["mean"] == pytest.approx(mean)
    assert [sum(row) for row in detail["confusion_matrix"]] == [1000] * 10


def test_csv_has_a_row_an_experiment_and_a_row_a_run(client: httpx.Client) -> None:
    accept = {"accept": "text/csv"}
    content = {e["name"]: e for e in client.get("/experiments").json()["experiments"]}
    rows = list(csv.DictReader(StringIO(client.get("/experiments", headers=accept).text)))
    assert [row["name"] for row in rows] == list(content)
    for row in rows:
        assert float(row["val_accuracy_mean"]) == content[row["name"]]["val_accuracy"]["mean"]
    runs = list(csv.DictReader(StringIO(client.get("/experiments/cnn_a", headers=accept).text)))
    detail = client.get("/experiments/cnn_a").json()["runs"]
    assert [float(run["test_accuracy"]) for run in runs] == [run["test_accuracy"] for run in detail]


def test_markdown_is_the_bundles(client: httpx.Client) -> None:
    accept = {"accept": "text/markdown"}
    answer = client.get("/experiments", headers=accept)
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text == (MODELS / "experiments.md").read_text()
    assert client.get("/experiments/cnn_b", headers=accept).text == (MODELS / "experiments" / "cnn_b.md").read_text()


def test_html_shows_the_numbers_and_asks_nobody_else(client: httpx.Client) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = client.get("/experiments", headers=browser)
    assert page.headers["content-type"].startswith("text/html")
    for row in client.get("/experiments").json()["experiments"]:
        assert f"{row['test_accuracy']['mean'] * 100:.2f}\N{NO-BREAK SPACE}%" in page.text
        detail = client.get(f"/experiments/{row['name']}", headers=browser)
        assert row["title"] in detail.text
        assert 'src="http' not in detail.text + page.text
        assert 'href="http' not in detail.text + page.text


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "Photographs taken at home"), ("es", "Fotografías hechas en casa")]
)
def test_the_page_says_what_photographs_showed(client: httpx.Client, language: str, heading: str) -> None:
    found = client.get("/experiments").json()["photographs"]
    page = client.get(f"/experiments.html?lang={language}").text
    section = page[page.index('<section id="photographs"') :]
    section = section[: section.index("</section>")]
    point = "," if language == "es" else "."
    assert heading in section
    for parts in found["served"].values():
        assert f"{parts['report']['accuracy'] * 100:.2f}\N{NO-BREAK SPACE}%".replace(".", point) in section
    for arm in found["ablation"]:
        assert f"experiments/{arm['name']}" in section
    assert len(found["ablation"]) > 1
    assert "figures/" in section


@pytest.mark.parametrize("missing", ["words", "photographs", "ablation", "ablation_says"])
def test_reports_of_earlier_releases_are_shown_without_what_they_lack(missing: str) -> None:
    bundle = Bundle(MODELS)
    report = copy.deepcopy(bundle.report) or {}
    report.pop(missing, None)
    report["photographs"] = report.get("photographs") and {
        key: value for key, value in report["photographs"].items() if key != missing
    }
    earlier = cast("Bundle", SimpleNamespace(report=report, manifest=bundle.manifest, path=bundle.path))
    page = Reports(earlier, Pages(), NetworkFiles(bundle)).overview_page(ServedView("experiments")).decode()
    assert report["claims"][0]["claim"] in page
    assert ("Other seeds, what each part" in page) == (missing != "photographs")
    assert ("What each part of the training gains" in page) == (missing not in ("photographs", "ablation"))


def test_figures_and_style_are_served(client: httpx.Client) -> None:
    for figure in client.get("/experiments").json()["figures"]:
        answer = client.get(f"/{figure['file']}")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert figure["caption"]
    for name in ("other.svg", "..%2Fbundle.json"):
        assert_problem(client.get(f"/figures/{name}"), 404)
    style = client.get("/static/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert style.headers["cache-control"] == "no-cache"
    again = client.get("/static/style.css", headers={"If-None-Match": style.headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")


def test_the_page_has_every_model_and_claim(client: httpx.Client) -> None:
    page = client.get("/").text
    report = client.get("/experiments").json()
    for experiment in report["experiments"]:
        assert (f'data-model="{experiment["name"]}"' in page) == experiment["served"]
    for claim in report["claims"]:
        assert f'href="experiments#{claim["id"]}"' in page


def test_docs_work_without_internet(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert 'data-script="static/swagger-ui/swagger-ui-bundle.js"' in page
    assert len(client.get("/static/swagger-ui/swagger-ui-bundle.js").content) > 1_000_000
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/compare", "/experiments", "/experiments/{name}", "/ping", "/invocations"} <= paths.keys()
    body = paths["/predict"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "application/json", "image/png"} <= body.keys()


def test_unknown_experiment_and_media_type_are_problems(client: httpx.Client) -> None:
    assert_problem(client.get("/experiments/vgg"), 404, "'vgg'", "baseline, cnn_a, cnn_b")
    assert_problem(client.get("/experiments", headers={"accept": "image/png"}), 406, "text/markdown")


def test_a_figures_place_is_kept_free_until_it_is_there(client: httpx.Client) -> None:
    page = client.get("/experiments", headers={"accept": "text/html"}).text
    assert page.count("<img ") == len(re.findall(r'<img [^>]*width="\d{3,}" height="\d{3,}"', page)) > 10
