"""Training with photographs: found, split, converted as the service does, and bad folders refused in a sentence."""

import csv
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from service.inputs import photograph_conversion as served_conversion
from service.inputs.preprocessing import preprocess_sync
from tests.conftest import MODELS
from training.data import augmentation, ood_pictures, photograph_conversion, photograph_download, photographs
from training.data.fashion_mnist import FashionMNIST
from training.errors import TrainingError
from training.evaluation import photographs as on_photographs
from training.evaluation.calibration import soften
from training.experiments import trainer
from training.experiments.epoch_data import NONE, EpochData
from training.experiments.losses import OneOfCrossEntropy
from training.experiments.registry import EXPERIMENTS
from training.experiments.runs import RunFolder
from training.release.photo_assessment import fit_bias, fit_log_odds

LABELS = ("T-Shirt", "Pants", "Longsleeve", "Shoes", "Hat", "Not sure")


class Silent:
    """An observer."""

    def batch(self, done: int, total: int) -> None:
        pass

    def epoch(self, done: int, total: int, metrics: dict[str, float]) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A drawn collection: 120 senders of one picture each, of uneven floors with something on them."""
    folder = tmp_path / "drawn"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for number in range(120):
        pixels = rng.integers(60, 200, (160, 120, 3), np.uint8)
        pixels[40:120, 30:90] = rng.integers(0, 60, 3, np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"picture-{number}.jpg", quality=90)
        rows.append(
            {"image": f"picture-{number}", "sender_id": str(number), "label": LABELS[number % 6], "kids": "False"}
        )
    _write(folder, rows)
    monkeypatch.setenv(photographs.VARIABLE, str(folder))
    photographs._load.cache_clear()
    return folder


def _write(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "images.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_every_picture_of_a_sender_is_in_one_part_and_the_unseen_are_not_read(folder: Path) -> None:
    found = photographs.rows(folder)
    assert found.keys() == {"train", "held_out", "report"}
    senders = [{row["sender_id"] for row in rows} for rows in found.values()]
    assert sum(map(len, senders)) == len(set().union(*senders))
    listed = {row["sender_id"] for rows in found.values() for row in rows}
    unseen = {str(n) for n in range(120) if n % 6 != 5} - listed
    assert unseen == {
        s for s in map(str, range(120)) if int(s) % 6 != 5 and photographs.part(s, pictures=1) == "unseen"
    }
    assert unseen
    for sender in unseen:
        (folder / "images" / f"picture-{sender}.jpg").unlink()
    assert sum(len(part.names) for part in photographs.load().values()) == len(listed)


def test_who_sent_many_is_learnt_from() -> None:
    unseen = next(sender for sender in map(str, range(100)) if photographs.part(sender, pictures=1) == "unseen")
    assert photographs.part(unseen, pictures=200) == "train"


def test_the_service_sees_what_training_saw(folder: Path) -> None:
    pictures = photographs.load()["train"]
    for name, views in zip(pictures.names[:10], pictures.views()[:10], strict=True):
        seen = preprocess_sync((folder / "images" / f"{name}.jpg").read_bytes(), "photo", 10**6)
        assert seen.pixels.shape == (12, 28, 28, 1)
        assert (np.rint(seen.pixels[..., 0] * 255).astype(np.uint8) == views).all()


def test_a_dark_garment_on_a_light_floor_comes_out_light() -> None:
    pixels = np.random.default_rng(1).integers(150, 250, (90, 60, 3), np.uint8)
    pixels[20:70, 15:45] = 20
    found = served_conversion.convert(Image.fromarray(pixels))
    assert found.inverted
    assert found.views[0, 10:18, 12:16].min() > found.views[0, :2].max()
    assert not served_conversion.convert(Image.fromarray(255 - pixels)).inverted
    assert (photograph_conversion.views(photograph_conversion.squared(Image.fromarray(pixels))) == found.views).all()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "images.csv").unlink(), r"holds no photographs .* python -m training photographs"),
        (lambda f: (f / "images.csv").write_text("image,label\na,Hat\n"), "has no column sender_id"),
        (lambda f: (f / "images.csv").write_text("image,sender_id,label\na,,Hat\n"), "picture 1 names no sender"),
        (lambda f: (f / "images.csv").write_text("image,sender_id,label\na,1,Sock\n"), "no label is called 'Sock'"),
        (lambda f: [p.write_bytes(b"no picture") for p in (f / "images").iterdir()], "not a picture that can be read"),
        (lambda f: [p.unlink() for p in (f / "images").iterdir()], "not a picture that can be read"),
    ],
)
def test_a_folder_that_is_no_photograph_set_is_refused_in_a_sentence(
    folder: Path, spoil: object, sentence: str
) -> None:
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(TrainingError, match=sentence):
        photographs.load()


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """The drawn collection, served over HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_interrupted_download_goes_on_and_is_verified(folder: Path, address: str, tmp_path: Path) -> None:
    names = sorted(row["image"] for rows in photographs.rows(folder).values() for row in rows)
    expected = photograph_download.checksum(folder, names)
    into = tmp_path / "fetched"

    def interrupt(done: int, _: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        photograph_download.fetch(into, interrupt, source=address, sha256=expected)
    kept = len(list((into / "images").glob("*.jpg")))
    seen: list[int] = []
    photograph_download.fetch(into, lambda done, _: seen.append(done), source=address, sha256=expected)
    assert seen[0] == kept >= 5
    assert seen[-1] == len(names)
    (into / "images" / f"{names[0]}.jpg").write_bytes(b"another")
    with pytest.raises(TrainingError, match="other pictures than the collection"):
        photograph_download.fetch(into, lambda *_: None, source=address, sha256=expected)


def test_without_a_network_it_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"put images\.csv and the folder images of .* into .*nowhere"):
        photograph_download.fetch(tmp_path / "nowhere", lambda *_: None, source="http://127.0.0.1:9")


