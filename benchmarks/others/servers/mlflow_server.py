# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "mlflow==3.17.0",
#   "fastapi",
#   "uvicorn",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""MLflow: a model of its pyfunc flavour around the SavedModel, ``mlflow models serve``."""

import os
import sys
from tempfile import mkdtemp

import mlflow.pyfunc
from model import PORT


class Classifier(mlflow.pyfunc.PythonModel):
    """Numbers in, numbers out."""

    def load_context(self, context):
        """Load the model."""
        sys.path.insert(0, os.environ["OTHERS"])
        from model import Model

        self.model = Model()

    def predict(self, context, model_input, params=None):
        """Classify."""
        return self.model(model_input)


if __name__ == "__main__":
    os.environ["OTHERS"] = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.join(mkdtemp(), "model")
    mlflow.pyfunc.save_model(folder, python_model=Classifier(), pip_requirements=[])
    os.execvp(
        sys.executable,
        [sys.executable, "-m", "mlflow", "models", "serve", "-m", folder, "-p", str(PORT), "--env-manager", "local"],
    )
