// Runs networks beside the page, so that it never stands still. A message is {id, task, file, …what the task takes}.

import { parse } from "./file.js";
import * as tasks from "./tasks.js";

const networks = new Map(); // by the address of their file

function network(file) {
  if (!networks.has(file)) {
    const loading = fetch(file).then(async (answer) => {
      if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
      return parse(await answer.arrayBuffer());
    });
    loading.catch(() => networks.delete(file)); // to be tried again, when the connection is back
    networks.set(file, loading);
  }
  return networks.get(file);
}

addEventListener("message", async ({ data: { id, task, file, ...asked } }) => {
  try {
    postMessage({ id, result: tasks[task](await network(file), asked) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});
