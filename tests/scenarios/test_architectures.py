"""The serving image can be built for x86-64 and for arm64 (Graviton): every package has a wheel for both."""

import tomllib
from typing import Any

import pytest

from tests.conftest import ROOT

_PYTHON = "cp312"  # the Dockerfile's base


def serving_packages() -> dict[str, Any]:
    """What the lock file installs for serving, by name; markers are not looked at, so that there may be more."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = {package["name"]: package for package in lock["package"]}
    found: dict[str, Any] = {}
    names = [one["name"] for one in packages["exploring-convolutional-layers"]["dependencies"]]
    while names:
        name = names.pop()
        if name not in found:
            found[name] = packages[name]
            names += [one["name"] for one in packages[name].get("dependencies", ())]
    return found


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_serving_package_has_a_wheel(machine: str) -> None:
    packages = serving_packages()
    assert {"ai-edge-litert", "numpy", "uvloop", "pysimdjson"} <= packages.keys()
    without = [
        name
        for name, package in packages.items()
        if not any(_fits(wheel["url"].rpartition("/")[2], machine) for wheel in package["wheels"])
    ]
    assert without == []


def _fits(wheel: str, machine: str) -> bool:
    python, abi, platform = wheel.removesuffix(".whl").split("-")[-3:]
    is_python = python.startswith("py") or _PYTHON in python or abi == "abi3"
    return is_python and (platform == "any" or ("manylinux" in platform and machine in platform))
