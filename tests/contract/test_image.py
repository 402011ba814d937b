"""Rows about the image itself."""

from pathlib import PurePosixPath

from .levels import HOSTING, must, ours, should
from .subject import Sample
from .targets import ImageTarget


@must(HOSTING, "You can't use the tini initializer as your entry point in SageMaker containers")
def test_entry_point_is_not_tini(image: ImageTarget) -> None:
    """The entry point is not tini, which would take the argument serve for its own."""
    entry_point = image.configuration().get("Entrypoint") or [""]
    assert PurePosixPath(entry_point[0]).name != "tini", f"it is {entry_point}"


@should(HOSTING, "SageMaker AI expects all containers to run with root users.")
def test_runs_as_root(image: ImageTarget) -> None:
    """The image names no other user than root."""
    user = image.configuration().get("User") or "root"
    assert user.partition(":")[0] in ("root", "0"), f"it names {user}"


@ours
def test_read_only_and_any_user(image: ImageTarget, sample: Sample) -> None:
    """Runs with a read-only root file system but for /tmp, no capabilities, as any uid (Kubernetes, and elsewhere)."""
    options = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=54321")
    with image.ready(options=options) as running:
        answer = sample.ask(running.url)
        assert answer.status_code == 200, f"it answered {answer.status_code}: {answer.text[:200]}"
