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

/**
 * Two places and four channels at a time, so that eight sums stay in the processor's registers while each number that is
 * read serves several of them: three times as fast as one by one (python -m benchmarks.speed.page). Where they do not
 * come out even, the last ones are computed twice. What is written past a place's channels, where there are fewer than
 * four, the places after it put right.
 */
function convolution({ kernel: [height, width, inputs, outputs], weights, bias, relu }, maps) {
  const [rows, columns] = [maps.height - height + 1, maps.width - width + 1];
  const values = maps.data;
  const data = new Float32Array(rows * columns * outputs);
  for (let four = 0; four < outputs; four += 4) {
    const output = Math.max(0, Math.min(four, outputs - 4));
    for (let row = 0; row < rows; row++) {
      for (let two = 0; two < columns; two += 2) {
        const column = Math.max(0, Math.min(two, columns - 2));
        let a0 = bias[output], a1 = bias[output + 1], a2 = bias[output + 2], a3 = bias[output + 3];
        let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
        let weight = output;
        for (let y = 0; y < height; y++) {
          const from = ((row + y) * maps.width + column) * inputs;
          for (let at = from; at < from + width * inputs; at++, weight += outputs) {
            const a = values[at], b = values[at + inputs];
            const w0 = weights[weight], w1 = weights[weight + 1], w2 = weights[weight + 2], w3 = weights[weight + 3];
            a0 += a * w0; a1 += a * w1; a2 += a * w2; a3 += a * w3;
            b0 += b * w0; b1 += b * w1; b2 += b * w2; b3 += b * w3;
          }
        }
        const place = (row * columns + column) * outputs + output;
        data[place] = a0; data[place + 1] = a1; data[place + 2] = a2; data[place + 3] = a3;
        const next = place + outputs;
        data[next] = b0; data[next + 1] = b1; data[next + 2] = b2; data[next + 3] = b3;
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
