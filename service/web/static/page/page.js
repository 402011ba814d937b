// The page: a picture goes in, and everything follows it.

import { t } from "../text.js";
import * as address from "./address.js";
import { clear, judged, show as showAnswers, speak } from "./answers.js";
import { Refusal, Unreachable, compare } from "./api.js";
import { byId, served } from "./dom.js";
import { Latest, ifWanted } from "./latest.js";
import * as lesson from "./lesson.js";
import { prepare as prepareWorkers } from "./networks/client.js";
import { run, runnable } from "./networks/running.js";
import { fromFile, isCut, room, shift, shrunk, toBMP, toShares } from "./pixels.js";
import { Sorry, notAPicture, sentence } from "./refusals.js";
import { drawInstead, isDrawing, reachable, showPixels, whenMoved } from "./stage.js";

const SETTLED = 200; // milliseconds without a move, before the slower panels follow
const REST = 1_000; // milliseconds after the first answer, before what the reader may do next is loaded
const SPOKEN = 800; // milliseconds without a new answer, before it is read out
const WITH_ROOM = 20; // pixels: the edge to which a sample is shrunk, so that it has room to move

// What is shown: the 28×28 before any move, where it comes from, how far it was moved, and what the service said of it.
const state = { pixels: null, source: null, moved: [0, 0], judgement: null };
const answering = new Latest();
let settling = 0;
let speaking = 0;
let preparing;
let choice = 0;

const chosen = () => document.querySelector("input[name=network]:checked").value;
const isMoved = () => state.moved[0] !== 0 || state.moved[1] !== 0;
const isDrawn = () => state.source?.kind === "drawing";
const isPhoto = () => state.source?.kind === "photo";
const isEmpty = () => !state.pixels?.some(Boolean); // nothing is drawn yet, or nothing is left of it

/** What the panels show: the pixels as they are now, how answers to them are calibrated, and the class of a sample. */
const view = () => ({
  pixels: shift(state.pixels, ...state.moved),
  kind: state.source.mode ?? "dataset",
  network: chosen(),
  truth: state.source.truth,
});

// Showing

/**
 * Show 28×28 pixels. `source` is {kind: "sample" | "photo" | "file" | "drawing", sample, truth, room, mode}; `judgement`
 * what the service has said of them already.
 */
function show(pixels, source, judgement = null, moved = [0, 0]) {
  Object.assign(state, { pixels, source, judgement, moved });
  document.body.classList.remove("stale");
  byId("error").hidden = true;
  if (!isDrawn()) drawInstead(null);
  byId("photo").hidden = !isPhoto();
  byId("pad-help").hidden = isPhoto() || isDrawn();
  byId("draw-help").hidden = !isDrawn();
  byId("shared-help").hidden = source.kind === "sample" || isDrawing(); // what is being drawn is not sent
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.setAttribute("aria-pressed", String(button.dataset.sample === source.sample));
  }
  follow();
}

/** Follow the picture: pixels and answers at once, what takes longer when it has come to rest. */
function follow() {
  showPixels(shift(state.pixels, ...state.moved), state.moved);
  byId("cut").hidden = !isMoved() || !isCut(room(state.pixels), state.moved);
  clearTimeout(settling);
  ask();
  if (isEmpty()) return;
  settling = setTimeout(() => {
    remember();
    lesson.follow(view, guarded);
  }, SETTLED);
}

/** Have the networks answer to what is shown. */
function ask() {
  clearTimeout(speaking);
  if (isEmpty()) clear({ chosen: chosen() });
  else answering.run(() => guarded(answer));
}

async function answer() {
  const { pixels, kind } = view();
  const { source } = state;
  const asked = { photograph: isPhoto(), moved: isMoved(), drawn: isDrawn() };
  // One that was moved or drawn on since is still the same: else no answer would come until the hand rests.
  const isShown = () => source === state.source && !isEmpty();
  // A drawing goes to the service when it is done.
  const asking = isMoved() || isDrawing() ? inBrowser(pixels, kind) : byService(pixels, kind);
  const answers = await ifWanted(asking, isShown).catch((error) => {
    clear({ chosen: chosen() }); // what stands there answers to the picture before
    throw error;
  });
  if (!answers) return;
  showAnswers(answers, { chosen: chosen(), ...asked });
  clearTimeout(speaking);
  speaking = setTimeout(speak, SPOKEN, answers);
  preparing ??= setTimeout(prepare, REST);
}

/** Load after the first answer what the reader may do next, so that it comes at once, and offline. */
function prepare() {
  for (const module of ["./photo.js", "./draw.js", "./camera.js", "./download.js"]) import(module).catch(() => {});
  prepareWorkers();
}

const inBrowser = (pixels, kind) =>
  Promise.all(
    runnable.map(async ({ name }) => {
      const [probabilities] = await run("classify", name, { pixels: toShares(pixels), kind }, { urgent: true });
      return { name, probabilities };
    }),
  );

