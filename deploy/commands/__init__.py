"""What each command does. Everything that can be refused is refused before money is spoken of."""

import argparse
from collections.abc import Callable

from deploy.account import Account
from deploy.commands import creating, images, recording, showing, training, transforming, updating

COMMANDS: dict[str, Callable[[Account, argparse.Namespace], None]] = {
    "build": images.build,
    "push": images.push,
    "deploy": creating.deploy,
    "async": creating.queued,
    "serverless": creating.serverless,
    "update": updating.update,
    "promote": updating.promote,
    "rollback": updating.rollback,
    "invoke": showing.invoke,
    "transform": transforming.transform,
    "train": training.train,
    "register": recording.register,
    "monitor": recording.monitor,
    "status": showing.status,
    "delete": showing.delete,
}
