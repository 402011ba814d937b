# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "bentoml==1.4.39",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""BentoML: one service, ``bentoml serve``."""

import os
import sys

import bentoml
import numpy as np
from model import PORT, Model
from PIL.Image import Image


@bentoml.service(workers=1)
class Classifier:
    """A picture as a form, or numbers."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    def predict(self, file: Image) -> dict:
        """Classify a picture."""
        return {"predictions": self.model(np.asarray(file, np.float32) / 255).tolist()}

    @bentoml.api
    def invocations(self, instances: list) -> dict:
        """Classify numbers."""
        return {"predictions": self.model(instances).tolist()}


if __name__ == "__main__":
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    os.execvp(
        sys.executable, [sys.executable, "-m", "bentoml", "serve", "bentoml_server:Classifier", "--port", str(PORT)]
    )
