// Posts a picture in the three ways that /predict takes, by Node's fetch; prints an answer a line.
// Run by: node predict.mjs http://127.0.0.1:8080/predict boot.png

import { readFile } from "node:fs/promises";

const [address, path] = process.argv.slice(2);
const picture = await readFile(path);
const form = new FormData();
form.append("file", new Blob([picture], { type: "image/png" }), "boot.png");

const requests = [
  { headers: { "content-type": "image/png" }, body: picture },
  { body: form },
  { headers: { "content-type": "application/json" }, body: JSON.stringify({ image: picture.toString("base64") }) },
];
for (const request of requests) {
  const response = await fetch(address, { method: "POST", ...request });
  console.log(await response.text());
}
