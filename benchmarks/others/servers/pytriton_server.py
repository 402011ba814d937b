# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#   "nvidia-pytriton==0.7.0",
#   "tensorflow-cpu==2.21.0",
#   "ai-edge-litert==2.3.0",
#   "pillow",
#   "numpy",
# ]
# ///
"""Triton through PyTriton, with its dynamic batching."""

import numpy as np
from model import PORT, Model
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

model = Model()


@batch
def infer(images: np.ndarray) -> dict:
    """Classify."""
    return {"predictions": model(images)}


if __name__ == "__main__":
    config = TritonConfig(http_port=PORT, grpc_port=PORT + 1, metrics_port=PORT + 2)
    with Triton(config=config) as triton:
        triton.bind(
            "m",
            infer_func=infer,
            inputs=[Tensor(name="images", dtype=np.float32, shape=(28, 28, 1))],
            outputs=[Tensor(name="predictions", dtype=np.float32, shape=(10,))],
            config=ModelConfig(max_batch_size=128),
        )
        triton.serve()
