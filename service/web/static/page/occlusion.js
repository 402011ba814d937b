// What the answer depends on: occlusion sensitivity, computed in the browser.

import { t } from "../text.js";
import { label, percent } from "./answers.js";
import { byId } from "./dom.js";
import { isRunnable, run } from "./networks/running.js";
import { paintOcclusion } from "./paint.js";
import { toShares } from "./pixels.js";

const [PATCH, STRIDE] = [6, 2]; // pixels, as /explain has them
const FAINT = 0.05; // a drop in probability that is not worth showing

export async function follow({ pixels, kind, network }, last) {
  byId("occlusion").hidden = !isRunnable(network);
  if (!isRunnable(network)) return say(t("Your browser cannot run this network."));
  const asked = { pixels: toShares(pixels), kind, stride: STRIDE, patch: PATCH };
  const { answer, probability, drop } = await run("occlude", network, asked);
  if (!last()) return;
  paintOcclusion(byId("occlusion"), pixels, drop, STRIDE);
  const largest = Math.max(...drop.flat());
  const values = { patch: PATCH, label: label(answer), before: percent(probability), after: percent(Math.max(probability - largest, 0)) };
  say(
    largest < FAINT
      ? t("A black patch of {patch}×{patch} pixels hides one place after another. Wherever it lies, {label} stays about as probable.", values)
      : t("A black patch of {patch}×{patch} pixels hides one place after another. Orange: without it, {label} is less probable, down from {before} to {after} at the strongest. Blue: more probable.", values),
  );
}

function say(sentence) {
  byId("occlusion-text").textContent = sentence;
  byId("why-body").hidden = false;
  byId("why").setAttribute("aria-busy", "false");
}
