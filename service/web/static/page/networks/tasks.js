// What the page asks of a network, beyond an answer. Pictures are Float32Arrays of N × 784 numbers in 0…1.

import { largest } from "../numbers.js";
import { SIZE } from "../pixels.js";
import { apply, forward, softmax } from "./forward.js";

const PIXELS = SIZE * SIZE;

/** N pictures → N lists of ten probabilities, calibrated for pictures of a `kind`, dataset or photo; null: uncalibrated. */
export function classify({ layers, calibration }, { pixels, kind }) {
  return Array.from({ length: pixels.length / PIXELS }, (_, index) =>
    softmax(
      forward(layers, pixels.subarray(index * PIXELS, (index + 1) * PIXELS)).at(-1).data,
      calibration[kind],
    ),
  );
}

/** All that the layers found in one picture, with the layers themselves. */
export const look = ({ layers }, { pixels }) => ({ layers, found: forward(layers, pixels) });

/**
 * By how much the answer's logit falls when one map after the other is set to zero: a list for each layer, empty but for convolutions.
 * The last layers run again for each map, from the layer after it on.
 */
export function contributions({ layers }, { pixels }) {
  const found = forward(layers, pixels);
  const logits = found.at(-1).data;
  const answer = largest(logits);
  return layers.map(({ kind }, index) => {
    if (kind !== "convolution") return [];
    const maps = found[index + 1];
    return Array.from({ length: maps.channels }, (_, channel) => {
      const without = { ...maps, data: maps.data.map((value, at) => (at % maps.channels === channel ? 0 : value)) };
      const end = layers.slice(index + 1).reduce((flowing, layer) => apply(layer, flowing), without);
      return logits[answer] - end.data[answer];
    });
  });
}

/**
 * Occlusion sensitivity, as service/models/explanations.py defines it: a black patch hides one place after another;
 * by how much the answer's probability drops there.
 */
export function occlude({ layers, calibration }, { pixels, kind, stride, patch }) {
  const probabilities = (picture) => softmax(forward(layers, picture).at(-1).data, calibration[kind]);
  const whole = probabilities(pixels);
  const answer = largest(whole);
  const cells = SIZE / stride;
  const drop = Array.from({ length: cells }, (_, row) =>
    Array.from({ length: cells }, (_, column) => {
      const hidden = hide(pixels, row * stride - (patch - stride) / 2, column * stride - (patch - stride) / 2, patch);
      return hidden ? whole[answer] - probabilities(hidden)[answer] : 0;
    }),
  );
  return { answer, probability: whole[answer], drop };
}

/** The picture with a square of background in it; null where that changes nothing. */
function hide(pixels, top, left, edge) {
  const hidden = pixels.slice();
  let changed = false;
  for (let row = Math.max(top, 0); row < Math.min(top + edge, SIZE); row++) {
    for (let column = Math.max(left, 0); column < Math.min(left + edge, SIZE); column++) {
      changed ||= hidden[row * SIZE + column] !== 0;
      hidden[row * SIZE + column] = 0;
    }
  }
  return changed ? hidden : null;
}
