// Asks the worker that runs the networks.

let worker = null;
let last = 0;
const waiting = new Map();

/** Ask a network for a task of ./tasks.js; `file` is the address of its weights. Fails where they cannot be fetched. */
export function ask(task, file, asked) {
  worker ??= start();
  return new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, task, file: new URL(file, document.baseURI).href, ...asked });
  });
}

function start() {
  const started = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  return started;
}
