// The service's routes, from the page.

/** The service answered, and refused: its status, and its own sentence for programmers. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The service could not be reached, or is none. */
export class Unreachable extends Error {}

// As application/x-image: the bytes decide what a picture is, not the name that a browser gives its type.
const PICTURE = { "Content-Type": "application/x-image" };

// A site without a service says so with "", and one whose service is elsewhere with its address.
const { service = document.baseURI } = document.documentElement.dataset;

async function post(path, options, body, headers) {
  if (!service) throw new Unreachable();
  const query = new URLSearchParams(options);
  let answer;
  try {
    answer = await fetch(new URL(`${path}?${query}`, service), { method: "POST", body, headers: { ...PICTURE, ...headers } });
  } catch {
    throw new Unreachable();
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => null);
  if (!problem?.detail) throw new Unreachable(); // somebody else answered: a proxy, or a web space without the service
  throw new Refusal(answer.status, problem.detail);
}

/** Every network's answer to a picture, as /compare gives it. */
export const compare = async (picture, options) => (await (await post("compare", options, picture)).json()).predictions;

/** The service's explanation of a network's answer, drawn as a PNG. */
export const drawnExplanation = async (picture, options) =>
  (await post("explain", options, picture, { Accept: "image/png" })).blob();