def test_a_label_that_leaves_classes_open_asks_for_any_of_them() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], np.float32)
    right = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], np.float32)
    found = np.asarray(OneOfCrossEntropy(reduction=None)(right, probabilities))
    assert found == pytest.approx([-np.log(0.5), -np.log(0.8), -np.log(0.6)], rel=1e-5)


def test_varied_copies_stay_the_photograph_and_repeat_with_the_seed() -> None:
    square = np.zeros((8, 2, 56, 56), np.uint8)
    square[:, :, 14:42, 14:42] = 200
    once, again = (
        augmentation.photographed_again(square, np.random.default_rng(3), photograph_conversion.SHARES)
        for _ in range(2)
    )
    assert (once == again).all()
    assert once.shape == (8, 28, 28)
    assert (once[:, 12:16, 12:16].mean(axis=(1, 2)) > once[:, :2, :2].mean(axis=(1, 2))).all()
    moved = augmentation.jittered(
        np.arange(784, dtype=np.uint8).reshape(1, 28, 28).repeat(50, 0), np.random.default_rng(0)
    )
    assert len({image.tobytes() for image in moved}) > 10


def test_what_surrounds_a_garment_is_enlarged_from_the_corners() -> None:
    squares = np.full((40, 2, 56, 56), 255, np.uint8)
    squares[:, :, 19:37, 19:37] = 0  # what is further in than a third of the edge is not shown
    found = augmentation.surroundings(squares, np.random.default_rng(0), photograph_conversion.SHARES)
    assert found.shape == (40, 28, 28)
    assert (found.std(axis=(1, 2)) == 0).all()


@pytest.mark.usefixtures("folder")
def test_an_epoch_shows_photographs_their_surroundings_and_drawings(tiny: FashionMNIST) -> None:
    pictures = photographs.load()["train"]
    experiment = EXPERIMENTS["cnn_a_photos"]
    data = EpochData(experiment, 0, tiny, None, pictures)
    pixels, right = data.of(0)
    assert len(pixels) == len(right) == data.images
    assert right.shape[1] == NONE + 1
    drawn = 200 * len(ood_pictures.KINDS)
    assert right[:, NONE].sum() == 4 * len(pictures.others.names) + len(pictures.names) + drawn
    assert (data.of(0)[0] == pixels).all()
    assert not (data.of(1)[0] == pixels).all()


