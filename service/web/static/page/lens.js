// The convolution lens: any place of any feature map, and the numbers that made it.

import { t } from "../text.js";
import { byId, button, element } from "./dom.js";
import { order, paintChannels } from "./lens_channels.js";
import { paintPlace } from "./lens_place.js";
import { showSum } from "./lens_sums.js";
import { isRunnable, run } from "./networks/running.js";
import { within } from "./numbers.js";
import { mostOf } from "./paint.js";
import { toShares } from "./pixels.js";
import { arrow } from "./stage.js";

const PACE = 90; // milliseconds a place, while the kernel slides
const ROWS_BEFORE = 3; // from where it starts to slide, before the place that is looked at: there is something to see

// The place that is looked at. `found` holds the input and each layer's output; layer 0 makes found[1] of found[0].
const lens = { network: null, layers: null, found: null, ranks: null, pixels: null, layer: 0, channel: 0, row: 0, column: 0 };
let playing = 0;

export async function follow({ pixels, network }, last) {
  if (!isRunnable(network)) {
    byId("lens-body").hidden = true;
    return;
  }
  const asked = { pixels: toShares(pixels) };
  const [{ layers, found }, ranks] = await Promise.all([run("look", network, asked), run("contributions", network, asked)]);
  if (!last()) return;
  const isNew = lens.network !== network;
  Object.assign(lens, { network, layers, found, pixels, ranks: ranks.map(ranked) });
  const shown = layers.flatMap(({ kind }, index) => (kind === "dense" ? [] : [index]));
  byId("lens-body").hidden = !shown.length;
  byId("lens-none").hidden = shown.length > 0;
  byId("lens").dataset.model = network;
  if (!shown.length) return;
  if (isNew) {
    const layer = shown.includes(lens.layer) ? lens.layer : shown[0]; // the reader goes on looking at the same layer
    tabs(shown, layer);
    choose(layer);
  } else {
    paintChannels(lens, chooseChannel);
    look();
  }
}

/** Channels by what they contribute to the answer, the most first. */
const ranked = (contributions) => [...contributions.keys()].sort((one, other) => contributions[other] - contributions[one]);

// Layers

const names = (layers, index) => {
  const number = layers.slice(0, index + 1).filter(({ kind }) => kind === layers[index].kind).length;
  return layers[index].kind === "convolution" ? t("Convolution {number}", { number }) : t("Pooling {number}", { number });
};

function tabs(shown, chosen) {
  byId("lens-layers").replaceChildren(
    element("legend", t("Layer")),
    ...shown.map((index) => {
      const choice = element("label");
      const radio = element("input", "", { type: "radio", name: "lens-layer", value: index, checked: index === chosen });
      radio.addEventListener("change", () => choose(index));
      choice.append(radio, element("span", names(lens.layers, index)));
      return choice;
    }),
  );
}

function description(layer) {
  const [{ kind, kernel, size }, before, after] = [lens.layers[layer], lens.found[layer], lens.found[layer + 1]];
  const values = { maps: after.channels, height: after.height, width: after.width, inputs: before.channels, kernel: kernel[0], neighbours: size ** 2 };
  if (kind === "max_pooling") return t("Of each {neighbours} neighbours one is kept. The {maps} maps stay, with {height}×{width} places each.", values);
  return before.channels > 1
    ? t("{maps} kernels, so {maps} maps of {height}×{width} places. Each kernel has {kernel}×{kernel} numbers for every one of the {inputs} maps before, and adds up what they all give.", values)
    : t("{maps} kernels, so {maps} maps. A kernel of {kernel}×{kernel} numbers fits on the picture in {height}×{width} places.", values);
}

function choose(layer) {
  stop();
  // Pooling is looked at where the convolution was: the same channel, half the row and column.
  const isSame = lens.layers[layer].kind === "max_pooling" && layer === lens.layer + 1;
  Object.assign(lens, { layer, channel: isSame ? lens.channel : clearest(layer) });
  named();
  Object.assign(lens, strongest(lens.found[layer + 1], lens.channel));
  byId("lens-layer").textContent = description(layer);
  paintChannels(lens, chooseChannel);
  look();
}

/** Of the maps that contribute most, the one with the largest value: where there is most to see. */
function clearest(layer) {
  const most = (channel) => mostOf(lens.found[layer + 1], channel);
  return order(lens, layer)
    .slice(0, 8)
    .reduce((best, channel) => (most(channel) > most(best) ? channel : best));
}

byId("show-pooling").addEventListener("click", () => {
  const radio = byId("lens-layers").querySelectorAll("input")[1];
  if (!radio) return;
  radio.checked = true;
  choose(Number(radio.value));
  byId("lens-layers").scrollIntoView({ block: "start" });
});

/** Where a map is brightest. */
function strongest({ width, channels, data }, channel) {
  let best = 0;
  for (let place = 0; place * channels < data.length; place++) {
    if (data[place * channels + channel] > data[best * channels + channel]) best = place;
  }
  return { row: Math.floor(best / width), column: best % width };
}

function chooseChannel(channel) {
  lens.channel = channel;
  look();
}

// Places

function look() {
  paintPlace(lens, playing ? lens.row * lens.found[lens.layer + 1].width + lens.column : Infinity);
  showSum(lens, names(lens.layers, lens.layer));
}

function goTo(row, column) {
  const { height, width } = lens.found[lens.layer + 1];
  [lens.row, lens.column] = [within(row, 0, height - 1), within(column, 0, width - 1)];
  look();
}

const map = byId("lens-map");
map.addEventListener("keydown", (event) => {
  const step = arrow(event);
  if (!step) return;
  event.preventDefault();
  stop();
  goTo(lens.row + step[1], lens.column + step[0]);
});
for (const kind of ["pointerdown", "pointermove"]) {
  map.addEventListener(kind, (event) => {
    if (playing && kind === "pointermove") return;
    stop();
    const { left, top, width, height } = map.getBoundingClientRect();
    const maps = lens.found[lens.layer + 1];
    goTo(
      Math.floor(((event.clientY - top) / height) * maps.height),
      Math.floor(((event.clientX - left) / width) * maps.width),
    );
  });
}

// Sliding

const still = matchMedia("(prefers-reduced-motion: reduce)");
const play = button("", () => {
  if (playing) return stop();
  if (still.matches) return next();
  Object.assign(lens, { row: Math.max(lens.row - ROWS_BEFORE, 0), column: 0 });
  playing = setInterval(() => next() || stop(), PACE);
  named();
  look();
});
byId("lens-play").append(play);

/** Go one place on, row by row; false at the end. */
function next() {
  const { height, width } = lens.found[lens.layer + 1];
  const place = lens.row * width + lens.column + 1;
  if (place >= height * width) return false;
  goTo(Math.floor(place / width), place % width);
  return true;
}

function stop() {
  const was = playing;
  clearInterval(playing);
  playing = 0;
  named();
  if (was) look();
}

function named() {
  const slide = lens.layers?.[lens.layer].kind === "max_pooling" ? t("Play: slide the window") : t("Play: slide the kernel");
  play.textContent = playing ? t("Stop") : still.matches ? t("Next place") : slide;
}
still.addEventListener("change", stop);
named();
