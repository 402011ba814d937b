"""Writes an exported deployment, with the bundle that it needs, and says how to make it."""

import json
from pathlib import Path

from deploy import archives
from deploy.account import Account
from deploy.errors import DeploymentError
from deploy.export.cloudformation import Template
from deploy.export.recording import Recording
from deploy.export.terraform import Configuration


def write(account: Account, plan: Recording, form: str, models: Path, to: Path) -> list[str]:
    """Write a plan as files; gives the lines that say what to do with them.

    Args:
        account: the plan's.
        plan: what it would make.
        form: cloudformation or terraform.
        models: the bundle's folder.
        to: the folder for the files.

    Raises:
        DeploymentError: the folder cannot be written to.

    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        for put in plan.all("PutObject"):
            name = put["Key"].rpartition("/")[2]
            with (to / name).open("wb") as file:
                archives.pack(_source(models, put["Key"], name), file)
        if form == "terraform":
            (to / "main.tf.json").write_text(_json(Configuration(account, plan).build()), encoding="utf-8")
            return [
                f"wrote {to / 'main.tf.json'}; push the image first ({account.command('push')}), then",
                f"  terraform -chdir={to} init",
                f"  terraform -chdir={to} apply -var image=URI",
            ]
        template = Template(account, plan)
        (to / "template.json").write_text(_json(template.build()), encoding="utf-8")
    except OSError as error:
        raise DeploymentError(f"{to} cannot be written to ({error.strerror}); name another folder: --to DIR") from error
    key = template.bundle_key
    if key.endswith("/"):
        send = f"aws s3 cp {to}/ s3://BUCKET/{key} --recursive --exclude '*' --include '*.tar.gz'"
    else:
        send = f"aws s3 cp {to}/model.tar.gz s3://BUCKET/{key}"
    return [
        f"wrote {to / 'template.json'}; push the image first ({account.command('push')}), then with a bucket of yours",
        f"  {send}",
        f"  aws cloudformation deploy --stack-name {account.name} --template-file {to}/template.json \\",
        "    --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Image=URI BundleBucket=BUCKET",
    ]


def _source(models: Path, key: str, name: str) -> Path:
    """Find the folder that an archive is made of."""
    if key.startswith("models/"):
        return models
    network = name.removesuffix(".tar.gz")
    folder: str = archives.read_manifest(models)["models"][network]["saved_model"]
    return models / folder


def _json(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"
