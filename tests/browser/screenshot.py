"""``python -m tests.browser.screenshot URL``: the README's picture of the page at a started server."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "page.png"
CHROMIUM = "/usr/bin/chromium"


def main(url: str) -> None:
    """Choose the ankle boot, wait for every panel, and save what a window of 1280 pixels shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1380}, color_scheme="light")
        page.goto(url)
        page.locator("button:has(img)").last.click()
        page.wait_for_timeout(3_000)
        taken = page.screenshot(clip={"x": 110, "y": 0, "width": 1060, "height": 1380})
        browser.close()
    Image.open(BytesIO(taken)).convert("RGB").quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
