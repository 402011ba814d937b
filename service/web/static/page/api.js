// The service's routes, from the page.

/** What the service refused, in its own sentence. */
export class Problem extends Error {}

async function post(path, body, headers) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body, headers });
  } catch {
    throw new Problem(
      navigator.onLine
        ? "The service cannot be reached. See that it is running, then choose the picture again."
        : "You are offline. The page goes on when the connection is back.",
    );
  }
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Problem(problem.detail ?? `The service answered ${answer.status} ${answer.statusText}.`);
}

const query = (options) => `?${new URLSearchParams(options)}`;

// As application/x-image: the bytes decide what a picture is, not the name that a browser gives its type.
const picture = { "Content-Type": "application/x-image" };

export const compare = (blob, options) => post(`compare${query(options)}`, blob, picture);
export const explain = (blob, options) => post(`explain${query(options)}`, blob, picture);

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
