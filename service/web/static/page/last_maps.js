// Why a move breaks the answer: the last map before the dense layers, as the picture is and moved by one of its places.

import { t } from "../text.js";
import { label, percent } from "./answers.js";
import { byId } from "./dom.js";
import { isRunnable, run } from "./networks/running.js";
import { largest } from "./numbers.js";
import { paintMap } from "./paint.js";
import { SIZE, room, shift, toShares } from "./pixels.js";

export async function follow({ pixels, network, kind }, last) {
  const here = isRunnable(network) ? await run("look", network, { pixels: toShares(pixels) }) : null;
  const index = here?.layers.findLastIndex((layer) => layer.kind === "max_pooling") ?? -1;
  if (!last()) return;
  byId("last-maps").hidden = index < 0;
  if (index < 0) return;
  const step = here.layers.slice(0, index + 1).reduce((pixels, { size }) => pixels * (size || 1), 1);
  const { move, words } = roomiest(pixels, step);
  const other = shift(pixels, ...move);
  const both = new Float32Array(2 * SIZE * SIZE);
  [pixels, other].forEach((picture, at) => both.set(toShares(picture), at * SIZE * SIZE));
  const [moved, answers] = await Promise.all([run("look", network, { pixels: toShares(other) }), run("classify", network, { pixels: both, kind })]);
  if (!last()) return;
  const maps = here.found[index + 1];
  const channel = largest(maps.data) % maps.channels;
  paintMap(byId("last-map-here"), maps, channel);
  paintMap(byId("last-map-moved"), moved.found[index + 1], channel);
  const [before, after] = answers.map((probabilities) => {
    const answer = largest(probabilities);
    return t("{label}, {percent}", { label: label(answer), percent: percent(probabilities[answer]) });
  });
  byId("last-map-here-text").textContent = t("Last map {number}, {height}×{width} places: {answer}", { number: channel + 1, ...maps, answer: before });
  byId("last-map-moved-text").textContent = t("The picture moved {step} pixels {direction}: {answer}", { step, direction: words, answer: after });
}

/** The move by `step` pixels for which the garment has the most room. */
function roomiest(pixels, step) {
  const { left, right, up, down } = room(pixels);
  const ways = [
    { space: right, move: [step, 0], words: t("to the right") },
    { space: left, move: [-step, 0], words: t("to the left") },
    { space: down, move: [0, step], words: t("downwards") },
    { space: up, move: [0, -step], words: t("upwards") },
  ];
  return ways.reduce((best, way) => (way.space > best.space ? way : best));
}
