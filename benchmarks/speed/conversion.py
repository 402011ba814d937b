"""``python -m benchmarks.speed.conversion``: from the file of a phone's picture to the pixels that models see.

Draws pictures of 12 megapixels, as phones take them, and converts each as ``POST /predict`` does, in this process, on
one core. Prints a Markdown table of processor time: the fastest and the median of many rounds.
"""

import os
import time
from collections.abc import Callable
from io import BytesIO
from statistics import median

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from service.inputs.preprocessing import Adjustment, ModelInput, preprocess_sync

_WIDTH, _HEIGHT = 4032, 3024
_ROUNDS = 40


def main() -> None:
    """Measure and print."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    photograph, product = _picture(grain=30), _picture(grain=0)
    box = Adjustment((1500, 900, 2500, 2100), 90)
    cases: dict[str, Callable[[], ModelInput]] = {
        "a photograph, shown whole": lambda: preprocess_sync(photograph, "photo", 10**8),
        "a garment before an even background, cut out": lambda: preprocess_sync(product, "photo", 10**8),
        "a box of the photograph, turned": lambda: preprocess_sync(photograph, "photo", 10**8, box),
    }
    print(f"JPEGs of {_WIDTH}×{_HEIGHT} pixels, processor time on one core, {_ROUNDS} rounds.\n")
    print("| Picture | fastest | median |\n| --- | ---: | ---: |")
    for name, convert in cases.items():
        times = [_time(convert) for _ in range(_ROUNDS)]
        print(f"| {name} | {min(times):.1f} ms | {median(times):.1f} ms |")


def _picture(*, grain: int) -> bytes:
    """Draw a dark garment on a light floor with a pattern as strong as ``grain``, of 255."""
    noise = np.random.default_rng(0).integers(-grain, grain + 1, (_HEIGHT // 12, _WIDTH // 12, 3))
    floor = Image.fromarray((200 + noise).astype(np.uint8)).resize((_WIDTH, _HEIGHT)).filter(ImageFilter.BoxBlur(3))
    ImageDraw.Draw(floor).rounded_rectangle((1600, 1000, 2400, 2000), 100, fill=(40, 50, 90))
    content = BytesIO()
    floor.save(content, "JPEG", quality=90)
    return content.getvalue()


def _time(convert: Callable[[], ModelInput]) -> float:
    began = time.process_time()
    convert()
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
