// Classifies a picture by the types that openapi-typescript generates; prints its label, then why another is refused.

import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [baseUrl, picture] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl });
const image = (await readFile(picture)).toString("base64");

const found = await client.POST("/predict", { params: { query: { model: "cnn_a", top_k: 1 } }, body: { image } });
console.log(found.data?.label);
const refused = await client.POST("/predict", { body: { image: "" } });
console.log(refused.error?.detail);
