// Painting on canvases, in the theme's colours. Colours are told apart by the colour-blind too, and by their lightness.

import { within } from "./numbers.js";
import { SIZE } from "./pixels.js";

// Feature maps, from nothing to the strongest: black, blue, white.
const SHADES = [[11, 22, 34], [0, 90, 145], [86, 180, 233], [255, 255, 255]];
const DROPS = [230, 97, 1];
const RISES = [86, 180, 233];

export const mix = (one, other, share) => one.map((value, index) => value + (other[index] - value) * share);

const LEVELS = Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (SHADES.length - 1);
  const below = Math.min(Math.floor(at), SHADES.length - 2);
  return mix(SHADES[below], SHADES[below + 1], at - below);
});
const shade = (share) => LEVELS[Math.round(within(share, 0, 1) * 255)];

/** A colour of the style sheet, as [red, green, blue]: `--paper`, or that of the element's network, `--network`. */
export function themed(name, target = document.documentElement) {
  const hex = getComputedStyle(target).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** Calls `redraw` when the reader's theme changes. */
export function onTheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

/** Fill a canvas pixel by pixel with [red, green, blue] of each index. */
export function paint(canvas, width, height, colour) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const shades = new Uint32Array(image.data.buffer);
  for (let index = 0; index < width * height; index++) {
    const [red, green, blue] = colour(index);
    shades[index] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

export function paintPicture(canvas, pixels) {
  paint(canvas, SIZE, SIZE, (index) => [pixels[index], pixels[index], pixels[index]]);
}

/** A dimmed picture, tinted where hiding it changes the answer, relative to the largest change. */
export function paintOcclusion(canvas, pixels, drop, stride) {
  const largest = Math.max(...drop.flat().map(Math.abs), 0.05);
  paint(canvas, SIZE, SIZE, (index) => {
    const grey = (pixels[index] * 150) / 255;
    const share = drop[Math.floor(index / SIZE / stride)][Math.floor((index % SIZE) / stride)] / largest;
    return mix([grey, grey, grey], share > 0 ? DROPS : RISES, 0.85 * Math.abs(share));
  });
}

const valuesOf = ({ height, width, channels, data }, channel) =>
  Array.from({ length: height * width }, (_, place) => data[place * channels + channel]);

/** The largest value of one channel of maps. */
export const mostOf = (maps, channel) => Math.max(...valuesOf(maps, channel));

/** One channel of maps, from 0 to `most`, its own if none is given; places after `until` are not yet, and dimmed. */
export function paintMap(canvas, maps, channel, { most, until = Infinity } = {}) {
  const values = valuesOf(maps, channel);
  const whole = Math.max(most ?? Math.max(...values), 1e-6);
  paint(canvas, maps.width, maps.height, (place) => {
    const colour = shade(values[place] / whole);
    return place <= until ? colour : mix(colour, [128, 128, 128], 0.75);
  });
}