/** The service's answers, with its judgement; the browser's where the service cannot be reached. */
async function byService(pixels, kind) {
  if (state.judgement) return state.judgement;
  try {
    const source = state.source;
    const answers = (await compare(toBMP(pixels), { preprocess: "dataset" })).map(judged);
    if (source === state.source) state.judgement = answers;
    return answers;
  } catch (error) {
    if (!(error instanceof Unreachable) || isPhoto()) throw error;
    return inBrowser(pixels, kind);
  }
}

// Choosing

/** Begin to show another picture: what was begun before comes too late. Returns whether no other was begun since. */
function begin(doing = "") {
  const mine = ++choice;
  busy(doing);
  document.body.classList.toggle("stale", Boolean(doing)); // until there are answers to this picture
  return () => mine === choice;
}

async function showSample(sample, { room: small = byId("room").checked, moved = [0, 0] } = {}) {
  const button = document.querySelector(`[data-sample="${CSS.escape(sample)}"]`);
  if (!button) return;
  const isCurrent = begin();
  const fetching = fetch(button.querySelector("img").src).then((answer) => answer.blob()).catch(() => {
    throw new Unreachable();
  });
  const pixels = await ifWanted(fetching.then(fromFile), isCurrent);
  const source = { kind: "sample", sample, truth: Number(button.dataset.class), room: small };
  if (pixels) show(small ? shrunk(pixels, WITH_ROOM) : pixels, source, null, moved);
}

/** Show a picture file: a photograph, or a picture of the dataset's own kind. */
async function showFile(file) {
  const isCurrent = begin(t("Uploading…"));
  byId("error").hidden = true;
  try {
    const photo = await import("./photo.js");
    await photo.open(file, { isCurrent, show, guarded });
  } catch (error) {
    const isShown = isCurrent() && state.pixels; // what was there before, and can be moved
    if (isShown) document.body.classList.remove("stale");
    if (!isExpected(error)) throw error;
    const said = [await sentence(error, file), isShown && t("Below is still the picture before it.")];
    if (isCurrent()) throw new Sorry(said.filter(Boolean).join(" "));
  } finally {
    if (isCurrent()) busy("");
  }
  if (isCurrent()) byId("stage").scrollIntoView({ block: "start" });
}

const busy = (text) => (byId("status").textContent = text);

for (const id of ["file", "camera"]) {
  byId(id).addEventListener("change", ({ target }) => {
    if (target.files.length) guarded(() => showFile(target.files[0]));
    target.value = ""; // so that the same file can be chosen again
  });
}
for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", () => guarded(() => showSample(button.dataset.sample)));
}
byId("room").addEventListener("change", () => {
  if (state.source?.sample) guarded(() => showSample(state.source.sample));
});

function take(event, transfer) {
  event.preventDefault();
  guarded(async () => {
    if (!transfer?.files.length) throw new Sorry(notAPicture());
    await showFile(transfer.files[0]);
  });
}
document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("dropping");
});
document.addEventListener("dragleave", () => byId("drop").classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  byId("drop").classList.remove("dropping");
  take(event, event.dataTransfer);
});

byId("draw").addEventListener("click", async () => {
  const isCurrent = begin();
  const { draw } = await import("./draw.js");
  if (isCurrent()) draw(show);
});
byId("webcam").addEventListener("click", () =>
  guarded(async () => {
    const { takePhoto } = await import("./camera.js");
    const file = await takePhoto();
    if (file) await showFile(file);
  }),
);

whenMoved((moved) => {
  if (!state.pixels) return;
  byId("error").hidden = true;
  state.moved = moved;
  follow();
});

// Another network

document.querySelector(".networks").addEventListener("change", () => {
  remember();
  if (!state.pixels) return;
  ask();
  lesson.follow(view, guarded);
});

// Sharing

function remember() {
  const { sample, room } = state.source ?? {};
  address.write({ sample, room, dx: state.moved[0], dy: state.moved[1], model: chosen() });
}

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    busy(t("The link is copied."));
  } catch {
    busy(t("Copy the address from the browser's address bar."));
  }
});
byId("download").addEventListener("click", () =>
  guarded(async () => {
    const { download } = await import("./download.js");
    await download(view());
  }),
);

// Errors

const isExpected = (error) => [Sorry, Unreachable, Refusal].some((kind) => error instanceof kind);

/** Run what may fail, and say so; the sentence stays until the reader does something else. */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    if (!isExpected(error)) throw error;
    byId("error").textContent = await sentence(error);
    byId("error").hidden = false;
    byId("error").scrollIntoView({ block: "nearest" });
    byId("answers").setAttribute("aria-busy", "false");
  }
}

// Opening

function open() {
  const { sample, room, dx, dy, model } = address.read();
  const radio = document.querySelector(`input[name=network][value="${CSS.escape(model ?? served.default)}"]`);
  if (radio) radio.checked = true;
  byId("room").checked = room;
  const first = document.querySelector(".samples li:last-child [data-sample]")?.dataset.sample;
  const known = sample && document.querySelector(`[data-sample="${CSS.escape(sample)}"]`);
  if (first) guarded(() => showSample(known ? sample : first, { room, moved: known ? reachable(dx, dy) : [0, 0] }));
}
addEventListener("hashchange", open);
addEventListener("online", () => state.pixels && follow());
open();
