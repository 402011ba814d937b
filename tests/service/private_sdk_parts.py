"""Checks of what the project uses of AWS's SDKs; ``test_private_parts.py`` lists them.

SageMaker's is read, not imported, which would take seconds.
"""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import botocore.client
import botocore.session

from tests.conftest import ROOT

FOLDERS = ("training", "deploy", "docs/examples")
TRAINER = "sagemaker.train.model_trainer"


def dry_run() -> bool:
    source = inspect.getsource(botocore.client.BaseClient)
    return "before-parameter-build." in source and "event_response is not None" in source


def shapes() -> bool:
    model = botocore.session.get_session().get_service_model("sagemaker")
    kinds = model.shape_for("TransformInstanceType").enum
    return bool(
        {"max", "pattern"} <= model.shape_for("EndpointName").metadata.keys()
        and "ml.m5.xlarge" in kinds
        and model.service_id == "SageMaker"
    )


@cache
def parsed(package: str, module: str) -> ast.Module | None:
    """A module's code; None where the package has no such file, as where another package has it now."""
    stem = module.replace(".", "/")
    found = {str(file): file for file in distribution(package).files or ()}
    file = found.get(f"{stem}.py") or found.get(f"{stem}/__init__.py")
    return None if file is None else ast.parse(Path(str(file.locate())).read_text(encoding="utf-8"))


def exports(package: str, module: str, name: str) -> bool:
    """Whether a module exports a name: its own, one that it takes by ``*`` from its parts, or one that is asked for."""
    if parsed(package, f"{module}.{name}") is not None:
        return True
    code = parsed(package, module)
    for node in code.body if code else ():
        match node:
            case ast.FunctionDef(name="__getattr__"):
                parts = list(ast.walk(node))
                asked = any(isinstance(part, ast.Constant) and part.value == name for part in parts)
                if asked and any(is_from(package, part, name) for part in parts):
                    return True
            case ast.ClassDef(name=found) | ast.FunctionDef(name=found) if found == name:
                return True
            case ast.ImportFrom(str(part), [ast.alias("*")]) if part.startswith(f"{module}."):
                if exports(package, part, name):
                    return True
    return False


def is_from(package: str, node: ast.AST, name: str) -> bool:
    match node:
        case ast.ImportFrom(str(module), [ast.alias(found)]):
            return found == name and exports(package, module, name)
    return False


def imported(top: str) -> Iterator[tuple[str, str]]:
    """What the project's files import of a package and of those below it: modules and names."""
    for file in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{top}."):
                yield from ((str(node.module), alias.name) for alias in node.names)


def import_paths(package: str, top: str) -> bool:
    """Whether all that the project imports below ``top`` is in a package."""
    used = set(imported(top))
    return bool(used) and all(exports(package, module, name) for module, name in used)


def role_variable() -> bool:
    code = parsed("sagemaker-core", "sagemaker.core.helper.iam_role_resolver")
    texts = [node.value for node in ast.walk(code) if isinstance(node, ast.Constant)] if code else []
    return "SAGEMAKER_VALIDATE_ROLE" in texts


def latest_job() -> bool:
    code = parsed("sagemaker-train", TRAINER)
    trainers = [node for node in code.body if isinstance(node, ast.ClassDef)] if code else []
    (trainer,) = (node for node in trainers if node.name == "ModelTrainer")
    stored = [node.target for node in trainer.body if isinstance(node, ast.AnnAssign)]
    return any(isinstance(target, ast.Name) and target.id == "_latest_training_job" for target in stored)
