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
