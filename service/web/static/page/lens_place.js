// Where the lens looks: the place in its map, and the pixels of the picture that the place sees.

import { t } from "../text.js";
import { byId } from "./dom.js";
import { reach, receptiveField } from "./networks/places.js";
import { paintMap, paintPicture } from "./paint.js";
import { SIZE } from "./pixels.js";

/** Draw picture and map; places after `until` have not been computed yet. */
export function paintPlace({ layers, found, pixels, layer, channel, row, column }, until) {
  const maps = found[layer + 1];
  paintPicture(byId("lens-picture"), pixels);
  paintMap(byId("lens-map-canvas"), maps, channel, { until });
  const field = receptiveField(layers, layer, row, column);
  put(byId("lens-field"), field, SIZE, SIZE);
  put(byId("lens-cursor"), { top: row, left: column, height: 1, width: 1 }, maps.height, maps.width);
  const seen = reach(layers, found);
  const [blindRows, blindColumns] = [SIZE - seen.rows, SIZE - seen.columns];
  put(byId("lens-blind-rows"), { top: seen.rows, left: 0, height: blindRows, width: SIZE }, SIZE, SIZE);
  put(byId("lens-blind-columns"), { top: 0, left: seen.columns, height: seen.rows, width: blindColumns }, SIZE, SIZE);
  byId("lens-blind").textContent = blindRows
    ? t("Hatched: rows and columns {first} to 27 (counted from 0) never reach this network's answer. Its last pooling takes two rows at a time, and drops the one that is left over, with the pixels that only it saw.", { first: seen.rows })
    : t("Every pixel reaches this network's answer.");
  const seenHere = t("This place sees {height}×{width} pixels of the picture, its receptive field: rows {top} to {bottom}, columns {left} to {right}.", {
    ...field,
    bottom: field.top + field.height - 1,
    right: field.left + field.width - 1,
  });
  const { kernel, size } = layers[layer];
  const reason = t("For it looks at {edge}×{edge} places of the layer before, of which each sees {height}×{width} pixels.", { ...receptiveField(layers, layer - 1, 0, 0), edge: kernel?.[0] ?? size });
  byId("lens-sees").textContent = layer ? `${seenHere} ${reason}` : seenHere;
  byId("lens-map").setAttribute("aria-label", t("Map {number}, row {row}, column {column}", { number: channel + 1, row, column }));
}

/** Lay an element over a part of a picture of so many rows and columns. */
function put(overlay, { top, left, height, width }, rows, columns) {
  overlay.hidden = !height || !width;
  overlay.style.top = `${(top / rows) * 100}%`;
  overlay.style.left = `${(left / columns) * 100}%`;
  overlay.style.height = `${(height / rows) * 100}%`;
  overlay.style.width = `${(width / columns) * 100}%`;
}
