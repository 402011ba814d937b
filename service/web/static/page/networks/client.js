// Asks the workers that run the networks: one for answers, which must come at once, one for all else.

import { AskedWorker } from "../asked_worker.js";

const address = new URL("./worker.js", import.meta.url);
const [urgently, whenFree] = [new AskedWorker(address), new AskedWorker(address)];

/** Have the workers ready, so that they are there when the connection is not. */
export function prepare() {
  urgently.prepare();
  whenFree.prepare();
}

/** Ask a network for a task of ./tasks.js; `file` is the address of its weights. Fails where they cannot be fetched. */
export const ask = (task, file, asked, { urgent = false } = {}) =>
  (urgent ? urgently : whenFree).ask({ task, file: new URL(file, document.baseURI).href, ...asked });
