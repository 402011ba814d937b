"""Fetches the photographs that training uses, one by one, so that an interrupted download goes on where it stopped.

The pictures of the ``unseen`` senders are left where they are.
"""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training.data import photographs
from training.errors import TrainingError

COMMIT = "7ed86a9cc56763b6acb35e41cb35184e43a5d218"
SOURCE = f"https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/{COMMIT}"
SHA256 = "1385a5b7d43d13a2364c90afc4423c8e9bc98f626a56ff4c330bfebb81a85538"
"""Of the lines ``ID SHA-256-of-the-file``, sorted, of every picture that is read."""

_CONNECTIONS = 8
_TIMEOUT_S = 30


def fetch(folder: Path, progress: Callable[[int, int], None], *, source: str = SOURCE, sha256: str = SHA256) -> None:
    """Complete a folder, and verify every picture in it that is read.

    Args:
        folder: where ``images.csv`` and ``images/`` are, or go.
        progress: told how many pictures are there, and of how many.
        source: the address below which the files lie.
        sha256: what the pictures must have, as ``SHA256``.

    Raises:
        TrainingError: there is no network, or what was fetched is not the collection.

    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    listing = folder / "images.csv"
    if not listing.is_file():
        _write(listing, _get(f"{source}/images.csv", folder))
    names = sorted(row["image"] for rows in photographs.rows(folder).values() for row in rows)
    missing = [name for name in names if not (folder / "images" / f"{name}.jpg").is_file()]
    done = len(names) - len(missing)
    progress(done, len(names))

    def one(name: str) -> None:
        _write(folder / "images" / f"{name}.jpg", _get(f"{source}/images/{name}.jpg", folder))

    pool = ThreadPoolExecutor(_CONNECTIONS)
    try:
        for _ in pool.map(one, missing):
            done += 1
            progress(done, len(names))
    finally:
        pool.shutdown(cancel_futures=True)
    found = checksum(folder, names)
    if found != sha256:
        raise TrainingError(
            f"{folder} holds other pictures than the collection at commit {COMMIT} (SHA-256 {found}, expected "
            f"{sha256}); delete the folder and fetch them again"
        )


def checksum(folder: Path, names: list[str]) -> str:
    """SHA-256 of pictures, as ``SHA256`` says."""
    lines = (
        f"{name} {hashlib.sha256((folder / 'images' / f'{name}.jpg').read_bytes()).hexdigest()}\n" for name in names
    )
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that what is there need not be fetched again."""
    temporary = path.with_suffix(".part")
    temporary.write_bytes(content)
    temporary.replace(path)


def _get(address: str, folder: Path) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 (https, or a test's server)
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise TrainingError(
            f"{address} could not be fetched ({error}). What is there already is kept: the same command goes on. "
            f"Without a network, put images.csv and the folder images of github.com/alexeygrigorev/clothing-dataset, "
            f"commit {COMMIT}, into {folder}"
        ) from error
