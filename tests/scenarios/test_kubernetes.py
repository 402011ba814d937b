"""The manifests of docker/kubernetes: by the published schemas, and by what the service itself does."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service import __version__
from service.launch import STOP_SECONDS
from service.settings import Settings, variable
from tests.conftest import ROOT
from tests.packages import run_with_packages

FOLDER = ROOT / "docker" / "kubernetes"
KUBERNETES_VALIDATE = "kubernetes-validate==1.37.0"
PROMETHEUS_OPERATOR = "@kubernetes-models/prometheus-operator@6.0.0"

Manifest = dict[str, Any]


def manifests(overlay: str) -> list[Manifest]:
    """An overlay's resources, as they stand in its files and in those of the base it names."""
    found: list[Manifest] = []
    for name in yaml.safe_load((FOLDER / overlay / "kustomization.yaml").read_text())["resources"]:
        if name.endswith(".yaml"):
            found += yaml.safe_load_all((FOLDER / overlay / name).read_text())
        else:
            found += manifests(str((FOLDER / overlay / name).resolve().relative_to(FOLDER)))
    return found


def rendered(overlay: str) -> str:
    """What ``kubectl apply --kustomize`` would send."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    return subprocess.check_output(["kubectl", "kustomize", str(FOLDER / overlay)], text=True)


def pods() -> list[Any]:
    """The pods' specifications, of the Deployment and of the InferenceService."""
    deployment = next(m for m in manifests("base") if m["kind"] == "Deployment")
    return [
        pytest.param(deployment["spec"]["template"]["spec"], id="Deployment"),
        pytest.param(manifests("kserve")[0]["spec"]["predictor"], id="InferenceService"),
    ]


@pytest.mark.parametrize("pod", pods())
def test_probes_ask_for_routes_that_answer(url: str, pod: Manifest) -> None:
    (container,) = pod["containers"]
    probes = [probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")]
    assert len(probes) >= 2
    for probe in probes:
        assert probe["port"] in ("http", container["ports"][0]["containerPort"])
        assert httpx.get(f"{url}{probe['path']}").status_code == 200


@pytest.mark.parametrize("pod", pods())
def test_settings_are_the_services_own_and_valid(pod: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    (container,) = pod["containers"]
    known = {variable(name, field) for name, field in Settings.model_fields.items()}
    for entry in container["env"]:
        if entry["name"] != "PROTOCOL":  # KServe's
            assert entry["name"] in known
            monkeypatch.setenv(entry["name"], entry.get("value", "a key of sixteen characters"))
    # Kubernetes kills what is left then; the service itself gives up before.
    assert pod["terminationGracePeriodSeconds"] >= STOP_SECONDS
    assert 5 < Settings().drain_seconds < STOP_SECONDS


@pytest.mark.parametrize("pod", pods())
def test_pods_keep_the_restricted_standard(pod: Manifest) -> None:
    """Pod Security Standards, "restricted": https://kubernetes.io/docs/concepts/security/pod-security-standards/."""
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]  # noqa: S108
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


def test_selectors_find_the_pods_and_nothing_else() -> None:
    by_kind = {m["kind"]: m for m in yaml.safe_load_all(rendered("monitoring"))}
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        by_kind["Deployment"]["spec"]["selector"]["matchLabels"],
        by_kind["Service"]["spec"]["selector"],
        by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        by_kind["ServiceMonitor"]["spec"]["selector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector  # an empty one would select every pod of the namespace
        assert selector.items() <= labels.items()
    assert (
        by_kind["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"]
        == by_kind["Deployment"]["metadata"]["name"]
    )
    monitor = by_kind["ServiceMonitor"]
    assert by_kind["Service"]["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "service"  # as in alerts.yml


@pytest.mark.parametrize("overlay", ["base", "kserve"])
def test_the_image_is_of_this_version(overlay: str) -> None:
    assert f"image: exploring-convolutional-layers:{__version__}\n" in rendered(overlay)


@pytest.mark.slow
def test_manifests_are_valid_by_kubernetes_schemas(tmp_path: Path) -> None:
    written = tmp_path / "base.yaml"
    written.write_text(rendered("base"))
    command = ["uv", "tool", "run", "--from", KUBERNETES_VALIDATE, "kubernetes-validate", "--strict", str(written)]
    ended = run_with_packages(command, tmp_path)
    assert ended.returncode == 0, ended.stderr
    written.write_text(rendered("base").replace("periodSeconds", "periodSecond"))
    assert "periodSecond' was unexpected" in run_with_packages(command, tmp_path).stdout


@pytest.mark.slow
def test_the_service_monitor_is_valid_by_the_operators_schema(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    (monitor,) = (m for m in yaml.safe_load_all(rendered("monitoring")) if m["kind"] == "ServiceMonitor")
    installed = run_with_packages(["npm", "install", "--silent", "--no-audit", PROMETHEUS_OPERATOR], tmp_path)
    if installed.returncode:
        pytest.skip(f"its schema cannot be had here: {installed.stderr[-200:]}")
    program = """
import {ServiceMonitor} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
new ServiceMonitor(JSON.parse(process.argv.at(-1))).validate();
"""
    check = ["node", "--input-type=module", "--eval", program]
    ended = run_with_packages([*check, json.dumps(monitor)], tmp_path)
    assert ended.returncode == 0, ended.stderr
    monitor["spec"]["endpoints"] = 1
    assert "must be array" in run_with_packages([*check, json.dumps(monitor)], tmp_path).stderr


@pytest.mark.slow
def test_the_inference_service_is_valid_by_kserves_own_models(tmp_path: Path) -> None:
    (service,) = yaml.safe_load_all(rendered("kserve"))
    check = ["uv", "run", "--no-project", "--script", str(Path(__file__).parent / "clients" / "kserve_models.py")]
    ended = run_with_packages([*check, json.dumps(service)], tmp_path)
    assert ended.returncode == 0, ended.stderr
    service["spec"]["predictor"]["containers"][0]["readinessProbe"]["period"] = 2
    assert "V1Probe has no field 'period'" in run_with_packages([*check, json.dumps(service)], tmp_path).stderr
