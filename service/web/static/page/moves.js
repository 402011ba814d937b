// The map of moves: which answer each network gives wherever the picture is moved, computed in the browser.

import { t } from "../text.js";
import { label, titleOf } from "./answers.js";
import { byId, element } from "./dom.js";
import { run, runnable } from "./networks/running.js";
import { largest } from "./numbers.js";
import { mix, onTheme, themed } from "./paint.js";
import { isCut, room, shift, toBatch } from "./pixels.js";

const AROUND = 4; // pixels looked at each way
const EDGE = 2 * AROUND + 1;
const SQUARE = 48; // pixels of the canvas
const GAP = 4; // of them, between squares
const MOVES = Array.from({ length: EDGE * EDGE }, (_, index) => [
  (index % EDGE) - AROUND,
  Math.floor(index / EDGE) - AROUND,
]);

const figures = new Map(runnable.map(({ name }) => [name, figure(name)]));
byId("moves").replaceChildren(...[...figures.values()].map(({ whole }) => whole));
onTheme(() => figures.forEach(({ redraw }) => redraw()));

function figure(name) {
  const title = titleOf(name);
  const whole = element("figure");
  whole.dataset.model = name;
  const canvas = element("canvas", "", { width: EDGE * SQUARE, height: EDGE * SQUARE, role: "img", ariaLabel: title });
  const caption = element("figcaption");
  const counted = element("span");
  caption.append(element("strong", title), counted);
  whole.append(canvas, caption);
  return { whole, canvas, counted, title, redraw: () => {} };
}

export async function follow({ pixels, kind, truth }, last) {
  const margin = room(pixels);
  const cut = MOVES.map((move) => isCut(margin, move));
  const batch = toBatch(MOVES.map((move) => shift(pixels, ...move)));
  byId("no-room").hidden = cut.filter((is) => !is).length > MOVES.length / 2;
  for (const [network, shown] of figures) {
    const found = await run("classify", network, { pixels: batch, kind });
    if (!last()) return;
    const name = truth ?? largest(found[(MOVES.length - 1) / 2]);
    const places = found.map((probabilities, index) => ({
      cut: cut[index],
      share: probabilities[name],
      other: largest(probabilities) !== name,
    }));
    const whole = places.filter((place) => !place.cut);
    const same = whole.filter((place) => !place.other).length;
    shown.counted.textContent = t("{label} in {same} of {places} places", { label: label(name), same, places: whole.length });
    shown.canvas.setAttribute("aria-label", `${shown.title}: ${shown.counted.textContent}`);
    shown.redraw = () => draw(shown.canvas, places);
    shown.redraw();
  }
  byId("moves").setAttribute("aria-busy", "false");
}

/** A square a place: how probable the name is there, a dot where another one is given; grey where the picture is cut. */
function draw(canvas, places) {
  const context = canvas.getContext("2d");
  const [paper, ink, line, full] = ["--tint", "--ink", "--line", "--network"].map((name) => themed(name, canvas));
  const css = (colour) => `rgb(${colour.join(" ")})`;
  context.clearRect(0, 0, canvas.width, canvas.height);
  places.forEach((place, index) => {
    const [x, y] = [(index % EDGE) * SQUARE, Math.floor(index / EDGE) * SQUARE];
    context.fillStyle = css(place.cut ? line : mix(paper, full, place.share));
    context.fillRect(x, y, SQUARE - GAP, SQUARE - GAP);
    if (place.cut || !place.other) return;
    context.fillStyle = css(ink);
    context.beginPath();
    context.arc(x + (SQUARE - GAP) / 2, y + (SQUARE - GAP) / 2, 8, 0, 2 * Math.PI);
    context.fill();
  });
  context.strokeStyle = css(ink);
  context.lineWidth = 5;
  context.strokeRect(AROUND * SQUARE, AROUND * SQUARE, SQUARE - GAP, SQUARE - GAP);
}
