// The lesson below the answers: each part is empty until the reader comes near, and from then on follows the picture.

import { Unreachable } from "./api.js";
import { byId, near } from "./dom.js";
import { Latest } from "./latest.js";

const panels = [
  panel("lens", () => import("./lens.js")),
  panel("pooling", () => import("./pooling.js")),
  panel("why", () => import("./occlusion.js")),
  panel("last", () => import("./last_maps.js")),
  panel("moves", () => import("./moves.js")),
];
let filling;

/** A part of the lesson, by the element it fills; the module that `load` gives has a function `follow`. */
function panel(id, load) {
  return { id, load, latest: new Latest(), isFilling: false, isFilled: false };
}

/** Have the lesson show the picture that `view` gives. `guarded` runs what may fail, and tells the reader. */
export function follow(view, guarded) {
  for (const panel of panels.filter(({ isFilling, isFilled }) => isFilling || isFilled)) show(panel, view, guarded);
  filling ??= fill(view, guarded);
}

const show = (panel, view, guarded) =>
  panel.latest.run((last) =>
    guarded(async () => {
      const { follow } = await panel.load().catch((error) => {
        console.warn(error);
        throw new Unreachable();
      });
      await follow(view(), last);
      panel.isFilled = true;
    }),
  );

/**
 * Fill the lesson as the reader comes down, one panel after the other: empty panels lie so close together that all would
 * be near at once. What cannot be fetched is tried again at the next picture, and when the connection is back.
 */
async function fill(view, guarded) {
  for (const panel of panels.filter(({ isFilled }) => !isFilled)) {
    await near(byId(panel.id));
    panel.isFilling = true; // so that it misses no picture that is chosen until it is filled
    try {
      await show(panel, view, guarded);
    } catch (error) {
      reportError(error); // a fault of one panel keeps no other empty
      continue;
    } finally {
      panel.isFilling = false;
    }
    if (!panel.isFilled) break;
  }
  filling = null;
}
