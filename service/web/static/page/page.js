// The page: a picture goes in, and every panel follows it.

import { Latest, Problem, classify, compare, explain } from "./api.js";
import { drawHolds, drawMaps, drawOcclusion, drawPicture } from "./drawing.js";
import { SIZE, decode, shift, toPNG } from "./pixels.js";

const REACH = 12; // pixels the picture can be moved
const AROUND = 4; // pixels looked at each way in "where the answer holds"
const FAINT = 0.05; // a drop in probability that is not worth showing
const SETTLED = 200; // milliseconds without a move, before the slower panels follow

const byId = (id) => document.getElementById(id);
const models = [...document.querySelectorAll("#answers th[data-model]")].map((cell) => ({
  name: cell.dataset.model,
  title: cell.querySelector("a").textContent,
}));
const chosen = () => document.querySelector("input[name=explained]:checked").value;
const number = (share) => (share * 100).toFixed(share === 1 || (share >= 0.0995 && share < 0.995) ? 0 : 1);
const percent = (share) => `${number(share)}\u00a0%`;

// What is shown: the pixels as the service converted them, and how far they were moved since.
const state = { pixels: null, right: 0, down: 0, picture: 0 };
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
  const explanation = await explain(blob, { model: chosen() });
  if (picture !== state.picture) return; // another one was chosen meanwhile
  mark(button);
  document.body.classList.remove("stale");
  Object.assign(state, { pixels: decode(explanation.input.data), right: 0, down: 0 });
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
  answering.run((last) => guarded(() => answer(pixels, last)));
  clearTimeout(settling);
  settling = setTimeout(settle, SETTLED, pixels);
}

function settle(pixels) {
  explaining.run((last) => guarded(() => why(pixels, last)));
  holding.run((last) => guarded(() => holds(pixels, last)));
}

function place(right, down) {
  const parts = [];
  if (right) parts.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  if (down) parts.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  return parts.length ? `moved ${parts.join(", ")}` : "not moved";
}

// Answers

/** What the pictures that an answer's reliability was counted on have in common with it. */
const ALIKE = {
  label: (label) => `when it said ${label} about this surely,`,
  confidence: () => "when it was about this sure of any label,",
  all: () => "whatever it said,",
};

async function answer(pixels, last) {
  const { predictions } = await compare(await toPNG(pixels), { preprocess: "dataset" });
  rows(predictions[0].predictions);
  const strange = predictions.filter((prediction) => prediction.in_distribution === false);
  const reliable = [];
  for (const prediction of predictions) {
    const head = document.querySelector(`#answers th[data-model="${prediction.model}"]`);
    head.querySelector(".says").textContent = prediction.label;
    head.querySelector(".sure").textContent = percent(prediction.confidence);
    for (const { class_id, probability } of prediction.predictions) {
      const cell = document.querySelector(`#answers td[data-cell="${prediction.model} ${class_id}"]`);
      cell.style.setProperty("--share", probability.toFixed(4));
      cell.classList.toggle("top", class_id === prediction.class_id);
      cell.firstElementChild.textContent = number(probability);
    }
    const { reliability } = prediction;
    if (!reliability) continue;
    const [low, high] = reliability.ci95.map(percent);
    reliable.push(
      `${titleOf(prediction.model)}: ${ALIKE[reliability.over](prediction.label)} it was right on ` +
        `${percent(reliability.accuracy)} of ${reliability.images.toLocaleString("en")} validation pictures (95 % interval ${low} to ${high}).`,
    );
  }
  byId("reliability").replaceChildren(...reliable.map((sentence) => element("li", sentence)));
  byId("unfamiliar").hidden = !strange.length;
  byId("unfamiliar").textContent = strange.length
    ? `Unlike what the networks learned from, say ${strange.map(({ model }) => titleOf(model)).join(", ")}: ` +
      "they name one of ten garments whatever they are shown, and their percentages do not hold here."
    : "";
  byId("answers").setAttribute("aria-busy", "false");
  if (last()) {
    byId("spoken").textContent = predictions
      .map(({ model, label, confidence }) => `${titleOf(model)}: ${label}, ${percent(confidence)}`)
      .join(". ");
  }
}

