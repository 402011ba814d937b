// A layer's maps side by side, those that contribute most to the answer first.

import { t } from "../text.js";
import { byId, element } from "./dom.js";
import { paintMap } from "./paint.js";

const FIRST = 16; // maps shown before the reader asks for all

/** The order of a layer's channels: pooling keeps that of the convolution before it. */
export const order = ({ ranks }, layer) => (ranks[layer].length ? ranks[layer] : ranks[layer - 1]);

/** Show the maps of the lens's layer; `choose` is called with the channel that the reader picks. */
export function paintChannels(lens, choose) {
  const maps = lens.found[lens.layer + 1];
  const list = byId("lens-channels");
  const isOpen = byId("lens-all").ariaExpanded === "true";
  const channels = order(lens, lens.layer);
  list.replaceChildren(
    element("legend", t("Maps, by what they contribute to the answer"), { className: "hidden" }),
    ...channels.map((channel, rank) => {
      const hidden = rank >= FIRST && !isOpen && channel !== lens.channel;
      const choice = element("label", "", { hidden });
      const radio = element("input", "", { type: "radio", name: "lens-channel", value: channel, checked: channel === lens.channel });
      radio.addEventListener("change", () => choose(channel));
      const canvas = element("canvas");
      if (!hidden) paintMap(canvas, maps, channel);
      choice.append(radio, canvas, element("span", t("Map {number}", { number: channel + 1 }), { className: "hidden" }));
      return choice;
    }),
  );
  byId("lens-all").hidden = channels.length <= FIRST;
  byId("lens-all").textContent = isOpen ? t("Show the first {count}", { count: FIRST }) : t("Show all {count} maps", { count: channels.length });
  byId("lens-all").onclick = () => {
    byId("lens-all").ariaExpanded = String(!isOpen);
    paintChannels(lens, choose);
  };
}
