// The explanation as a PNG, drawn by the service.

import { drawnExplanation } from "./api.js";
import { toBMP } from "./pixels.js";

export async function download({ pixels, network }) {
  const picture = await drawnExplanation(toBMP(pixels), { model: network, preprocess: "dataset" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `explanation-${network}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
