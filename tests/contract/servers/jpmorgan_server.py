# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["inference-server==1.3.3", "gunicorn==27.0.1"]
# ///
"""jpmorganchase's inference-server, by its hooks, behind gunicorn: ``python jpmorgan_server.py PORT``."""

import json
import os
import sys
from pathlib import Path

import inference_server
from inference_server import plugin_hook


@plugin_hook
def model_fn(model_dir):
    """Give the model: it adds up each instance's numbers."""
    return lambda instances: [sum(instance) for instance in instances]


@plugin_hook
def input_fn(input_data, content_type):
    """Read JSON."""
    return json.loads(input_data)["instances"]


@plugin_hook
def predict_fn(data, model):
    """Classify."""
    return model(data)


@plugin_hook
def output_fn(prediction, accept):
    """Write JSON."""
    return json.dumps({"predictions": prediction}).encode(), "application/json"


if __name__ == "__main__":
    gunicorn = Path(sys.executable).with_name("gunicorn")
    os.chdir(Path(__file__).parent)
    os.execv(gunicorn, [gunicorn, "--bind", f"0.0.0.0:{sys.argv[1]}", "--workers", "1", "jpmorgan_server:app"])
else:
    inference_server._plugin.manager().register(sys.modules[__name__])
    inference_server.warmup()
    app = inference_server.create_app()
