// Tables and figures that are wider than the screen say so.

import { t } from "./text.js";

const hints = new Map(); // by region; most never need one

const watching = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const region = target.closest(".scroll");
    const isWider = region.scrollWidth > region.clientWidth + 1;
    if (isWider && !hints.has(region)) hints.set(region, hintBefore(region));
    if (hints.has(region)) hints.get(region).hidden = !isWider;
  }
});

function hintBefore(region) {
  const hint = document.createElement("p");
  hint.className = "sideways";
  hint.textContent = t("Scroll sideways to see all of it →");
  region.before(hint);
  return hint;
}

for (const region of document.querySelectorAll(".scroll")) {
  watching.observe(region);
  watching.observe(region.firstElementChild); // it becomes narrower or wider when the font is there
}
