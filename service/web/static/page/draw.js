// Drawing a garment: strokes on the pad become the 28×28 pixels themselves, and the networks answer as one draws.

import { t } from "../text.js";
import { byId } from "./dom.js";
import { within } from "./numbers.js";
import { SIZE } from "./pixels.js";
import { arrow, drawInstead } from "./stage.js";

/** Start an empty drawing; `show` is told the pixels after each stroke. */
export function draw(show) {
  const pixels = new Uint8Array(SIZE * SIZE);
  let source;
  let from = null;
  const cursor = { x: SIZE / 2, y: SIZE / 2 };
  const drawn = () => show(pixels.slice(), source);

  const start = () => {
    pixels.fill(0);
    source = { kind: "drawing" }; // another one: what is still computed for strokes before is no answer to it
    drawn();
  };

  const stroke = (x, y, isStart) => {
    if (isStart) from = null;
    line(pixels, from ?? { x, y }, { x, y }, tool());
    from = { x, y };
    drawn();
  };
  const key = (event) => {
    const step = arrow(event);
    if (event.key === "Escape") return finish();
    if (!step) return;
    cursor.x = within(cursor.x + step[0], 0.5, SIZE - 0.5);
    cursor.y = within(cursor.y + step[1], 0.5, SIZE - 0.5);
    if (!event.shiftKey) stroke(cursor.x, cursor.y, true);
    byId("status").textContent = t("Pen at column {column}, row {row}.", { column: Math.ceil(cursor.x), row: Math.ceil(cursor.y) });
    event.preventDefault();
  };
  const finish = () => {
    drawInstead(null);
    byId("status").textContent = "";
    drawn();
  };
  byId("clear").onclick = start;
  byId("done").onclick = finish;
  drawInstead({ stroke, key });
  start();
  byId("pad").focus({ preventScroll: true });
}

/** {radius in pixels, level of 255} of the chosen pen. */
function tool() {
  const [radius, level] = document.querySelector("input[name=pen]:checked").value.split(",").map(Number);
  return { radius, level };
}

/** Draw a line of round dots whose edges are soft, as a scaled-down photograph has them. */
function line(pixels, from, to, { radius, level }) {
  const steps = Math.max(Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * 2), 1);
  for (let step = 0; step <= steps; step++) {
    const [x, y] = [from.x + ((to.x - from.x) * step) / steps, from.y + ((to.y - from.y) * step) / steps];
    for (let row = Math.max(Math.floor(y - radius - 1), 0); row < Math.min(y + radius + 1, SIZE); row++) {
      for (let column = Math.max(Math.floor(x - radius - 1), 0); column < Math.min(x + radius + 1, SIZE); column++) {
        const covered = within(radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y), 0, 1);
        const at = row * SIZE + column;
        const blended = pixels[at] + (level - pixels[at]) * covered;
        pixels[at] = level ? Math.max(pixels[at], blended) : Math.min(pixels[at], blended);
      }
    }
  }
}
