# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "fastapi==0.165.0",
#   "uvicorn[standard]==0.54.0",
#   "python-multipart",
#   "keras",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "pydantic",
#   "numpy",
# ]
# ///
"""The usual tutorial: FastAPI, ``UploadFile`` and Keras's ``model.predict``."""

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI, UploadFile
from model import PORT, SAVED_MODEL, pixels
from pydantic import BaseModel

app = FastAPI()
layer = keras.layers.TFSMLayer(str(SAVED_MODEL), call_endpoint="serving_default")
inputs = keras.Input((28, 28, 1))
network = keras.Model(inputs, layer(inputs))


class Instances(BaseModel):
    """Images as numbers."""

    instances: list[list[list[float]]]


def _predict(images: np.ndarray) -> list[list[float]]:
    (probabilities,) = network.predict(images, verbose=0).values()
    return probabilities.tolist()


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, list[list[float]]]:
    """Classify a picture."""
    return {"predictions": _predict(pixels(await file.read()))}


@app.post("/invocations")
async def invocations(body: Instances) -> dict[str, list[list[float]]]:
    """Classify numbers."""
    return {"predictions": _predict(np.array(body.instances, np.float32).reshape(-1, 28, 28, 1))}


if __name__ == "__main__":
    uvicorn.run(app, port=PORT)
