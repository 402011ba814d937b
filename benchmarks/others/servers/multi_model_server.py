# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "multi-model-server==1.1.11",
#   "sagemaker-inference",
#   "setuptools<81",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""multi-model-server, what most of SageMaker's own containers have been: one model with a handler; needs Java."""

import json
import os
import shutil
import subprocess
import sys
from tempfile import mkdtemp

_HANDLER = """
import json, sys
sys.path.insert(0, {here!r})
from model import Model, pixels
_model = None

def handle(data, context):
    global _model
    _model = _model or Model()
    if data is None:
        return None
    body = data[0].get("body")
    if isinstance(body, (bytes, bytearray)) and bytes(body[:4]) == b"\\x89PNG":
        images = pixels(bytes(body))
    else:
        images = (body if isinstance(body, dict) else json.loads(body))["instances"]
    return [json.dumps({{"predictions": _model(images).tolist()}})]
"""

if __name__ == "__main__":
    if shutil.which("java") is None:
        sys.exit("needs Java: apt-get install default-jre-headless")
    here = os.path.dirname(os.path.abspath(__file__))
    store = mkdtemp()
    folder = os.path.join(store, "m")
    os.makedirs(os.path.join(folder, "MAR-INF"))
    with open(os.path.join(folder, "handler.py"), "w") as file:
        file.write(_HANDLER.format(here=here))
    manifest = {"runtime": "python", "model": {"modelName": "m", "handler": "handler:handle"}}
    with open(os.path.join(folder, "MAR-INF", "MANIFEST.json"), "w") as file:
        json.dump(manifest | {"specificationVersion": "1.0", "modelServerVersion": "1.0"}, file)
    port = os.environ["SERVICE_PORT"]
    properties = os.path.join(store, "config.properties")
    with open(properties, "w") as file:
        file.write(
            f"inference_address=http://127.0.0.1:{port}\nmanagement_address=http://127.0.0.1:{int(port) + 1}\n"
            "default_workers_per_model=1\n"
        )
    command = [os.path.join(os.path.dirname(sys.executable), "multi-model-server"), "--start", "--foreground"]
    command += ["--model-store", store, "--models", "m=m", "--mms-config", properties]
    sys.exit(subprocess.run(command, cwd=store).returncode)  # its logs go where it is started
