"""What comes too late: nothing is shown of a picture that the reader has left, neither its answer nor its failure."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import answered, drawing_begun, on_one_screen, says
from tests.browser.test_photo import drop, shop_picture, snapshot

pytestmark = on_one_screen

# Questions to the workers wait until RELEASE, which then waits for answers to later ones: so the page has all before.
HOLD_WORKERS = """() => {
  const { postMessage } = Worker.prototype;
  globalThis.tasks = [];
  Worker.prototype.postMessage = function (...sent) { tasks.push(() => postMessage.apply(this, sent)); };
  globalThis.release = () => {
    Worker.prototype.postMessage = postMessage;
    for (const send of tasks.splice(0)) send();
  };
}"""
RELEASE = """async () => {
  const { ask } = await import("/static/page/networks/client.js");
  const { served } = await import("/static/page/dom.js");
  const asked = { pixels: new Float32Array(784), kind: "dataset" };
  release();
  await Promise.all(served.networks.map(({ file }) => ask("classify", file, asked, { urgent: true })));
}"""
# Each question to the service waits in `held` until it is called, perhaps with a response of its own.
HOLD_SERVICE = """() => {
  const { fetch } = globalThis;
  globalThis.held = [];
  globalThis.fetch = (address, options) => String(address).includes("/compare")
    ? new Promise((resolve) => held.push((response) => resolve(response ?? fetch(address, options))))
    : fetch(address, options);
}"""
REFUSED = 'Response.json({ detail: "not now" }, { status: 503 })'
# The worker that scales photos down gives its second answer only after its third.
SECOND_AFTER_THIRD = """
const post = globalThis.postMessage.bind(globalThis);
const late = [];
let given = 0;
globalThis.postMessage = (...answer) => {
  if (++given === 2) return late.push(answer);
  post(...answer);
  if (given === 3) post(...late[0]);
};
"""


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def cnn_a(page: Page) -> Locator:
    return page.locator('.network[data-model="cnn_a"] .says')


def start_drawing(page: Page) -> None:
    button(page, "Draw").click()
    drawing_begun(page)


def dot(page: Page) -> None:
    page.locator("#pad").click()


def draw_a_dot(page: Page) -> None:
    start_drawing(page)
    dot(page)
    button(page, "Done").click()


def wipe(page: Page) -> None:
    page.locator(".tools label", has_text="Eraser").click()
    dot(page)


def wait_for_questions(page: Page, count: int) -> None:
    page.wait_for_function("(count) => held.length === count", arg=count)


EMPTIED: dict[str, Callable[[Page], None]] = {
    "cleared": lambda page: button(page, "Clear").click(),
    "wiped away": wipe,
    "begun anew": lambda page: button(page, "Draw").click(),
}


@pytest.mark.parametrize("empty", EMPTIED.values(), ids=EMPTIED)
def test_an_empty_drawing_stays_unanswered(page: Page, empty: Callable[[Page], None]) -> None:
    start_drawing(page)
    page.evaluate(HOLD_WORKERS)
    for _ in range(2):  # the second waits until the first is answered
        dot(page)
    empty(page)
    page.evaluate(RELEASE)
    expect(cnn_a(page)).to_have_text("–")
    page.locator('.network[data-model="cnn_b"]').click()
    page.evaluate(RELEASE)
    expect(cnn_a(page)).to_have_text("–")
    expect(page.locator("#strip-name")).to_contain_text("CNN B")


def test_a_new_drawing_is_not_given_the_answer_to_the_one_before(page: Page) -> None:
    page.evaluate(HOLD_SERVICE)
    draw_a_dot(page)
    wait_for_questions(page, 1)
    draw_a_dot(page)
    page.evaluate("held[0]()")
    wait_for_questions(page, 2)
    page.evaluate("held[1]()")
    expect(page.locator("#worth")).to_contain_text("drawings")


def test_what_is_wiped_away_is_not_read_out(page: Page) -> None:
    expect(page.locator("#spoken")).to_contain_text("Ankle boot")
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    button(page, "Bag").click()
    expect(cnn_a(page)).to_have_text("Bag")
    start_drawing(page)
    page.clock.run_for(1_000)
    expect(page.locator("#spoken")).to_be_empty()
    page.clock.resume()


@pytest.mark.parametrize("late", ["", REFUSED], ids=["answer", "refusal"])
def test_nothing_late_is_shown_beside_another_picture(page: Page, late: str) -> None:
    page.evaluate(HOLD_SERVICE)
    button(page, "Bag").click()
    wait_for_questions(page, 1)
    button(page, "Dress").click()
    expect(button(page, "Dress")).to_have_attribute("aria-pressed", "true")
    page.evaluate(f"held[0]({late})")
    wait_for_questions(page, 2)
    assert says(page, "cnn_a") == "Ankle boot"
    page.evaluate("held[1]()")
    expect(cnn_a(page)).to_have_text("Dress")
    expect(page.locator("#error")).to_be_hidden()


def test_a_refused_picture_stands_beside_no_other_answer(page: Page) -> None:
    page.evaluate(HOLD_SERVICE)
    button(page, "Bag").click()
    wait_for_questions(page, 1)
    page.evaluate(f"held[0]({REFUSED})")
    expect(page.get_by_role("alert")).to_contain_text("The service is busy")
    expect(cnn_a(page)).to_have_text("–")


def test_a_photo_that_is_no_longer_wanted_says_nothing(page: Page) -> None:
    page.evaluate(HOLD_SERVICE)
    drop(page, "trousers.jpg", "image/jpeg", shop_picture())
    wait_for_questions(page, 1)
    expect(page.locator("#status")).to_have_text("Uploading…")
    button(page, "Bag").click()
    wait_for_questions(page, 2)
    page.evaluate("held[1]()")
    expect(cnn_a(page)).to_have_text("Bag")
    expect(page.locator("#status")).to_be_empty()
    # The page reads the refusal before the response that is made after it.
    page.evaluate(f"() => {{ held[0]({REFUSED}); return Response.json(null).json(); }}")
    expect(page.locator("#error")).to_be_hidden()


def test_drawing_does_not_begin_after_another_picture_was_chosen(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    held: list[Route] = []
    page.route("**/draw.js", lambda route: held.append(route))
    page.goto(url)
    answered(page)
    button(page, "Draw").click()
    button(page, "Bag").click()
    expect(cnn_a(page)).to_have_text("Bag")
    [module] = held
    module.continue_()
    page.evaluate("import('/static/page/draw.js').then(() => null)")
    expect(page.locator("#drawing-tools")).to_be_hidden()
    expect(button(page, "Bag")).to_have_attribute("aria-pressed", "true")


def test_the_lesson_misses_no_picture_that_is_chosen_while_it_is_filled(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.add_init_script(f"({HOLD_WORKERS})()")
    page.goto(url)
    page.wait_for_function("() => tasks.length > 0")  # the lens looks at the first picture
    button(page, "Bag").click()
    expect(page).to_have_url(re.compile("sample=bag"))
    page.evaluate(RELEASE)
    page.wait_for_function(
        """() => {
          const [seen, looked] = ["seen", "lens-picture"].map((id) => document.getElementById(id).toDataURL());
          return seen === looked;
        }"""
    )


def test_a_photo_that_is_turned_twice_lies_upside_down(context: BrowserContext, url: str) -> None:
    page = context.new_page()

    def reorder(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=SECOND_AFTER_THIRD + route.fetch().text())

    page.route("**/shrink.js", reorder)
    page.goto(url)
    answered(page)
    drop(page, "shirt.jpg", "image/jpeg", snapshot(1600, 1200))
    expect(page.locator("#photo")).to_be_visible()
    first = page.evaluate("document.getElementById('photo-seen').toDataURL()")
    for _ in range(2):
        button(page, "Turn").click()
    page.wait_for_function(
        """(first) => {
          const seen = document.getElementById("photo-seen");
          return seen.toDataURL() !== first && seen.width > seen.height;
        }""",
        arg=first,
    )
