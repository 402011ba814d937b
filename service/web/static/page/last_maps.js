// Why a move breaks the answer: the last map before the dense layers, as the picture is and moved by one of its places,
// and what each network says before and after.

import { t } from "../text.js";
import { label, percent, titleOf } from "./answers.js";
import { byId, element } from "./dom.js";
import { isRunnable, run, runnable } from "./networks/running.js";
import { largest } from "./numbers.js";
import { mostOf, paintMap } from "./paint.js";
import { room, shift, toBatch, toShares } from "./pixels.js";

const USUAL = 4; // pixels: a place of the last map, for networks without maps

export async function follow({ pixels, network, kind }, last) {
  const here = isRunnable(network) ? await run("look", network, { pixels: toShares(pixels) }) : null;
  const index = here?.layers.findLastIndex((layer) => layer.kind === "max_pooling") ?? -1;
  const step = index < 0 ? USUAL : here.layers.slice(0, index + 1).reduce((pixels, { size }) => pixels * (size || 1), 1);
  const ways = roomiest(pixels, step);
  const batch = toBatch([pixels, ...ways.map(({ move }) => shift(pixels, ...move))]);
  const answers = await Promise.all(runnable.map(({ name }) => run("classify", name, { pixels: batch, kind })));
  const changes = (way) => answers.filter(([before, ...after]) => largest(after[way]) !== largest(before)).length;
  const way = ways.reduce((most, _, at) => (changes(at) > changes(most) ? at : most), 0);
  const moved = index < 0 ? null : await run("look", network, { pixels: toShares(shift(pixels, ...ways[way].move)) });
  if (!last()) return;
  const values = { step, direction: ways[way].words };
  byId("last-said-heading").textContent =
    changes(way) && ways.length > 1
      ? t("What each network says of the picture, and of the picture moved {step} pixels {direction}, the move that changes most answers:", values)
      : t("What each network says of the picture, and of the picture moved {step} pixels {direction}:", values);
  byId("last-said").replaceChildren(...answers.map(([before, ...after], at) => said(runnable[at].name, before, after[way])));
  byId("last-maps").hidden = index < 0;
  if (index < 0) return;
  const [maps, movedMaps] = [here, moved].map(({ found }) => found[index + 1]);
  const channel = largest(maps.data) % maps.channels;
  const most = Math.max(mostOf(maps, channel), mostOf(movedMaps, channel)); // one scale, as it is one pattern
  paintMap(byId("last-map-here"), maps, channel, { most });
  paintMap(byId("last-map-moved"), movedMaps, channel, { most });
  byId("last-map-here-text").textContent = t("Last map {number}, {height}×{width} places", { number: channel + 1, ...maps });
  byId("last-map-moved-text").textContent = t("The picture moved {step} pixels {direction}", values);
}

/** A network's line: "Ankle boot, 93 % → Bag, 57 %". */
function said(name, ...answers) {
  const line = element("li");
  line.dataset.model = name;
  const [before, after] = answers.map((probabilities) => {
    const answer = largest(probabilities);
    return t("{label}, {percent}", { label: label(answer), percent: percent(probabilities[answer]) });
  });
  const isSame = largest(answers[0]) === largest(answers[1]);
  line.append(`${titleOf(name)}: ${before} → `, element(isSame ? "span" : "strong", after));
  return line;
}

/** The moves by `step` pixels that cut nothing off; where each does, the one for which the garment has the most room. */
function roomiest(pixels, step) {
  const { left, right, up, down } = room(pixels);
  const ways = [
    { space: right, move: [step, 0], words: t("to the right") },
    { space: left, move: [-step, 0], words: t("to the left") },
    { space: down, move: [0, step], words: t("downwards") },
    { space: up, move: [0, -step], words: t("upwards") },
  ];
  const whole = ways.filter(({ space }) => space >= step);
  return whole.length ? whole : [ways.reduce((best, way) => (way.space > best.space ? way : best))];
}
