# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "mlserver==1.7.1",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""MLServer with a runtime of one's own, over its V2 inference protocol."""

import json
import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from model import PORT, Model


class Runtime(MLModel):
    """Numbers as a V2 tensor."""

    async def load(self) -> bool:
        """Load the model."""
        self._run = Model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Classify."""
        images = NumpyCodec.decode_input(payload.inputs[0])
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("predictions", self._run(images))]
        )


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    with TemporaryDirectory() as folder:
        settings = {"http_port": PORT, "grpc_port": PORT + 1, "metrics_port": PORT + 2, "parallel_workers": 0}
        for name, content in (
            ("settings.json", settings),
            ("model-settings.json", {"name": "m", "implementation": "mlserver_server.Runtime"}),
        ):
            with open(os.path.join(folder, name), "w") as file:
                json.dump(content, file)
        command = [os.path.join(os.path.dirname(sys.executable), "mlserver"), "start", folder]
        sys.exit(subprocess.run(command, env=os.environ | {"PYTHONPATH": here}).returncode)
