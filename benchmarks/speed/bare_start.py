"""``python -m benchmarks.speed.bare_start``: the least that a start can cost.

Imports FastAPI, Uvicorn, NumPy and LiteRT, loads one model, and answers a ping: what the service's start takes beyond
it, the service is to answer for.
"""

import json
import os
from pathlib import Path

import numpy as np
import uvicorn
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI

_MODELS = Path(__file__).parents[2] / "models"
_manifest = json.loads((_MODELS / "bundle.json").read_bytes())
_interpreter = Interpreter(
    model_path=str(_MODELS / _manifest["models"][_manifest["default_model"]]["litert"]), num_threads=1
)
_interpreter.allocate_tensors()
_interpreter.set_tensor(_interpreter.get_input_details()[0]["index"], np.zeros((1, 28, 28, 1), np.float32))
_interpreter.invoke()

app = FastAPI()


@app.get("/ping")
async def ping() -> None:
    """Say 200."""


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["SERVICE_PORT"]), access_log=False)
