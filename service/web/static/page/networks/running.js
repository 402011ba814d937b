// The served networks, run in the browser.

import { t } from "../../text.js";
import { titleOf } from "../answers.js";
import { served } from "../dom.js";
import { Sorry } from "../refusals.js";
import { ask } from "./client.js";

/** Those that the browser can run; the service alone runs a stranger's network of other layers. */
export const runnable = served.networks.filter(({ file }) => file);

export const isRunnable = (name) => runnable.some((network) => network.name === name);

/** Have a network do one of ./tasks.js; what is `urgent` waits for nothing else. */
export async function run(task, name, asked, { urgent = false } = {}) {
  const { file } = runnable.find((network) => network.name === name);
  try {
    return await ask(task, file, asked, { urgent });
  } catch {
    throw new Sorry(t("The weights of {network} cannot be fetched. Check the connection, then try again.", { network: titleOf(name) }));
  }
}
