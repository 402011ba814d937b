"""What figures show beside numbers."""

from dataclasses import dataclass
from typing import Any

from training.data.fashion_mnist import Images


@dataclass(frozen=True)
class Pictures:
    """Images and insides of networks, which are too large for the report itself.

    Attributes:
        test_images: uint8 (10000, 28, 28), 0 is background.
        sample: index of the test image whose feature maps these are.
        anatomy: by experiment, what ``activations.describe`` found in its network; of the served seed.

    """

    test_images: Images
    sample: int
    anatomy: dict[str, dict[str, Any]]
