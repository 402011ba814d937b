// Tables and figures that are wider than the screen say so.

import { t } from "./text.js";

const watching = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const region = target.closest(".scroll");
    region.previousElementSibling.hidden = region.scrollWidth <= region.clientWidth + 1;
  }
});
for (const region of document.querySelectorAll(".scroll")) {
  const hint = document.createElement("p");
  hint.className = "sideways";
  hint.textContent = t("Scroll sideways to see all of it →");
  hint.hidden = true;
  region.before(hint);
  watching.observe(region);
  watching.observe(region.firstElementChild); // it becomes narrower or wider when the font is there
}
