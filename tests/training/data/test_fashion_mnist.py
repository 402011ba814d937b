import gzip
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.conftest import Samples
from training.data import fashion_mnist
from training.data.fashion_mnist import (
    SHA256,
    FashionMNIST,
    load,
    permute_pixels,
    scale,
    stratified_split,
    stratified_subset,
)
from training.errors import TrainingError

IMAGES = "t10k-images-idx3-ubyte"


def test_the_dataset_is_what_its_paper_says(dataset: FashionMNIST) -> None:
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert dataset.test_images.shape == (10_000, 28, 28)
    assert np.bincount(dataset.train_labels).tolist() == [6_000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [1_000] * 10


def test_raw_files_are_read_as_gzipped_ones_are(dataset: FashionMNIST, tmp_path: Path) -> None:
    for name in SHA256:
        (tmp_path / name).write_bytes(gzip.decompress((dataset.source / f"{name}.gz").read_bytes()))
    assert (load(tmp_path).test_images == dataset.test_images).all()


@pytest.fixture
def copy(dataset: FashionMNIST, tmp_path: Path) -> Path:
    for name in SHA256:
        shutil.copy(dataset.source / f"{name}.gz", tmp_path)
    return tmp_path


def test_a_changed_file_is_named_with_both_checksums(copy: Path) -> None:
    content = bytearray(gzip.decompress((copy / f"{IMAGES}.gz").read_bytes()))
    content[-1] ^= 1
    (copy / f"{IMAGES}.gz").write_bytes(gzip.compress(bytes(content), 1))
    with pytest.raises(TrainingError, match=rf"{IMAGES}\.gz is not Fashion-MNIST's .* expected {SHA256[IMAGES]}"):
        load(copy)


def test_a_truncated_file_is_named(copy: Path) -> None:
    path = copy / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=rf"{IMAGES}\.gz cannot be read"):
        load(copy)
    path.write_bytes(b"not gzip")
    with pytest.raises(TrainingError, match=rf"{IMAGES}\.gz cannot be read"):
        load(copy)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"has neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz"):
        load(tmp_path)
    with pytest.raises(TrainingError, match=r"there is no folder .*none \(--data"):
        load(tmp_path / "none")


def test_sagemakers_channel_comes_before_installed_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_CHANNEL_TRAINING", str(tmp_path / "channel"))
    with pytest.raises(TrainingError, match="channel"):
        load()


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served in the dataset's place, to a machine that has the data nowhere."""
    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("SM_CHANNEL_TRAINING", raising=False)
    monkeypatch.setattr(fashion_mnist, "_DEBIAN_FOLDER", tmp_path / "none")
    monkeypatch.setattr(fashion_mnist, "_SAGEMAKER_CHANNEL", tmp_path / "none")
    monkeypatch.setattr(fashion_mnist, "_ORIGIN", f"http://127.0.0.1:{server.server_port}")
    get_file = keras.utils.get_file
    monkeypatch.setattr(keras.utils, "get_file", partial(get_file, cache_dir=str(tmp_path)))
    yield served
    server.shutdown()
    server.server_close()


def test_a_machine_without_the_data_downloads_it_once(origin: Path, dataset: FashionMNIST) -> None:
    for name in SHA256:
        shutil.copy(dataset.source / f"{name}.gz", origin)
    np.testing.assert_array_equal(load().test_images, dataset.test_images)
    for path in origin.iterdir():
        path.unlink()
    np.testing.assert_array_equal(load().test_labels, dataset.test_labels)


@pytest.mark.usefixtures("origin")
def test_a_failed_download_says_what_to_do() -> None:
    with pytest.raises(TrainingError, match=r"URL fetch failure.* 404 .*--data DIR.*dataset-fashion-mnist"):
        load()


def test_pixels_are_scaled_to_0_and_1(samples: Samples) -> None:
    pixels = scale(samples.images)
    assert pixels.shape == (300, 28, 28, 1)
    assert pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_the_split_is_stratified_disjoint_and_the_seeds(dataset: FashionMNIST) -> None:
    split = stratified_split(dataset.train_labels, seed=0)
    assert (len(split.train), len(split.validation)) == (55_000, 5_000)
    assert np.bincount(dataset.train_labels[split.validation]).tolist() == [500] * 10
    assert len(np.union1d(split.train, split.validation)) == 60_000
    again, other = (stratified_split(dataset.train_labels, seed=seed) for seed in (0, 1))
    assert (again.validation == split.validation).all()
    assert len(np.intersect1d(other.validation, split.validation)) < 1_000


def test_subsets_are_stratified_and_nested(samples: Samples) -> None:
    indices = np.arange(0, 300, 1)
    small, large = (stratified_subset(samples.labels, indices, size=size, seed=0) for size in (50, 100))
    assert np.bincount(samples.labels[small]).tolist() == [5] * 10
    assert set(small) < set(large)
    assert set(stratified_subset(samples.labels, indices, size=50, seed=1)) != set(small)


def test_one_permutation_moves_every_image_alike(samples: Samples) -> None:
    permuted = permute_pixels(samples.images)
    assert (np.sort(permuted.reshape(300, -1)) == np.sort(samples.images.reshape(300, -1))).all()
    assert (permuted != samples.images).any()
    assert (permute_pixels(samples.images[5:6])[0] == permuted[5]).all()
