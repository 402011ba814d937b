// What pooling keeps of a piece of a map: the numbers before it and after it, as the picture is and moved by a pixel.

import { t } from "../text.js";
import { byId, element } from "./dom.js";
import { grid, number } from "./lens_sums.js";
import { pooled } from "./networks/places.js";
import { isRunnable, run } from "./networks/running.js";
import { largest, within } from "./numbers.js";
import { shift, toShares } from "./pixels.js";

const WINDOWS = 2; // looked at each way

export async function follow({ pixels, network }, last) {
  const asked = (right) => run("look", network, { pixels: toShares(shift(pixels, right, 0)) });
  const [here, moved] = isRunnable(network) ? await Promise.all([asked(0), asked(1)]) : [];
  if (!last()) return;
  const layer = here?.layers.findIndex(({ kind }) => kind === "max_pooling") ?? -1;
  byId("pooling-body").hidden = layer < 0;
  if (layer < 0) return;
  const piece = strongest(here.found[layer], here.layers[layer].size);
  const [before, after] = [here, moved].map(({ found }) => windows(found[layer], here.layers[layer], piece));
  byId("pooling-here").replaceChildren(...written(before));
  byId("pooling-moved").replaceChildren(...written(after));
  const changed = (part) => before[part].filter((value, at) => number(value) !== number(after[part][at])).length;
  byId("pooling-kept").textContent = t("Of these {all} numbers the move changed {changed}; of the {kept} that are kept, {keptChanged}.", {
    all: before.values.length,
    changed: changed("values"),
    kept: before.kept.length,
    keptChanged: changed("kept"),
  });
}

/** The piece around the largest value of all maps: {channel, row, column}, of its first window. */
function strongest({ height, width, channels, data }, size) {
  const at = largest(data);
  const [row, column] = [Math.floor(at / channels / width), Math.floor(at / channels) % width];
  const first = (place, edge) => within(Math.floor(place / size), 0, Math.floor(edge / size) - WINDOWS);
  return { channel: at % channels, row: first(row, height), column: first(column, width) };
}

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
