// The panels that follow the picture: what each network says, why, and where the answer holds.

import { Problem, compare, explain } from "./api.js";
import { byId, element } from "./dom.js";
import { drawHolds, drawMaps, drawOcclusion } from "./drawing.js";
import { ask } from "./networks/client.js";
import { SIZE, shift, toBMP } from "./pixels.js";

const AROUND = 4; // pixels looked at each way in "where the answer holds"
const FAINT = 0.05; // a drop in probability that is not worth showing

const models = [...document.querySelectorAll("#answers th[data-model]")].map((cell) => ({
  name: cell.dataset.model,
  title: cell.querySelector("a").textContent,
  file: cell.dataset.file, // of its weights; none of a network that only the service can run
}));
const number = (share) => (share * 100).toFixed(share >= 0.9995 || (share >= 0.0995 && share < 0.995) ? 0 : 1);
const percent = (share) => `${number(share)}\u00a0%`;

// Answers

const PICTURES = { dataset: "validation pictures", photographs: "photographs by people it had not seen" };

/** What the pictures that an answer's reliability was counted on have in common with it. */
const ALIKE = {
  label: (label) => `when it said ${label} about this surely,`,
  confidence: () => "when it was about this sure of any label,",
  all: () => "whatever it said,",
};

/**
 * Ask every network. A photograph that was not moved is sent as the file it is, since its answers are averaged over
 * several views; of moved ones nothing was measured, and no figure is shown.
 */
export async function answer(pixels, last, { photograph = null, moved = false } = {}) {
  const asked = photograph && !moved ? compare(photograph, {}) : compare(toBMP(pixels), { preprocess: "dataset" });
  const { predictions } = await asked;
  const measured = !photograph || !moved;
  rows(predictions[0].predictions);
  const strange = predictions.filter((prediction) => measured && prediction.in_distribution === false);
  const reliable = [];
  for (const prediction of predictions) {
    const head = document.querySelector(`#answers th[data-model="${prediction.model}"]`);
    head.querySelector(".says").textContent =
      measured && prediction.decision === "unsure" ? `Unsure: ${prediction.label}?` : prediction.label;
    head.querySelector(".sure").textContent = percent(prediction.confidence);
    for (const { class_id, probability } of prediction.predictions) {
      const cell = document.querySelector(`#answers td[data-cell="${prediction.model} ${class_id}"]`);
      cell.style.setProperty("--share", probability.toFixed(4));
      cell.classList.toggle("top", class_id === prediction.class_id);
      cell.firstElementChild.textContent = number(probability);
    }
    const { reliability } = prediction;
    if (!measured || !reliability || prediction.in_distribution === false) continue; // counted on pictures of clothes
    const [low, high] = reliability.ci95.map(percent);
    reliable.push(
      `${titleOf(prediction.model)}: ${ALIKE[reliability.over](prediction.label)} it was right on ` +
        `${percent(reliability.accuracy)} of ${reliability.images.toLocaleString("en")} ${PICTURES[reliability.pictures]} (95 % interval ${low} to ${high}).`,
    );
  }
  byId("reliability").replaceChildren(...reliable.map((sentence) => element("li", sentence)));
  byId("unfamiliar").hidden = !strange.length;
  byId("unfamiliar").textContent = strange.length
    ? `Unlike what the networks learned from, say ${strange.map(({ model }) => titleOf(model)).join("; ")}: ` +
      "they name one of ten garments whatever they are shown, and their percentages do not hold here."
    : "";
  byId("answers").setAttribute("aria-busy", "false");
  if (last()) {
    byId("spoken").textContent = predictions
      .map(
        ({ model, label, confidence, decision }) =>
          `${titleOf(model)}: ${measured && decision === "unsure" ? "unsure, perhaps " : ""}${label}, ${percent(confidence)}`,
      )
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

// Why

export async function why(pixels, model, last) {
  const { label, occlusion, feature_maps } = await explain(toBMP(pixels), { model, preprocess: "dataset" });
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

async function classify(file, pixels) {
  try {
    return await ask("classify", file, { pixels, kind: "dataset" });
  } catch {
    throw new Problem("A network's weights cannot be fetched. See that the service is running, then move the picture.");
  }
}

export async function holds(pixels, last) {
  const edge = 2 * AROUND + 1;
  const batch = new Float32Array(edge * edge * SIZE * SIZE);
  for (let index = 0; index < edge * edge; index++) {
    const moved = shift(pixels, (index % edge) - AROUND, Math.floor(index / edge) - AROUND);
    batch.set(Array.from(moved, (byte) => byte / 255), index * SIZE * SIZE);
  }
  for (const { name, title, file } of models) {
    if (!file) continue;
    const predictions = await classify(file, batch);
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
