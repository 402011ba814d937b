"""``python -m benchmarks.speed.floor``: the least that one request can cost.

A bare ASGI function on the service's own Uvicorn (uvloop, httptools): the same decoders, the same LiteRT call, the same
JSON. No routes, no validation, no errors, no metrics, no log, no limits. What the service takes beyond it, the service
is to answer for.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import simdjson
import uvicorn
from ai_edge_litert.interpreter import Interpreter

from service.inputs import plain_png

MODELS = Path(__file__).parents[2] / "models"

_manifest = json.loads((MODELS / "bundle.json").read_bytes())
_name = _manifest["default_model"]
_entry = _manifest["models"][_name]
_interpreter = Interpreter(model_path=str(MODELS / _entry["litert"]), num_threads=1)
_interpreter.allocate_tensors()
_into = _interpreter.get_input_details()[0]["index"]
_out_of = _interpreter.get_signature_runner().get_output_details()["probabilities"]["index"]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer as the service would, if nothing can go wrong."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/ping":
        answer = b""
    else:
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        answer = _predict(body) if scope["path"] == "/predict" else _invoke(body)
    headers = [(b"content-length", str(len(answer)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _predict(body: bytes) -> bytes:
    if body.startswith(b"--"):  # a form of one file
        body = body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
    grey = plain_png.read(body)
    assert grey is not None  # noqa: S101 (the benchmark sends no other)
    probabilities = _run((grey.astype(np.float32) / np.float32(255)).reshape(1, 28, 28, 1))[0]
    labels = _entry["labels"]
    ranked = [
        {"label": labels[class_id], "class_id": class_id, "probability": float(probabilities[class_id])}
        for class_id in np.argsort(-probabilities, kind="stable").tolist()
    ]
    first = ranked[0]
    return orjson.dumps(
        {
            "model": _name,
            "version": _entry["version"],
            "label": first["label"],
            "class_id": first["class_id"],
            "confidence": first["probability"],
            "predictions": ranked,
            "preprocess": {"mode": "dataset", "inverted": False},
        }
    )


def _invoke(body: bytes) -> bytes:
    content: Any = simdjson.Parser().parse(body)
    numbers = content["instances"].as_buffer(of_type="d")
    pixels = np.frombuffer(numbers).astype(np.float32).reshape(-1, 28, 28, 1)
    return orjson.dumps({"predictions": _run(pixels)}, option=orjson.OPT_SERIALIZE_NUMPY)


def _run(pixels: Any) -> Any:
    _interpreter.set_tensor(_into, pixels)
    _interpreter.invoke()
    return _interpreter.get_tensor(_out_of)


if __name__ == "__main__":
    port = int(os.environ["SERVICE_PORT"])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", ws="none", access_log=False, server_header=False)
