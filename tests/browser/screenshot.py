"""``python -m tests.browser.screenshot URL``: the README's picture of the page at a started server."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import answered

PICTURE = Path(__file__).parent / "page.png"
CHROMIUM = "/usr/bin/chromium"


def main(url: str) -> None:
    """Open the ankle boot, wait for the lens, and save what a window of 1280 pixels shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1660}, color_scheme="light")
        page.goto(url)
        expect(page.locator("#lens-value")).to_contain_text("Convolution 1")
        answered(page)
        taken = page.screenshot()
        browser.close()
    # Of the methods of a palette, this one keeps the networks' colours, of which there are few pixels.
    Image.open(BytesIO(taken)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
