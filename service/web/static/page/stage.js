// The stage: the 28×28 that the networks see, moved by dragging, by keys and by buttons.

import { t } from "../text.js";
import { byId } from "./dom.js";
import { within } from "./numbers.js";
import { paintPicture } from "./paint.js";
import { SIZE } from "./pixels.js";

const REACH = 12; // pixels the picture can be moved each way

const KEYS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** Arrow keys without a modifier → [right, down]; others → undefined. */
export const arrow = ({ key, ctrlKey, metaKey, altKey }) => (ctrlKey || metaKey || altKey ? undefined : KEYS[key]);

/** A move as far as it goes. */
export const reachable = (right, down) => [within(right, -REACH, REACH), within(down, -REACH, REACH)];

const pad = byId("pad");
let position = [0, 0];
let onMove = () => {};
let drawing = null; // {stroke(x, y, isStart), key(event)} while somebody draws

/** Tell the stage what to call with [right, down] when the picture is moved. */
export function whenMoved(call) {
  onMove = call;
}

/** While somebody draws, the pad takes strokes instead of moves. */
export function drawInstead(strokes) {
  drawing = strokes;
  document.body.classList.toggle("drawing", isDrawing());
  byId("drawing-tools").hidden = !isDrawing();
}

export const isDrawing = () => drawing !== null;

export function showPixels(pixels, [right, down]) {
  position = [right, down];
  paintPicture(byId("seen"), pixels);
  paintPicture(byId("strip-seen"), pixels);
  byId("moved").textContent = place(right, down);
}

function place(right, down) {
  if (!right && !down) return t("not moved");
  const across = right > 0 ? t("{pixels} right", { pixels: right }) : t("{pixels} left", { pixels: -right });
  const along = down > 0 ? t("{pixels} down", { pixels: down }) : t("{pixels} up", { pixels: -down });
  return t("moved {directions}", { directions: [right && across, down && along].filter(Boolean).join(", ") });
}

function moveTo(right, down) {
  const next = reachable(right, down);
  if (next[0] !== position[0] || next[1] !== position[1]) onMove(next);
}

pad.addEventListener("keydown", (event) => {
  if (drawing) return drawing.key(event);
  const step = arrow(event);
  if (event.key === "Home") moveTo(0, 0);
  else if (step) moveTo(position[0] + step[0], position[1] + step[1]);
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => {
    if (button.dataset.move === "home") return moveTo(0, 0);
    const [right, down] = button.dataset.move.split(",").map(Number);
    moveTo(position[0] + right, position[1] + down);
  });
}

pad.addEventListener("pointerdown", (event) => {
  pad.setPointerCapture(event.pointerId);
  const pixel = pad.clientWidth / SIZE;
  const corner = pad.getBoundingClientRect();
  const [startRight, startDown] = position;
  const stroke = ({ clientX, clientY }, isStart) =>
    drawing.stroke((clientX - corner.left) / pixel, (clientY - corner.top) / pixel, isStart);
  if (drawing) stroke(event, true);
  const follow = (moved) => {
    if (drawing) return stroke(moved, false);
    moveTo(
      startRight + Math.round((moved.clientX - event.clientX) / pixel),
      startDown + Math.round((moved.clientY - event.clientY) / pixel),
    );
  };
  pad.addEventListener("pointermove", follow);
  pad.addEventListener("lostpointercapture", () => pad.removeEventListener("pointermove", follow), { once: true });
});
