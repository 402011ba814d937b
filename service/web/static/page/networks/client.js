// Asks the workers that run the networks: one for answers, which must come at once, one for all else.

const workers = {}; // by whether what they do is urgent
let last = 0;
const waiting = new Map();

/** Have the workers ready, so that they are there when the connection is not. */
export function prepare() {
  for (const urgent of [true, false]) workers[urgent] ??= start(urgent);
}

/** Ask a network for a task of ./tasks.js; `file` is the address of its weights. Fails where they cannot be fetched. */
export function ask(task, file, asked, { urgent = false } = {}) {
  const worker = (workers[urgent] ??= start(urgent));
  return new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, task, file: new URL(file, document.baseURI).href, ...asked });
  });
}

function start(urgent) {
  const started = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  started.addEventListener("error", () => {
    workers[urgent] = null; // it could not be loaded, and is to be tried again
    for (const [id, { reject }] of waiting) {
      waiting.delete(id);
      reject(new Error("the worker could not be loaded"));
    }
  });
  return started;
}
