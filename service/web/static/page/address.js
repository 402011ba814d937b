// What is shown, in the page's address: #sample=dress&room=1&dx=2&dy=-1&model=cnn_b. A photo or a drawing is not in it.

/** Read the address: {sample, room, dx, dy, model}; what it lacks is null or 0. */
export function read() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const pixels = (name) => Math.round(Number(parameters.get(name))) || 0;
  return {
    sample: parameters.get("sample"),
    room: parameters.get("room") === "1",
    dx: pixels("dx"),
    dy: pixels("dy"),
    model: parameters.get("model"),
  };
}

/** Write it, in place of what was there. */
export function write({ sample, room, dx, dy, model }) {
  const parts = sample ? { sample, ...(room && { room: 1 }), ...(dx && { dx }), ...(dy && { dy }), model } : { model };
  history.replaceState(null, "", `#${new URLSearchParams(parts)}`);
}
