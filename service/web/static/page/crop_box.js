// A box on a picture, moved and resized by mouse, touch and keys.

import { within } from "./numbers.js";
import { arrow } from "./stage.js";

const LEAST = 0.05; // of an edge of the picture: what is left of the box at least
const STEP = 0.02; // of an edge of the picture, a press of an arrow key
const PAUSE = 120; // milliseconds without a change, before it is told

/**
 * Let `box`, an element with a handle at each corner (data-corner="left top" …), be moved over `frame`.
 *
 * `changed` is called with [left, top, right, bottom] in the picture's pixels. Returns {place(box, [width, height])}.
 */
export function boxOn(frame, box, changed) {
  let size = [1, 1];
  let edges = { left: 0, top: 0, right: 1, bottom: 1 }; // shares of the picture
  let pausing = 0;

  function put(next) {
    edges = next;
    box.style.left = `${edges.left * 100}%`;
    box.style.top = `${edges.top * 100}%`;
    box.style.width = `${(edges.right - edges.left) * 100}%`;
    box.style.height = `${(edges.bottom - edges.top) * 100}%`;
  }

  function tell() {
    clearTimeout(pausing);
    pausing = setTimeout(() => {
      const [width, height] = size;
      changed([
        Math.floor(edges.left * width),
        Math.floor(edges.top * height),
        Math.ceil(edges.right * width),
        Math.ceil(edges.bottom * height),
      ]);
    }, PAUSE);
  }

  /** Move by shares of the picture: the whole box, or the edges that a corner joins. */
  function change(start, corner, x, y) {
    const next = { ...start };
    if (corner.length) {
      for (const side of corner) next[side] += side === "left" || side === "right" ? x : y;
      next.left = within(next.left, 0, start.right - LEAST);
      next.top = within(next.top, 0, start.bottom - LEAST);
      next.right = within(next.right, next.left + LEAST, 1);
      next.bottom = within(next.bottom, next.top + LEAST, 1);
    } else {
      const right = within(x, -start.left, 1 - start.right);
      const down = within(y, -start.top, 1 - start.bottom);
      next.left += right;
      next.right += right;
      next.top += down;
      next.bottom += down;
    }
    put(next);
    tell();
  }

  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    box.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    const corner = event.target.dataset.corner?.split(" ") ?? [];
    const [start, { width, height }] = [edges, frame.getBoundingClientRect()];
    const follow = ({ clientX, clientY }) =>
      change(start, corner, (clientX - event.clientX) / width, (clientY - event.clientY) / height);
    box.addEventListener("pointermove", follow);
    box.addEventListener("lostpointercapture", () => box.removeEventListener("pointermove", follow), { once: true });
  });
  box.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    change(edges, event.shiftKey ? ["right", "bottom"] : [], step[0] * STEP, step[1] * STEP);
  });

  return {
    place([left, top, right, bottom], [width, height]) {
      size = [width, height];
      put({ left: left / width, top: top / height, right: right / width, bottom: bottom / height });
    },
  };
}
