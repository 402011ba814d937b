# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["mlserver==1.7.1"]
# ///
"""Classifies images with MLServer's own types and command: ``mlserver_client.py HOST:PORT IMAGES.npy``.

Prints the classes, by JSON numbers first, then as bytes, which ``mlserver infer --binary-data`` sends.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, RequestOutput

server, images = sys.argv[1], np.load(sys.argv[2])
mlserver = Path(sys.executable).with_name("mlserver")


def classes(response):
    """Give each image's class, and its model, from MLServer's own reading of the answer."""
    return response.model_name, NumpyCodec.decode_output(response.outputs[0]).argmax(axis=1).tolist()


with TemporaryDirectory() as folder:
    sent, received = Path(folder) / "sent.jsonl", Path(folder) / "received.jsonl"
    request = InferenceRequest(
        inputs=[NumpyCodec.encode_input("images", images)], outputs=[RequestOutput(name="probabilities")]
    )
    sent.write_text(request.model_dump_json(exclude_none=True) + "\n")
    for options in ([], ["--binary-data"]):
        command = [mlserver, "infer", "--url", server, "--model-name", "cnn_a", "--batch-size", "1", *options]
        subprocess.run([*command, "-i", sent, "-o", received], check=True, stdout=subprocess.DEVNULL)
        response = InferenceResponse.model_validate_json(received.read_text().splitlines()[0])
        print(json.dumps(classes(response)))
