// What the page draws on its canvases. Colours are told apart by the colour-blind too, and by their lightness.

import { SIZE, decode, paint } from "./pixels.js";

const SHADES = [[11, 22, 34], [0, 90, 145], [86, 180, 233], [255, 255, 255]];
const DROPS = [230, 97, 1];
const RISES = [86, 180, 233];

const mix = (one, other, share) => one.map((value, index) => value + (other[index] - value) * share);

function shade(share) {
  const at = Math.min(Math.max(share, 0), 1) * (SHADES.length - 1);
  const below = Math.min(Math.floor(at), SHADES.length - 2);
  return mix(SHADES[below], SHADES[below + 1], at - below);
}

export function drawPicture(canvas, pixels) {
  paint(canvas, SIZE, SIZE, (index) => [pixels[index], pixels[index], pixels[index]]);
}

/** A dimmed picture, tinted where hiding it changes the answer, relative to the largest change. */
export function drawOcclusion(canvas, pixels, { drop, stride }) {
  const largest = Math.max(...drop.flat().map(Math.abs), 0.05);
  paint(canvas, SIZE, SIZE, (index) => {
    const grey = (pixels[index] * 150) / 255;
    const share = drop[Math.floor(index / SIZE / stride)][Math.floor((index % SIZE) / stride)] / largest;
    return mix([grey, grey, grey], share > 0 ? DROPS : RISES, 0.85 * Math.abs(share));
  });
}

/** All maps of a layer in one grid, a pixel of paper between them. */
export function drawMaps(canvas, { height, width, channels, data }) {
  const bytes = decode(data);
  const columns = 8;
  const [across, down] = [columns * (width + 1) - 1, Math.ceil(channels / columns) * (height + 1) - 1];
  const strongest = bytes.reduce((most, byte) => Math.max(most, byte), 1);
  paint(canvas, across, down, (index) => {
    const [row, column] = [Math.floor(index / across), index % across];
    const [y, x] = [row % (height + 1), column % (width + 1)];
    if (y === height || x === width) return [128, 136, 144];
    const channel = Math.floor(row / (height + 1)) * columns + Math.floor(column / (width + 1));
    return channel < channels ? shade(bytes[(channel * height + y) * width + x] / strongest) : [128, 136, 144];
  });
}

/** A square a place: how probable the answer stays there, and a dot where another one is given. */
export function drawHolds(canvas, probabilities, changed) {
  const edge = Math.sqrt(probabilities.length);
  const square = 24;
  canvas.width = canvas.height = edge * square;
  const context = canvas.getContext("2d");
  probabilities.forEach((probability, index) => {
    const [x, y] = [(index % edge) * square, Math.floor(index / edge) * square];
    context.fillStyle = `rgb(${mix([238, 242, 246], [0, 90, 145], probability).join(" ")})`;
    context.fillRect(x, y, square - 1, square - 1);
    if (!changed[index]) return;
    context.fillStyle = "rgb(178 60 0)";
    context.beginPath();
    context.arc(x + square / 2, y + square / 2, 4, 0, 2 * Math.PI);
    context.fill();
  });
  const middle = ((edge - 1) / 2) * square;
  context.strokeStyle = "rgb(27 31 36)";
  context.lineWidth = 2;
  context.strokeRect(middle, middle, square - 1, square - 1);
}
