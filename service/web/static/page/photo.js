// The reader's photo, and what of it the networks are shown: scaled down here, converted and judged by the service.

import { t } from "../text.js";
import { judged } from "./answers.js";
import { compare } from "./api.js";
import { AskedWorker } from "./asked_worker.js";
import { boxOn } from "./crop_box.js";
import { byId } from "./dom.js";
import { Latest, ifWanted } from "./latest.js";
import { fromFile } from "./pixels.js";
import { Sorry } from "./refusals.js";

const MAX_UNREAD_BYTES = 10_000_000; // of a file that the browser cannot read, and that is sent as it is

// The photo that is shown: its file, how it was turned, the copy that is sent, and what the reader asked for.
let photo = null;
const asking = new Latest();
const shrinking = new AskedWorker(new URL("./shrink.js", import.meta.url));
shrinking.prepare();
const box = boxOn(byId("photo-frame"), byId("photo-box"), (chosen) => {
  photo.box = chosen;
  again();
});

/**
 * Show a picture file. `page` is {isCurrent, show, guarded}: whether no other picture was chosen meanwhile, what to do
 * with the pixels, and what to run that may fail.
 */
export async function open(file, page) {
  const opened = { file, page, turns: 0, invert: "auto", box: null };
  await prepare(opened);
  await present(opened, await ask(opened));
}

/**
 * Make the copy that is sent; of a file that only the service can read, perhaps, the file itself. Returns whether it was
 * made: not where the photo was turned further meanwhile, as its copies may come out of order.
 */
async function prepare(opened) {
  const { file, turns } = opened;
  const made = await shrinking.ask({ file, turns }).catch(() => {
    if (file.size > MAX_UNREAD_BYTES) throw new Sorry(t("This file is too large. Take a screenshot of it, and choose that."));
    return { blob: file, bitmap: null };
  });
  if (turns !== opened.turns) return false;
  Object.assign(opened, made);
  return true;
}

function ask({ blob, box: asked, invert }) {
  const options = { include: "input", ...(asked && { box: asked.join(",") }), ...(invert !== "auto" && { invert }) };
  return compare(blob, options);
}

async function present(shown, predictions) {
  const { mode, inverted, box: taken, input } = predictions[0].preprocess;
  const pixels = await fromFile(new Blob([Uint8Array.from(atob(input.split(",")[1]), (c) => c.charCodeAt(0))]));
  if (!shown.page.isCurrent()) return;
  if (photo !== shown) byId("photo-invert").ariaPressed = "false";
  photo = shown;
  const isPhoto = mode === "photo";
  shown.inverted = inverted;
  shown.page.show(pixels, { kind: isPhoto ? "photo" : "file", mode }, predictions.map(judged));
  byId("photo").hidden = !isPhoto || !shown.bitmap;
  if (!shown.bitmap || !isPhoto) return;
  const { width, height } = shown.bitmap;
  const canvas = byId("photo-seen");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").drawImage(shown.bitmap, 0, 0);
  box.place(shown.box ?? taken, [width, height]);
  const all = taken[0] === 0 && taken[1] === 0 && taken[2] === width && taken[3] === height;
  byId("photo-taken").textContent = shown.box
    ? t("Your box was taken.")
    : all
      ? t("All of it was taken: the background is not even. Draw the box around the garment.")
      : t("The part in the box was taken. Drag it, or its corners, if that is not the garment.");
}

/** Ask again after a change; of several changes in a row, the last one counts. */
function again() {
  const shown = photo;
  asking.run((last) =>
    shown.page.guarded(async () => {
      const answer = await ifWanted(ask(shown), () => last() && shown.page.isCurrent());
      if (answer) await present(shown, answer);
    }),
  );
}

byId("photo-turn").addEventListener("click", async () => {
  const turned = photo;
  Object.assign(turned, { turns: (turned.turns + 1) % 4, box: null });
  if ((await prepare(turned)) && turned === photo) again();
});
byId("photo-invert").addEventListener("click", ({ currentTarget }) => {
  photo.invert = photo.inverted ? "no" : "yes";
  currentTarget.ariaPressed = String(currentTarget.ariaPressed !== "true");
  again();
});
byId("photo-all").addEventListener("click", () => {
  photo.box = [0, 0, photo.bitmap.width, photo.bitmap.height];
  again();
});
