// The arithmetic of one place, written out.

import { decimal, t } from "../text.js";
import { byId, element } from "./dom.js";
import { convolved, pooled } from "./networks/places.js";

const SHOWN = 4; // of a second layer's input maps, whose sums are largest
export const number = (value) => decimal(value, 2).replace(/^-(?=[0.,]+$)/, "").replace("-", "−"); // no −0.00

/** Write out how the value at the lens's place came about. */
export function showSum({ layers, found, layer, channel, row, column }, name) {
  const [operation, maps] = [layers[layer], found[layer]];
  const value = found[layer + 1].data[(row * found[layer + 1].width + column) * found[layer + 1].channels + channel];
  byId("lens-value").textContent = t("{layer}, map {map}, row {row}, column {column}: {value}", { layer: name, map: channel + 1, row, column, value: number(value) });
  byId("lens-sum").replaceChildren(
    ...(operation.kind === "convolution"
      ? convolution(convolved(operation, maps, row, column, channel), operation.kernel)
      : pooling(pooled(operation, maps, row, column, channel), operation.size)),
  );
}

function convolution({ terms, total, bias, before, value }, [, width, inputs]) {
  const shown = terms.toSorted((one, other) => Math.abs(other.sum) - Math.abs(one.sum)).slice(0, SHOWN);
  const rest = total - shown.reduce((sum, term) => sum + term.sum, 0);
  const lines = shown.map((term) => termLine(term, width, inputs));
  if (inputs > SHOWN) {
    const line = element("p", "", { className: "term rest" });
    line.append(t("The other {count} maps together", { count: inputs - SHOWN }), element("strong", number(rest)));
    lines.push(line);
  }
  const end = element("p", "", { className: "result" });
  end.append(
    part(inputs > 1 ? t("sum of all {count}", { count: inputs }) : t("sum of the products"), total),
    "+",
    part(t("bias: learned, too"), bias),
    "=",
    part(t("before the ReLU"), before),
    "→",
    part(t("ReLU: what is below 0 becomes 0"), value),
  );
  return [...lines, end, element("p", t("All numbers are rounded to two places."), { className: "soft" })];
}

function termLine({ input, patch, kernel, products, sum }, width, inputs) {
  const line = element("div", "", { className: "term" });
  line.append(
    grid(inputs > 1 ? t("Map {number} under the kernel", { number: input + 1 }) : t("Pixels under the kernel"), patch, width, "grey"),
    element("span", "×"),
    grid(t("Kernel"), kernel, width, "signed"),
    element("span", "="),
    grid(t("Products"), products, width, "signed"),
    element("span", "→"),
    part(t("their sum"), sum),
  );
  return line;
}

function pooling({ candidates, winner }, width) {
  const line = element("div", "", { className: "term" });
  const four = grid(t("Four neighbours in the map before"), candidates, width, "grey");
  four.querySelectorAll("td")[winner].classList.add("winner");
  line.append(four, element("span", "→"), part(t("the largest wins"), candidates[winner]));
  const kept = candidates.every((value) => value === 0)
    ? t("All four are 0, and so is what is left of them.")
    : t("Pooling keeps the largest and throws away the other three, and where it stood: one pixel to the side, within the same four, would give the same.");
  return [line, element("p", kept)];
}

/** A number and what it is. */
function part(name, value) {
  const whole = element("span", "", { className: "part" });
  whole.append(element("strong", number(value)), element("small", name));
  return whole;
}

/** A table of numbers, shaded by their size: grey from 0 on, or orange below 0 and blue above. */
export function grid(name, values, width, shading) {
  const table = element("table", "", { className: `numbers ${shading}` });
  table.append(element("caption", name));
  const most = Math.max(...values.map(Math.abs), 1e-6);
  for (let start = 0; start < values.length; start += width) {
    const row = table.insertRow();
    for (const value of values.slice(start, start + width)) {
      const cell = row.insertCell();
      cell.textContent = number(value);
      cell.style.setProperty("--size", `${Math.round((Math.abs(value) / most) * 100)}%`);
      cell.classList.toggle("negative", value < 0);
    }
  }
  return table;
}
