# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "flask==3.1.3",
#   "gunicorn",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""Flask behind gunicorn, as AWS's sample of a container of one's own has it (without nginx before it)."""

import os
import sys

from flask import Flask, request
from model import PORT, Model, pixels

app = Flask(__name__)
model = None


@app.post("/invocations")
def invocations() -> dict[str, list[list[float]]]:
    """Classify a picture or numbers."""
    global model
    model = model or Model()
    images = request.get_json()["instances"] if request.is_json else pixels(request.data)
    return {"predictions": model(images).tolist()}


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    os.execvp(
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--workers=1",
            "--timeout=60",
            f"--bind=127.0.0.1:{PORT}",
            "flask_gunicorn:app",
        ],
    )
