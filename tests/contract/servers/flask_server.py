# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["flask==3.1.3", "gunicorn==27.0.1"]
# ///
"""Flask behind gunicorn, after AWS's example of a container of one's own: ``python flask_server.py PORT``."""

import json
import os
import sys
from pathlib import Path

import flask

app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping():
    """Answer the health check."""
    return flask.Response(response="\n", status=200, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations():
    """Add up each instance's numbers."""
    if flask.request.content_type != "application/json":
        return flask.Response(response="This predictor only supports JSON data", status=415, mimetype="text/plain")
    predictions = [sum(instance) for instance in json.loads(flask.request.data)["instances"]]
    return flask.Response(response=json.dumps({"predictions": predictions}), status=200, mimetype="application/json")


if __name__ == "__main__":
    gunicorn = Path(sys.executable).with_name("gunicorn")
    os.chdir(Path(__file__).parent)
    os.execv(gunicorn, [gunicorn, "--bind", f"0.0.0.0:{sys.argv[1]}", "--workers", "1", "flask_server:app"])
