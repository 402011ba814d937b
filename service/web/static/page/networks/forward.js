// The networks' arithmetic, as Keras defines it: valid convolution, ReLU, max pooling, dense, softmax.
//
// Maps are {height, width, channels, data}: a Float32Array row by row, the channels of a place side by side. Kernels lie
// as Keras has them: (height, width, inputs, outputs), or (inputs, outputs) of a dense layer.

import { SIZE } from "../pixels.js";

/** Run a picture of 784 numbers in 0…1 through layers; returns the input and every layer's output, logits last. */
export function forward(layers, pixels) {
  const found = [{ height: SIZE, width: SIZE, channels: 1, data: pixels }];
  for (const layer of layers) found.push(apply(layer, found.at(-1)));
  return found;
}

export const apply = (layer, maps) => OPERATIONS[layer.kind](layer, maps);

const OPERATIONS = { convolution, max_pooling: maxPooling, dense };

function convolution({ kernel: [height, width, inputs, outputs], weights, bias, relu }, maps) {
  const [rows, columns] = [maps.height - height + 1, maps.width - width + 1];
  const data = new Float32Array(rows * columns * outputs);
  for (let place = 0; place < rows * columns; place++) {
    const sums = data.subarray(place * outputs, (place + 1) * outputs);
    sums.set(bias);
    const corner = Math.floor(place / columns) * maps.width + (place % columns);
    for (let cell = 0; cell < height * width; cell++) {
      const from = (corner + Math.floor(cell / width) * maps.width + (cell % width)) * inputs;
      for (let input = 0; input < inputs; input++) {
        add(sums, maps.data[from + input], weights, (cell * inputs + input) * outputs);
      }
    }
  }
  return { height: rows, width: columns, channels: outputs, data: relu ? rectified(data) : data };
}

function dense({ kernel: [inputs, outputs], weights, bias, relu }, maps) {
  const data = Float32Array.from(bias);
  for (let input = 0; input < inputs; input++) add(data, maps.data[input], weights, input * outputs);
  return { height: 1, width: 1, channels: outputs, data: relu ? rectified(data) : data };
}

/** Add a value times its weights to the sums. After a ReLU many values are 0, and cost nothing. */
function add(sums, value, weights, start) {
  if (value === 0) return;
  for (let output = 0; output < sums.length; output++) sums[output] += value * weights[start + output];
}

function rectified(data) {
  for (let index = 0; index < data.length; index++) if (data[index] < 0) data[index] = 0;
  return data;
}

function maxPooling({ size }, { height, width, channels, data }) {
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
  const most = new Float32Array(rows * columns * channels).fill(-Infinity);
  for (let row = 0; row < rows * size; row++) {
    for (let column = 0; column < columns * size; column++) {
      const from = (row * width + column) * channels;
      const to = (Math.floor(row / size) * columns + Math.floor(column / size)) * channels;
      for (let channel = 0; channel < channels; channel++) {
        if (data[from + channel] > most[to + channel]) most[to + channel] = data[from + channel];
      }
    }
  }
  return { height: rows, width: columns, channels, data: most };
}

/** Logits → probabilities; a temperature over 1 makes them less certain, a bias favours classes. */
export function softmax(logits, { temperature = 1, bias = [] } = {}) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit, index) => Math.exp((logit + (bias[index] ?? 0) - largest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