const titleOf = (name) => models.find((model) => model.name === name)?.title ?? name;

/** The table's rows, in class order, so that only the bars move. */
function rows(predictions) {
  const body = document.querySelector("#answers tbody");
  if (body.rows.length) return;
  for (const { label, class_id } of predictions.toSorted((one, other) => one.class_id - other.class_id)) {
    const row = element("tr");
    const head = element("th", label);
    head.scope = "row";
    row.append(head);
    for (const { name } of models) {
      const cell = element("td");
      cell.dataset.cell = `${name} ${class_id}`;
      cell.append(element("span"));
      row.append(cell);
    }
    body.append(row);
  }
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

// Why

byId("explained").addEventListener("change", () => {
  if (!state.pixels) return;
  const pixels = shift(state.pixels, state.right, state.down);
  explaining.run((last) => guarded(() => why(pixels, last)));
});

async function why(pixels, last) {
  const model = chosen();
  const { label, occlusion, feature_maps } = await explain(await toPNG(pixels), { model, preprocess: "dataset" });
  if (!last()) return;
  drawOcclusion(byId("occlusion"), pixels, occlusion);
  const largest = Math.max(...occlusion.drop.flat());
  byId("occlusion-text").textContent =
    `A black patch of ${occlusion.patch}×${occlusion.patch} pixels hides one place after another. ` +
    (largest < FAINT
      ? `Wherever it lies, ${label} stays about as probable.`
      : `Orange: without it, ${label} is less probable, down from ${percent(occlusion.probability)} to ` +
        `${percent(Math.max(occlusion.probability - largest, 0))} at the strongest. Blue: more probable.`);
  byId("maps").replaceChildren(...(feature_maps.length ? feature_maps.map(mapsOf) : [noMaps()]));
  byId("why").setAttribute("aria-busy", "false");
}

const SEE = [
  "The first kernels find edges and surfaces: the garment is still there, drawn many ways.",
  "The second combine them: fewer pixels, each about a larger part, and most maps quiet.",
];

function mapsOf(maps, index) {
  const figure = element("figure");
  const canvas = element("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${maps.channels} feature maps of convolution ${index + 1}`);
  drawMaps(canvas, maps);
  const caption = element("figcaption");
  caption.append(
    element("strong", `Convolution ${index + 1}: ${maps.channels} maps of ${maps.height}×${maps.width}. `),
    `${SEE[index] ?? ""} Lighter: the kernel found its pattern there.`,
  );
  figure.append(canvas, caption);
  return figure;
}

const noMaps = () =>
  element("p", "No feature maps: this network connects every pixel to every unit at once, and keeps no picture of what it found where.");

// Where it holds

async function holds(pixels, last) {
  const edge = 2 * AROUND + 1;
  const batch = new Float32Array(edge * edge * SIZE * SIZE);
  for (let index = 0; index < edge * edge; index++) {
    const moved = shift(pixels, (index % edge) - AROUND, Math.floor(index / edge) - AROUND);
    batch.set(Array.from(moved, (byte) => byte / 255), index * SIZE * SIZE);
  }
  for (const { name, title } of models) {
    const predictions = await classify(name, batch);
    if (!last()) return;
    const labels = predictions.map((probabilities) => probabilities.indexOf(Math.max(...probabilities)));
    const here = labels[(labels.length - 1) / 2];
    const changed = labels.map((label) => label !== here);
    const same = changed.filter((other) => !other).length;
    const figure = document.querySelector(`#holds [data-model="${name}"]`);
    const canvas = figure.querySelector("canvas");
    drawHolds(canvas, predictions.map((probabilities) => probabilities[here]), changed);
    const sentence = `holds in ${same} of ${labels.length} places`;
    figure.querySelector("span").textContent = sentence;
    canvas.setAttribute("aria-label", `${title}: ${sentence}`);
  }
  byId("holds").setAttribute("aria-busy", "false");
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
