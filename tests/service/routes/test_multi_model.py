"""SageMaker's multi-model mode, with several worker processes."""

import asyncio
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from threading import Event

import httpx
import numpy as np
import pytest

from service.errors import NotFoundError, OutOfMemoryError
from service.models.multi_model import ModelRegistry
from tests.conftest import DATA, MODELS, StartServer, assert_problem, unpack

PNG = {"content-type": "image/png"}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def url(start_server: StartServer) -> str:
    return start_server(SAGEMAKER_MULTI_MODEL="true", SERVICE_WORKERS="3", SERVICE_MODEL_MEMORY_MB="60")


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client
        for model in client.get("/models").json()["models"]:
            client.delete(f"/models/{model['modelName']}")


def folder(name: str) -> str:
    """A SavedModel of its own; what SageMaker unpacks for one model of an endpoint."""
    return str(MODELS / name / "1")


def load(http: httpx.Client, name: str, path: str) -> httpx.Response:
    return http.post("/models", json={"model_name": name, "url": path})


def ask_every_worker(url: str, model: str, times: int = 30) -> list[httpx.Response]:
    """New connections spread over the workers; 30 reach all three with near certainty."""
    content = (DATA / "coat.png").read_bytes()

    def ask(_: int) -> httpx.Response:
        return httpx.post(f"{url}/models/{model}/invoke", content=content, headers=PNG, timeout=60)

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(ask, range(times)))


def test_the_service_is_ready_without_any_model(http: httpx.Client) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert http.request(method, "/ping").status_code == 200
    assert http.get("/models").json() == {"models": []}


def test_a_model_comes_answers_in_every_worker_and_goes(http: httpx.Client, url: str) -> None:
    path = folder("cnn_a")
    described = {"modelName": "coats", "modelUrl": path}
    assert load(http, "coats", path).json() == described
    assert http.get("/models/coats").json() == described
    assert http.get("/models").json() == {"models": [described]}
    answers = ask_every_worker(url, "coats")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert np.argmax(answers[0].json()["predictions"][0]) == 4
    assert_problem(load(http, "coats", path), 409, "'coats'", "DELETE /models/coats")
    assert http.delete("/models/coats").status_code == 200
    for answer in ask_every_worker(url, "coats"):
        assert_problem(answer, 404, "'coats'", "POST /models")


def test_another_model_under_an_old_name_is_the_one_that_answers(http: httpx.Client, url: str) -> None:
    load(http, "m", folder("baseline"))
    old = ask_every_worker(url, "m")[0].text
    http.delete("/models/m")
    load(http, "m", folder("cnn_b"))
    found = {answer.text for answer in ask_every_worker(url, "m")}
    assert len(found) == 1
    assert old not in found


def test_a_whole_bundle_is_a_model_whose_attributes_choose(start_server: StartServer) -> None:
    content = (DATA / "coat.png").read_bytes()
    with httpx.Client(base_url=start_server(SAGEMAKER_MULTI_MODEL="true"), timeout=60) as http:
        loaded = load(http, "all", str(MODELS))
        assert loaded.status_code == 200, loaded.text
        answers = [
            http.post(
                "/models/all/invoke",
                content=content,
                headers=PNG | {"X-Amzn-SageMaker-Custom-Attributes": f"tfs-model-name={name}"},
            ).json()
            for name in ("baseline", "cnn_a")
        ]
    assert answers[0] != answers[1]


def test_a_folder_that_vanished_is_a_503(http: httpx.Client, url: str, tmp_path: Path) -> None:
    path = Path(shutil.copytree(folder("baseline"), tmp_path / "model"))
    load(http, "gone", str(path))
    shutil.rmtree(path)
    for answer in ask_every_worker(url, "gone", 5):
        assert_problem(answer, 503, "can no longer be served")


def test_names_are_checked(http: httpx.Client) -> None:
    for name in ("a/../b", "..", "ünïcode", "two words", "", "x" * 151):
        assert_problem(load(http, name, folder("baseline")), 422, "model_name", "pattern")
    for name in ("a1b2-c3.d4_e5", "x" * 150):
        assert load(http, name, folder("baseline")).json()["modelName"] == name
    assert_problem(http.get("/models/..%2Fother"), 404)


def test_memory_is_limited_and_freed(http: httpx.Client) -> None:
    """60 MB hold 13 models of 4.5 MB."""
    statuses = [load(http, f"m{i}", folder("cnn_a")).status_code for i in range(15)]
    assert statuses.count(200) == 13
    response = load(http, "another", folder("cnn_a"))
    assert_problem(response, 507, "'another'", "SERVICE_MODEL_MEMORY_MB")
    http.delete("/models/m0")
    assert load(http, "another", folder("cnn_a")).status_code == 200


def test_lists_are_paged(http: httpx.Client) -> None:
    for i in range(5):
        load(http, f"m{i}", folder("baseline"))
    names, token = [], None
    for _ in range(3):
        page = http.get("/models", params={"page_size": 2} | ({"next_page_token": token} if token else {})).json()
        names += [m["modelName"] for m in page["models"]]
        token = page.get("next_page_token")
    assert names == [f"m{i}" for i in range(5)]
    assert token is None
    assert_problem(http.get("/models", params={"next_page_token": "junk"}), 422, "'junk'")


