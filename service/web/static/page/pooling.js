// What pooling keeps of a piece of a map: the numbers before it and after it, as the picture is and moved by a pixel.

import { t } from "../text.js";
import { percent } from "./answers.js";
import { byId, element } from "./dom.js";
import { grid, number } from "./lens_sums.js";
import { pooled } from "./networks/places.js";
import { isRunnable, run } from "./networks/running.js";
import { shift, toShares } from "./pixels.js";

const WINDOWS = 2; // looked at each way
const FAINT = 0.1; // a value of a map that is next to none
const WRITTEN = 0.01; // the least change of a value that is written, with its two decimals

export async function follow({ pixels, network }, last) {
  const asked = (right) => run("look", network, { pixels: toShares(shift(pixels, right, 0)) });
  const [here, moved] = isRunnable(network) ? await Promise.all([asked(0), asked(1)]) : [];
  if (!last()) return;
  const layer = here?.layers.findIndex(({ kind }) => kind === "max_pooling") ?? -1;
  byId("pooling-body").hidden = layer < 0;
  if (layer < 0) return;
  const piece = clearest(here.layers[layer], here.found.slice(layer), moved.found.slice(layer));
  const [before, after] = [here, moved].map(({ found }) => windows(found[layer], here.layers[layer], piece));
  byId("pooling-here").replaceChildren(...written(before));
  byId("pooling-moved").replaceChildren(...written(after));
  byId("pooling-kept").textContent = t("Of these {all} numbers the move changed {changed}; of the {kept} that are kept, {keptChanged}. Over all {maps} maps of the picture, the move changed the numbers by {before} on average before the pooling, and by {after} after it.", {
    all: before.values.length,
    changed: changed(before.values, after.values),
    kept: before.kept.length,
    keptChanged: changed(before.kept, after.kept),
    maps: here.found[layer].channels,
    before: percent(change(here.found[layer].data, moved.found[layer].data)),
    after: percent(change(here.found[layer + 1].data, moved.found[layer + 1].data)),
  });
}

/** How many of the numbers are others, as they are written. */
const changed = (before, after) => before.filter((value, at) => number(value) !== number(after[at])).length;

/** The mean change of numbers, as a share of their mean. */
function change(before, after) {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return sum(before.map((value, at) => Math.abs(value - after[at]))) / sum(before);
}

/**
 * The piece of all maps in which pooling hides most of a move, and in which each window has found something: {channel,
 * row, column}, of its first window. `here` and `moved` are the maps before and after the pooling.
 */
function clearest({ size }, here, moved) {
  const { height, width, channels } = here[1];
  const share = (at, maps, other) => at.filter((index) => Math.abs(maps.data[index] - other.data[index]) >= WRITTEN).length / at.length;
  let best = { score: -Infinity };
  for (let row = 0; row + WINDOWS <= height; row++) {
    for (let column = 0; column + WINDOWS <= width; column++) {
      for (let channel = 0; channel < channels; channel++) {
        const kept = square(here[1], WINDOWS, row, column, channel);
        const isFaint = kept.some((index) => here[1].data[index] < FAINT || moved[1].data[index] < FAINT);
        const values = isFaint ? [] : square(here[0], WINDOWS * size, row * size, column * size, channel);
        const score = isFaint ? -1 : share(values, here[0], moved[0]) - share(kept, here[1], moved[1]);
        if (score > best.score) best = { score, channel, row, column };
      }
    }
  }
  return best;
}

/** Where the values of a square of one channel are in its maps' data. */
const square = ({ width, channels }, edge, top, left, channel) =>
  Array.from({ length: edge ** 2 }, (_, cell) => ((top + Math.floor(cell / edge)) * width + left + (cell % edge)) * channels + channel);

/** {values, winners, kept, edge}: the piece's numbers row by row, where the largest of each window are, and what they are. */
function windows(maps, layer, { channel, row, column }) {
  const edge = WINDOWS * layer.size;
  const places = Array.from({ length: WINDOWS ** 2 }, (_, index) => [Math.floor(index / WINDOWS), index % WINDOWS]);
  const found = places.map(([down, right]) => pooled(layer, maps, row + down, column + right, channel));
  const values = new Array(edge ** 2);
  const winners = found.map(({ candidates, winner }, index) => {
    const cell = (at) => (places[index][0] * layer.size + Math.floor(at / layer.size)) * edge + places[index][1] * layer.size + (at % layer.size);
    candidates.forEach((value, at) => (values[cell(at)] = value));
    return cell(winner);
  });
  return { values, winners, kept: found.map(({ candidates, winner }) => candidates[winner]), edge };
}

function written({ values, winners, kept, edge }) {
  const before = grid(t("In the map"), values, edge, "grey");
  winners.forEach((cell) => before.querySelectorAll("td")[cell].classList.add("winner"));
  return [before, element("span", "→"), grid(t("What pooling keeps"), kept, WINDOWS, "grey")];
}
