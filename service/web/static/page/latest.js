/** Runs one task at a time; of those asked for meanwhile only the last, so that no answer comes out of order. */
export class Latest {
  #running = false;
  #next = null;

  async run(task) {
    this.#next = task;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#next) {
        const current = this.#next;
        this.#next = null;
        await current(() => this.#next === null);
      }
    } finally {
      this.#running = false;
    }
  }
}

/** What a promise gives; null where nobody wants it any more by then, and then its failure is not told, either. */
export const ifWanted = (promise, isWanted) =>
  promise.then(
    (given) => (isWanted() ? given : null),
    (error) => {
      if (isWanted()) throw error;
      return null;
    },
  );
