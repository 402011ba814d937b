# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "litserve==0.2.19",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""LitServe, as its documentation begins: one ``LitAPI``, batching off."""

import base64

import litserve as ls
from model import PORT, Model, pixels


class API(ls.LitAPI):
    """Base64 of a PNG, or numbers."""

    def setup(self, device: str) -> None:
        """Load the model, in its worker process."""
        self.model = Model()

    def decode_request(self, request: dict) -> object:
        """Read images."""
        return pixels(base64.b64decode(request["image"])) if "image" in request else request["instances"]

    def predict(self, images: object) -> object:
        """Classify."""
        return self.model(images)

    def encode_response(self, output: object) -> dict:
        """Write probabilities."""
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    ls.LitServer(API(), accelerator="cpu").run(port=PORT, generate_client_file=False)