def test_the_outlier_score_of_photographs_tells_what_is_none_of_the_classes() -> None:
    rng = np.random.default_rng(0)
    garments, hats, noise = (rng.normal(middle, 1, (300, 8)).astype(np.float32) for middle in (0, 1, (2, -2) * 4))
    score = fit_log_odds(garments[:200], hats[:200], noise[:200], usual=garments[200:])
    pixels = np.zeros((100, 28, 28, 1), np.float32)
    usual = score(pixels, garments[200:])
    assert (usual.mean(), usual.std()) == pytest.approx((0, 1), abs=1e-6)
    threshold = np.quantile(usual, 0.9)
    assert (score(pixels, hats[200:]) > threshold).mean() > 0.6
    assert (score(pixels, noise[200:]) > threshold).mean() > 0.9


def test_the_bias_takes_back_what_one_class_has_too_much() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 2_000)
    logits = rng.normal(0, 1, (2_000, 10)) + 3 * np.eye(10)[labels]
    logits[:, 6] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = np.eye(10, dtype=bool)[labels]
    senders = np.array([str(n) for n in rng.integers(0, 50, 2_000)])
    squares = np.zeros((2_000, 2, 1, 1), np.uint8)
    bias = fit_bias(probabilities, photographs.Photographs(senders, senders, senders, right, squares))
    assert bias[6] == pytest.approx(np.delete(bias, 6).mean() - 1.5, abs=0.3)
    balanced = soften(probabilities, 1.0, bias)
    hit, before = (right[np.arange(2_000), some.argmax(axis=1)].mean() for some in (balanced, probabilities))
    assert hit > before + 0.05


def test_all_people_count_the_same() -> None:
    senders = np.array(["a", "b", "a", "a", "a"])
    taken = photographs.Photographs(senders, senders, senders, np.ones((5, 10), bool), np.zeros((5, 2, 1, 1), np.uint8))
    assert taken.by_person().tolist() == [0.25, 1, 0.25, 0.25, 0.25]


@pytest.mark.usefixtures("folder")
def test_a_network_trained_with_photographs_is_recorded_with_them(tiny: FashionMNIST, tmp_path: Path) -> None:
    experiment = EXPERIMENTS["baseline_photos"]
    experiment = replace(experiment, recipe=replace(experiment.recipe, epochs=1, photographs=1))
    runs = RunFolder(tmp_path / "runs")
    run = trainer.train(experiment, 0, tiny, runs, Silent())
    assert run.photographs is not None
    assert set(run.photographs) == {"held_out", "report"}
    assert runs.finished(experiment, 0) == run
    kept = keras.models.load_model(runs.weights(experiment.name, 0), compile=False)
    assert [type(layer).__name__ for layer in kept.layers] == ["Flatten", "Dense", "Dense"]


def test_what_is_measured_of_photographs() -> None:
    garments = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.45, 0.55]])
    right = np.array([[1, 0], [0, 1], [0, 1], [1, 1]], bool)
    found = on_photographs.measure(garments, right, np.array([[0.5, 0.5], [0.95, 0.05]]))
    assert found["accuracy"] == 0.75
    assert found["surer_half"] == 1
    assert found["classes"] == {"0": [1, 1], "0/1": [1, 1], "1": [1, 2]}
    assert found["refused_others"] == 0.5
    assert on_photographs.calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.4)


def _graph(model: str) -> list[tuple[str, tuple[int, ...]]]:
    interpreter = Interpreter(str(MODELS / model / "1" / "assets.extra" / "model.tflite"))
    interpreter.allocate_tensors()
    shapes = {detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_tensor_details()}
    return [
        (op["op_name"], shapes[op["outputs"][0]])
        for op in interpreter._get_ops_details()
        if op["op_name"] != "DELEGATE"
    ]


@pytest.mark.parametrize("model", ["cnn_a_tuned", "cnn_a_photos"])
def test_the_released_networks_have_exactly_the_graph_of_cnn_a(model: str) -> None:
    assert _graph(model) == _graph("cnn_a")
