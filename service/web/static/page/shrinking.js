// Asks the worker that scales photos down.

let worker = null;
let last = 0;

/** Have the worker ready, so that it is there when the connection is not. */
export function prepare() {
  worker ??= new Worker(new URL("./shrink.js", import.meta.url), { type: "module" });
  return worker;
}

/** Scale a picture file down and turn it by quarters: {blob, bitmap}. Fails where the browser cannot read the file. */
export function shrink(file, turns) {
  const asked = prepare();
  const mine = ++last;
  return new Promise((resolve, reject) => {
    const listen = ({ data: { id, result, error } }) => {
      if (id !== mine) return;
      asked.removeEventListener("message", listen);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    asked.addEventListener("message", listen);
    asked.addEventListener("error", () => {
      worker = null; // it could not be loaded, and is to be tried again
      reject(new Error("the worker could not be loaded"));
    });
    asked.postMessage({ id: mine, file, turns });
  });
}
