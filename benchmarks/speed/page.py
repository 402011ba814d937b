"""``python -m benchmarks.speed.page``: how quick and how heavy the page is, in Chromium on a phone's screen.

The processor of the page is slowed down four times where the table says so: a phone of the middle class, as Lighthouse
has it. That slows the page's own thread alone, so the networks run on it here, and not in their worker.
"""

import argparse
import shutil
from io import BytesIO
from statistics import median

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from benchmarks import records, tables
from benchmarks.speed.server import started

ROUNDS = 30
SLOWDOWN = 4

# The first answers, and what was loaded by then.
_FIRST = """
  addEventListener("DOMContentLoaded", () => {
    const answers = document.getElementById("answers");
    const seen = new MutationObserver(() => {
      if (answers.ariaBusy !== "false") return;
      seen.disconnect();
      const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
      const sum = (size) => loaded.reduce((total, entry) => total + entry[size], 0);
      window.first = { ms: performance.now(), sent: sum("encodedBodySize"), read: sum("decodedBodySize") };
    });
    seen.observe(answers, { attributes: true });
  });
"""
_BOX = """async (rounds) => {
  const box = document.getElementById("photo-box");
  const [classes] = document.getElementById("classes").tBodies;
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const answered = new Promise((resolve) => {
      const seen = new MutationObserver(() => resolve(seen.disconnect()));
      seen.observe(classes, { childList: true });
    });
    const key = round % 2 ? "ArrowLeft" : "ArrowRight";
    box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await answered;
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - began);
  }
  return times;
}"""
_PREDICTIONS = """async (rounds) => {
  const [{ parse }, { classify }, { served }] = await Promise.all(
    ["networks/file.js", "networks/tasks.js", "dom.js"].map((file) => import(`/static/page/${file}`)),
  );
  const times = {};
  for (const { name, file } of served.networks) {
    const network = parse(await (await fetch(file)).arrayBuffer());
    const pixels = Float32Array.from({ length: 784 }, () => Math.random());
    times[name] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      classify(network, { pixels, kind: null });
      times[name].push(performance.now() - began);
    }
  }
  return times;
}"""


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.speed.page", description=__doc__).parse_args()
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        raise SystemExit("needs Chromium: apt-get install chromium")
    about = records.about()
    with started() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        url = f"http://127.0.0.1:{server.port}/"

        def opened() -> Page:
            context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
            page = context.new_page()
            page.add_init_script(_FIRST)
            return page

        firsts = [_first(opened(), url) for _ in range(5)]
        content = {
            "first_bytes_sent": max(first["sent"] for first in firsts),
            "first_bytes_read": max(first["read"] for first in firsts),
            "first_answers_ms": median(first["ms"] for first in firsts),
            "box_ms": _box(opened(), url),
            "prediction_ms": _predictions(opened(), url),
        }
        browser.close()
    print("\n".join(tables.page(content)))
    records.write(records.PAGE, about, **content)


def _slowed(page: Page) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})


def _first(page: Page, url: str) -> dict[str, float]:
    _slowed(page)
    page.goto(url)
    first: dict[str, float] = page.wait_for_function("() => window.first").json_value()
    page.context.close()
    return first


def _box(page: Page, url: str) -> dict[str, float]:
    """Milliseconds from a move of the photo's box to the answers on the screen."""
    page.goto(url)
    page.wait_for_function("() => window.first")
    photo = {"name": "shirt.jpg", "mimeType": "image/jpeg", "buffer": _photo()}
    page.locator("#file").set_input_files(photo)  # type: ignore[arg-type]
    page.locator("#photo-box").wait_for()
    times = sorted(page.evaluate(_BOX, ROUNDS))
    page.context.close()
    return {"median": median(times), "slowest": times[-1]}


def _predictions(page: Page, url: str) -> dict[str, float]:
    """Milliseconds of one prediction, by network."""
    page.goto(url)
    page.wait_for_function("() => window.first")
    page.wait_for_load_state("networkidle")
    _slowed(page)
    times: dict[str, list[float]] = page.evaluate(_PREDICTIONS, ROUNDS)
    page.context.close()
    return {name: median(of_one) for name, of_one in times.items()}


def _photo() -> bytes:
    """Give a photograph of twelve megapixels: a dark shirt before a wall."""
    picture = Image.new("RGB", (4000, 3000), (200, 196, 190))
    shirt = [(0.3, 0.2), (0.7, 0.2), (0.8, 0.45), (0.65, 0.45), (0.65, 0.8), (0.35, 0.8), (0.35, 0.45), (0.2, 0.45)]
    ImageDraw.Draw(picture).polygon([(x * 4000, y * 3000) for x, y in shirt], fill=(20, 20, 60))
    written = BytesIO()
    picture.save(written, "JPEG", quality=90)
    return written.getvalue()


if __name__ == "__main__":
    main()
