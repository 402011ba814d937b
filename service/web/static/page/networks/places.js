// One place of a feature map: which numbers make its value, and which pixels those come from.

import { largest } from "../numbers.js";
import { SIZE } from "../pixels.js";

/**
 * A convolution's value at a place, term by term.
 *
 * Returns {terms: [{input, patch, kernel, products, sum}] by input map, total, bias, before, value}: patch × kernel =
 * products, row by row; their sums' total and the bias give what is `before` the ReLU, which gives the value.
 */
export function convolved({ kernel: [height, width, inputs, outputs], weights, bias, relu }, maps, row, column, channel) {
  const cells = Array.from({ length: height * width }, (_, cell) => [Math.floor(cell / width), cell % width]);
  const terms = Array.from({ length: inputs }, (_, input) => {
    const patch = cells.map(([y, x]) => maps.data[((row + y) * maps.width + column + x) * inputs + input]);
    const numbers = cells.map((_, cell) => weights[(cell * inputs + input) * outputs + channel]);
    const products = patch.map((value, cell) => value * numbers[cell]);
    return { input, patch, kernel: numbers, products, sum: sumOf(products) };
  });
  const total = sumOf(terms.map(({ sum }) => sum));
  const before = total + bias[channel];
  return { terms, total, bias: bias[channel], before, value: relu ? Math.max(before, 0) : before };
}

const sumOf = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Pooling's value at a place: {candidates, winner}, the values under its window row by row, and which is the largest. */
export function pooled({ size }, { width, channels, data }, row, column, channel) {
  const candidates = Array.from({ length: size * size }, (_, cell) => {
    const [y, x] = [row * size + Math.floor(cell / size), column * size + (cell % size)];
    return data[(y * width + x) * channels + channel];
  });
  return { candidates, winner: largest(candidates) };
}

/** The pixels that a place of layer number `index` sees: {top, left, height, width}. */
export function receptiveField(layers, index, row, column) {
  const field = { top: row, left: column, height: 1, width: 1 };
  for (const { kind, kernel, size } of layers.slice(0, index + 1).reverse()) {
    if (kind === "convolution") {
      field.height += kernel[0] - 1;
      field.width += kernel[1] - 1;
    } else {
      for (const side of ["top", "left", "height", "width"]) field[side] *= size;
    }
  }
  return field;
}

/** How many rows and columns of the picture ever reach the answer: {rows, columns}; pooling drops what is left over. */
export function reach(layers, found) {
  const index = layers.findLastIndex(({ kind }) => kind !== "dense");
  if (index < 0) return { rows: SIZE, columns: SIZE };
  const { height, width } = found[index + 1];
  const field = receptiveField(layers, index, height - 1, width - 1);
  return { rows: field.top + field.height, columns: field.left + field.width };
}