def test_what_cannot_be_loaded_is_explained_and_not_kept(http: httpx.Client, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(MODELS, tmp_path / "broken"))
    (broken / "cnn_a" / "1" / "saved_model.pb").write_bytes(b"")
    assert_problem(load(http, "m", str(broken)), 422, "saved_model.pb was changed")
    assert_problem(load(http, "m", "/nowhere"), 422, "/nowhere holds no bundle.json")
    assert_problem(load(http, "m", "s3://bucket/m.tar.gz"), 422, "'s3://bucket/m.tar.gz'; give a folder")
    assert_problem(http.post("/models", json={"url": "/x"}), 422, "model_name", "required")
    assert_problem(http.post("/models", content=b"{"), 422, "JSON")
    assert_problem(http.post("/models", content=b"[" * 20_000), 413, "16,384 bytes")
    junk = tmp_path / "junk"
    (junk / "assets.extra").mkdir(parents=True)
    for name in ("saved_model.pb", "assets.extra/model.tflite"):
        (junk / name).write_bytes(b"junk")
    for path in (str(junk), "x" * 600, "/etc/passwd"):
        assert_problem(load(http, "m", path), 422, "cannot be served")
    for name in ("x" * 300, "%00", "a%20b"):
        assert_problem(http.get(f"/models/{name}"), 404, "names are")
        assert_problem(http.delete(f"/models/{name}"), 404, "names are")
        assert_problem(http.post(f"/models/{name}/invoke", content=b"", headers=PNG), 404, "names are")
    assert_problem(http.get("/models", params={"next_page_token": "9" * 5000}), 422, "next_page_token")
    assert_problem(http.get("/models/m"), 404, "'m'")
    assert_problem(http.delete("/models/m"), 404, "'m'")


_ARCHIVES = ["1", "model/1", "export/Servo/0000000001", "shoes", "shoes/1"]


@pytest.mark.parametrize("place", _ARCHIVES)
def test_archives_are_served_however_they_are_packed(http: httpx.Client, tmp_path: Path, place: str) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(MODELS / "baseline" / "1", place)
        packed.addfile(tarfile.TarInfo("._shoes"))  # as macOS packs it
    with tarfile.open(archive) as packed:
        unpack(packed, tmp_path / "hash" / "model")
    boot = (DATA / "ankle-boot.png").read_bytes()
    assert load(http, "m", str(tmp_path / "hash" / "model")).status_code == 200
    assert http.post("/models/m/invoke", content=boot, headers=PNG).json()["predictions"][0][9] > 0.5
    assert_problem(
        load(http, "n", str(archive)), 422, "model.tar.gz is a file, not a folder; if it is an archive, unpack it first"
    )


def test_no_advice_is_given_that_does_not_count_here(http: httpx.Client, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(MODELS, tmp_path / "changed"))
    (changed / "cnn_a" / "1" / "saved_model.pb").write_bytes(b"")
    for name, content in {"junk": "{", "old": '{"schema_version": 1}', "empty": ""}.items():
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / "bundle.json").write_text(content, encoding="utf-8")
    for name in ("changed", "junk", "old", "empty", "nowhere"):
        said = load(http, "m", str(tmp_path / name)).json()["detail"]
        assert "cannot be served" in said
        assert "SERVICE_" not in said
        assert "python -m" not in said


@pytest.mark.slow
def test_loading_and_unloading_under_load_gives_no_wrong_answer(http: httpx.Client, url: str) -> None:
    """Each name is now one network, now another; an answer is that of one of them, or 404."""
    right = set()
    for name in ("baseline", "cnn_a"):
        load(http, "m", folder(name))
        right.add(ask_every_worker(url, "m", 1)[0].text)
        http.delete("/models/m")
    changed = Event()
    answers: list[httpx.Response] = []

    def ask() -> None:
        while not changed.is_set():
            answers.extend(ask_every_worker(url, "m", 30))

    with ThreadPoolExecutor(1) as background:
        asking = background.submit(ask)
        try:
            for name in cycle(("baseline", "cnn_a")):
                assert load(http, "m", folder(name)).status_code == 200
                assert http.delete("/models/m").status_code == 200
                if sum(answer.status_code == 200 for answer in answers) >= 10:
                    break
        finally:
            changed.set()
        asking.result()
    for answer in answers:
        assert answer.status_code == 404 or answer.text in right


def test_a_worker_drops_what_was_not_asked_for_longest(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path, engine="litert", memory=30 * MEGABYTE, workers=2)
    for i in range(5):
        registry.load(f"m{i}", folder("cnn_a"))

    async def ask(*names: str) -> list[str]:
        for name in names:
            await registry.get(name)
        return list(registry._copies)

    assert asyncio.run(ask("m0", "m1", "m2")) == ["m0", "m1", "m2"]  # 15 MB are its share
    assert asyncio.run(ask("m0", "m3")) == ["m2", "m0", "m3"]
    assert asyncio.run(ask("m1")) == ["m0", "m3", "m1"]
    registry.unload("m3")
    assert asyncio.run(ask("m0")) == ["m1", "m0"]
    with pytest.raises(NotFoundError):
        asyncio.run(ask("m3"))


def test_a_model_larger_than_a_workers_share_is_refused(tmp_path: Path) -> None:
    registry = ModelRegistry(tmp_path, engine="litert", memory=8 * MEGABYTE, workers=2)
    with pytest.raises(OutOfMemoryError, match="a worker's share is 4,194,304"):
        registry.load("m", folder("cnn_a"))
