"""Writes ``terraform_schema.json``: which arguments the AWS provider's resources take, for the test of the export.

``terraform validate`` needs the provider itself, 700 MB from HashiCorp's registry. The bindings of CDK for Terraform
are generated from the same schema: ``pip install --no-deps --target FOLDER cdktf-cdktf-provider-aws==21.22.1``, then
``python -m tests.deploy.terraform_schema FOLDER``. They are of provider 6.25.
"""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

RESOURCES = [
    "aws_appautoscaling_policy",
    "aws_appautoscaling_target",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_metric_alarm",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_object",
    "aws_sagemaker_endpoint",
    "aws_sagemaker_endpoint_configuration",
    "aws_sagemaker_model",
    "aws_scheduler_schedule",
    "aws_scheduler_schedule_group",
    "aws_sns_topic",
    "aws_sns_topic_subscription",
]
_CONSTRUCT = {
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioners",
    "id",
    "timeouts",
}
"""What the bindings add to every resource."""


def block(classes: dict[str, ast.ClassDef], name: str) -> dict[str, Any]:
    """Describe a class of the bindings: by argument, whether it is required, and the block it takes."""
    (made,) = [
        member for member in classes[name].body if isinstance(member, ast.FunctionDef) and member.name == "__init__"
    ]
    described = {}
    for argument, default in zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True):
        if argument.annotation is None:
            continue
        kind = ast.unparse(argument.annotation)
        inner = next((one for one in re.findall(r"'(\w+)'|\"(\w+)\"", kind) for one in one if one in classes), None)
        described[argument.arg.rstrip("_")] = {
            "required": default is None,
            **({"block": block(classes, inner)} if inner else {}),
        }
    return described


def main(folder: Path) -> None:
    """Write the schema of all resources."""
    found = {}
    for resource in RESOURCES:
        module = folder / "cdktf_cdktf_provider_aws" / resource.removeprefix("aws_") / "__init__.py"
        tree = ast.parse(module.read_text(encoding="utf-8"))
        classes = {one.name: one for one in tree.body if isinstance(one, ast.ClassDef)}
        whole = next(
            one.name for one in classes.values() if one.bases and "TerraformResource" in ast.unparse(one.bases[0])
        )
        found[resource] = {name: one for name, one in block(classes, whole).items() if name not in _CONSTRUCT}
    content = {"provider": "hashicorp/aws 6.25.0", "resources": found}
    target = Path(__file__).with_suffix(".json")
    target.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
