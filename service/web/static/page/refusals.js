// What cannot be shown, in a sentence for people: what it is, and the next step.

import { t } from "../text.js";
import { Unreachable } from "./api.js";

/** An error whose message is for the reader. */
export class Sorry extends Error {}

/** A file that neither the browser nor the service can read, by its first bytes. */
const KINDS = [
  [/^....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/s, () => t("This is a HEIC file. On an iPhone: Settings → Camera → Formats → Most Compatible, or take a screenshot of it.")],
  [/^....ftyp/s, () => t("This is a video. Pause it where the garment shows, take a screenshot, and choose that.")],
  [/^(\ufeff|\xef\xbb\xbf)?\s*(<\?xml|<!--|<!doctype svg|<svg)/i, () => t("This is an SVG drawing, which has no pixels. Open it, take a screenshot, and choose that.")],
  [/^%PDF-/, () => t("This is a PDF document. Open it, take a screenshot of the picture in it, and choose that.")],
  [/^PK\x03\x04/, () => t("This is an archive or an office document. Take one picture out of it, and choose that.")],
  [/^[\t\n\r\x20-\x7e\x80-\xff]+$/, () => t("This is text, not a picture. Choose a photo, or take one.")],
];

/** Say why a file cannot be shown. */
export async function sentence(error, file) {
  if (error instanceof Sorry) return error.message;
  if (error instanceof Unreachable) return unreachable();
  if (file?.size === 0) return t("This file is empty. Choose another one.");
  if (error.status === 429 || error.status === 503) return t("The service is busy or just starting. Wait a few seconds, then try again.");
  if (error.status === 401) return t("This service asks for a key, which this page does not have. Ask whoever runs it.");
  if (error.status === 413) return t("This file is too large. Take a screenshot of it, and choose that.");
  if (error.status === 422) return t("Nothing in this picture stands out from its background. Photograph one garment before a plain background that is lighter or darker than it.");
  const head = String.fromCharCode(...new Uint8Array((await file?.slice(0, 512).arrayBuffer()) ?? []));
  const kind = KINDS.find(([pattern]) => pattern.test(head));
  if (kind) return kind[1]();
  return t("This file cannot be read as a picture; it may be damaged. Take a screenshot of it, and choose that.");
}

const unreachable = () =>
  document.documentElement.dataset.service === ""
    ? t("This copy of the page has no service behind it, and photos need one. Samples, moving and drawing work without it.")
    : lost();

const lost = () =>
  navigator.onLine
    ? t("The service cannot be reached, and photos need it. Samples, moving and drawing go on without it.")
    : t("You are offline. Samples, moving and drawing go on; a photo waits until the connection is back.");

export const notAPicture = () =>
  t("That is a link or a text, not a picture. Open the picture, copy the picture itself (“Copy image”), and paste again.");
