// A worker that answers: each message has a number, and its answer {id, result} or {id, error} the same one.

export class AskedWorker {
  #address;
  #worker = null;
  #last = 0;
  #waiting = new Map();

  constructor(address) {
    this.#address = address;
  }

  /** Have it ready, so that it is there when the connection is not. */
  prepare() {
    this.#worker ??= this.#start();
    return this.#worker;
  }

  /** Its answer to a message. Fails where it reports an error, or cannot be loaded. */
  ask(message) {
    const worker = this.prepare();
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#last, { resolve, reject });
      worker.postMessage({ id: this.#last, ...message });
    });
  }

  #start() {
    const started = new Worker(this.#address, { type: "module" });
    started.addEventListener("message", ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    started.addEventListener("error", () => {
      this.#worker = null; // it could not be loaded, and is to be tried again
      for (const { reject } of this.#waiting.values()) reject(new Error("the worker could not be loaded"));
      this.#waiting.clear();
    });
    return started;
  }
}
