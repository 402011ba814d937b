// The page: a picture goes in, and every panel follows it.

import { Latest, Problem, explain } from "./api.js";
import { byId } from "./dom.js";
import { drawPicture } from "./drawing.js";
import { answer, holds, why } from "./panels.js";
import { SIZE, decode, shift } from "./pixels.js";

const REACH = 12; // pixels the picture can be moved
const SETTLED = 200; // milliseconds without a move, before the slower panels follow

const chosen = () => document.querySelector("input[name=explained]:checked").value;

// What is shown: the pixels as the service converted them, and how far they were moved since.
const state = { pixels: null, photograph: null, right: 0, down: 0, picture: 0 };
const answering = new Latest();
const explaining = new Latest();
const holding = new Latest();
let settling = 0;

// Choosing

byId("file").addEventListener("change", choose);
byId("camera").addEventListener("change", choose);
for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", async () => {
    await guarded(async () => show(await sample(button.dataset.sample), button));
  });
}
document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
document.addEventListener("dragleave", () => byId("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  take(event, event.dataTransfer);
});

function choose({ target }) {
  if (target.files.length) guarded(() => show(target.files[0]));
  target.value = ""; // so that the same file can be chosen again
}

function take(event, transfer) {
  if (transfer?.files.length) guarded(() => show(transfer.files[0]));
}

async function sample(address) {
  try {
    return await (await fetch(address)).blob();
  } catch {
    throw new Problem("The service cannot be reached. See that it is running, then try again.");
  }
}

function mark(button) {
  for (const other of document.querySelectorAll("[data-sample]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
}

/** Show a picture file: convert it once, by the service, and go on with the 28×28 pixels it saw. */
async function show(blob, button = null) {
  const picture = ++state.picture;
  busy(true);
  document.body.classList.add("stale"); // until there are answers to this picture
  let explanation;
  try {
    explanation = await explain(blob, { model: chosen() });
  } catch (error) {
    // What was there before is still shown, and can be moved.
    if (picture === state.picture && state.pixels) document.body.classList.remove("stale");
    throw error;
  }
  if (picture !== state.picture) return; // another one was chosen meanwhile
  mark(button);
  document.body.classList.remove("stale");
  const photograph = explanation.preprocess.mode === "photo" ? blob : null;
  Object.assign(state, { pixels: decode(explanation.input.data), photograph, right: 0, down: 0 });
  const scale = explanation.input.scale * 255;
  state.pixels = state.pixels.map((byte) => Math.round(byte * scale));
  byId("done").textContent = conversion(explanation.preprocess);
  moved();
}

function conversion({ mode, inverted, box }) {
  if (mode === "dataset") return "A picture of the dataset's own kind: taken as it is.";
  const part = box ? ` cut to the garment (from ${box[0]}, ${box[1]} to ${box[2]}, ${box[3]})` : "";
  return `Converted as the dataset was: made grey,${part}, scaled to 28 pixels, centred${inverted ? ", light and dark swapped" : ""}.`;
}

// Moving

const pad = byId("pad");
const keys = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
pad.addEventListener("keydown", (event) => {
  if (event.key === "Home") move(-state.right, -state.down);
  else if (event.key in keys && !event.ctrlKey && !event.metaKey && !event.altKey) move(...keys[event.key]);
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => {
    if (button.dataset.move === "home") move(-state.right, -state.down);
    else move(...button.dataset.move.split(",").map(Number));
  });
}
pad.addEventListener("pointerdown", (event) => {
  const start = { x: event.clientX, y: event.clientY, right: state.right, down: state.down };
  const pixel = pad.clientWidth / SIZE;
  const drag = ({ clientX, clientY }) =>
    move(
      start.right + Math.round((clientX - start.x) / pixel) - state.right,
      start.down + Math.round((clientY - start.y) / pixel) - state.down,
    );
  pad.setPointerCapture(event.pointerId);
  pad.addEventListener("pointermove", drag);
  pad.addEventListener("lostpointercapture", () => pad.removeEventListener("pointermove", drag), { once: true });
});

function move(right, down) {
  if (!state.pixels) return;
  const within = (value) => Math.min(Math.max(value, -REACH), REACH);
  const [before, above] = [state.right, state.down];
  [state.right, state.down] = [within(state.right + right), within(state.down + down)];
  if (before !== state.right || above !== state.down) moved();
}

/** Follow the picture: the answers at once, what takes longer when it has come to rest. */
function moved() {
  const pixels = shift(state.pixels, state.right, state.down);
  drawPicture(byId("seen"), pixels);
  byId("moved").textContent = place(state.right, state.down);
  const shown = { photograph: state.photograph, moved: state.right !== 0 || state.down !== 0 };
  answering.run((last) => guarded(() => answer(pixels, last, shown)));
  clearTimeout(settling);
  settling = setTimeout(settle, SETTLED, pixels);
}

function settle(pixels) {
  explained(pixels);
  holding.run((last) => guarded(() => holds(pixels, last)));
}

byId("explained").addEventListener("change", () => {
  if (!state.pixels) return;
  explained(shift(state.pixels, state.right, state.down));
});

function explained(pixels) {
  explaining.run((last) => guarded(() => why(pixels, chosen(), last)));
}

function place(right, down) {
  const parts = [];
  if (right) parts.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  if (down) parts.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  return parts.length ? `moved ${parts.join(", ")}` : "not moved";
}

// Errors, loading, offline

function busy(is) {
  for (const id of ["answers", "why", "holds"]) byId(id).setAttribute("aria-busy", String(is));
}

async function guarded(work) {
  byId("error").hidden = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    byId("error").textContent = error.message;
    byId("error").hidden = false;
    byId("error").scrollIntoView({ block: "nearest" });
    busy(false);
  }
}

addEventListener("online", () => state.pixels && moved());
document.querySelector(".samples li:last-child button")?.click();
