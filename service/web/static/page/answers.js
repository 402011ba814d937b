// What each network says: from the service, which also judges what its answer is worth, or from the browser.

import { decimal, t } from "../text.js";
import { byId, element, served } from "./dom.js";
import { largest } from "./numbers.js";

const FEW = 0.01; // a class that every network finds less probable is folded away

const digits = (share) => (share >= 0.9995 || (share >= 0.0995 && share < 0.995) ? 0 : 1);
/** A share between 0 and 1 as a percentage; the sign keeps to its number. */
export const percent = (share) => `${decimal(share * 100, digits(share))}\u00a0%`;

const row = (name) => document.querySelector(`.network[data-model="${name}"]`);
/** A network's title in the page's language: the service wrote it, as the bundle has its translation. */
export const titleOf = (name) => row(name).querySelector(".name").textContent;
export const label = (classId) => t(served.labels[classId]);

/** An answer of the service, as this page keeps one. */
export function judged({ model, predictions, ...rest }) {
  const probabilities = [];
  for (const { class_id, probability } of predictions) probabilities[class_id] = probability;
  return { name: model, probabilities, ...rest };
}

/**
 * Show the networks' answers: [{name, probabilities, decision, in_distribution, reliability}], of which only the first
 * two are there where the browser answered.
 */
export function show(answers, { chosen, photograph, moved, drawn }) {
  for (const { name, probabilities, decision } of answers) {
    const shown = row(name);
    const answer = largest(probabilities);
    const unsure = decision === "unsure";
    shown.classList.toggle("unsure", unsure);
    shown.querySelector(".says").textContent = unsure ? t("{label}?", { label: label(answer) }) : label(answer);
    shown.querySelector(".sure").textContent = unsure ? t("unsure") : percent(probabilities[answer]);
    shown.style.setProperty("--share", probabilities[answer].toFixed(4));
  }
  classes(answers);
  const own = answers.find(({ name }) => name === chosen);
  byId("unfamiliar").hidden = own?.in_distribution !== false;
  byId("unfamiliar").textContent = t("This is unlike what {network} learned from. It names one of ten garments whatever it is shown: do not believe it here.", { network: titleOf(chosen) });
  worth(own, { photograph, moved, drawn });
  strip(chosen);
  byId("answers").setAttribute("aria-busy", "false");
}

/** Show that there is no answer to what is shown. */
export function clear({ chosen }) {
  for (const { name } of served.networks) {
    row(name).querySelector(".says").textContent = "–";
    row(name).querySelector(".sure").textContent = "";
    row(name).style.setProperty("--share", 0);
  }
  byId("classes").tBodies[0].replaceChildren();
  for (const id of ["worth", "spoken"]) byId(id).replaceChildren();
  byId("unfamiliar").hidden = true;
  strip(chosen);
  byId("answers").setAttribute("aria-busy", "false");
}

/** Repeat on a phone's strip what the chosen network's row says by now. */
function strip(chosen) {
  byId("strip-name").textContent = titleOf(chosen);
  byId("strip-says").textContent = [".says", ".sure"].map((part) => row(chosen).querySelector(part).textContent).join(" ");
  byId("strip").dataset.model = chosen;
}

/** Say it to those who do not see it, once the picture has come to rest. */
export function speak(answers) {
  byId("spoken").textContent = answers
    .map(({ name, probabilities, decision }) => {
      const [said, sure] = [label(largest(probabilities)), percent(Math.max(...probabilities))];
      return decision === "unsure"
        ? t("{network}: unsure, perhaps {label}, {percent}", { network: titleOf(name), label: said, percent: sure })
        : t("{network}: {label}, {percent}", { network: titleOf(name), label: said, percent: sure });
    })
    .join(". ");
}

/** The table of classes, those that no network finds probable folded into one line. */
function classes(answers) {
  const body = byId("classes").tBodies[0];
  const open = body.querySelector("button")?.ariaExpanded === "true";
  const most = served.labels.map((_, id) => Math.max(...answers.map(({ probabilities }) => probabilities[id])));
  const folded = [...most.keys()].filter((id) => most[id] < FEW);
  const shown = [...most.keys()].filter((id) => most[id] >= FEW);
  body.replaceChildren(...shown.map((id) => classRow(id, answers)));
  if (!folded.length) return;
  const line = body.insertRow();
  const cell = element("td", "", { colSpan: answers.length + 1 });
  const toggle = element("button", t("{count} others under 1 %", { count: folded.length }), { type: "button", ariaExpanded: String(open) });
  const rows = folded.map((id) => classRow(id, answers));
  const fold = (away) => rows.forEach((one) => (one.hidden = away));
  toggle.addEventListener("click", () => {
    toggle.ariaExpanded = String(toggle.ariaExpanded !== "true");
    fold(toggle.ariaExpanded !== "true");
  });
  fold(!open);
  cell.append(toggle);
  line.append(cell);
  body.append(...rows);
}

function classRow(id, answers) {
  const line = element("tr");
  line.append(element("th", label(id), { scope: "row" }));
  for (const { name, probabilities, decision } of answers) {
    const cell = element("td");
    cell.dataset.model = name;
    cell.dataset.cell = `${name} ${id}`;
    cell.style.setProperty("--share", probabilities[id].toFixed(4));
    cell.classList.toggle("top", largest(probabilities) === id);
    cell.classList.toggle("unsure", decision === "unsure");
    cell.append(element("span", decimal(probabilities[id] * 100, digits(probabilities[id]))));
    line.append(cell);
  }
  return line;
}

/** How often answers like the chosen network's were right, on pictures of the same kind; or that nothing was measured. */
function worth(answer, { photograph, moved, drawn }) {
  byId("worth").replaceChildren(...sentences(answer, { photograph, moved, drawn }).map((text) => element("p", text)));
}

function sentences(answer, { photograph, moved, drawn }) {
  if (!answer) return [];
  if (moved && photograph) return [t("You moved the picture: your browser answers now, from this one view, and nothing was sent. Where it was, the service averages several views of a photo.")];
  if (moved) return [t("You moved the picture: your browser answers now, and nothing was sent. How often such answers are right was not measured.")];
  if (drawn) return [t("How often answers to drawings are right was not measured."), ...doubt(answer)];
  const { name, reliability, decision } = answer;
  const values = { network: titleOf(name), label: label(largest(answer.probabilities)) };
  if (photograph) return decision === "unsure" ? ofPhotographs(name, values) : counted(reliability, "photographs", values);
  if (!reliability) return [t("The service did not judge this answer.")];
  return [...counted(reliability, "dataset", values), ...doubt(answer)];
}

/** Why a network is unsure of a picture that looks like those it learned from. */
const doubt = ({ decision, in_distribution }) =>
  decision === "unsure" && in_distribution ? [t("It says “unsure” because its probability is below its threshold. Of its answers above the threshold, nine of ten were right on held-out pictures.")] : [];

const COUNTED = {
  dataset: {
    label: (values) => t("When {network} said {label} about this surely, it was right on {right} of {images} validation images (95 % interval {low} to {high}).", values),
    confidence: (values) => t("When {network} was about this sure of any class, it was right on {right} of {images} validation images (95 % interval {low} to {high}).", values),
    all: (values) => t("Whatever {network} said, it was right on {right} of {images} validation images (95 % interval {low} to {high}).", values),
  },
  photographs: {
    label: (values) => t("When {network} said {label} about this surely, it was right on {right} of {images} photographs by people it had not seen (95 % interval {low} to {high}).", values),
    confidence: (values) => t("When {network} was about this sure of any class, it was right on {right} of {images} photographs by people it had not seen (95 % interval {low} to {high}).", values),
    all: (values) => t("Whatever {network} said, it was right on {right} of {images} photographs by people it had not seen (95 % interval {low} to {high}).", values),
  },
};

/** A figure about one kind of pictures says nothing about the other. */
function counted(reliability, pictures, values) {
  if (reliability?.pictures !== pictures) return [];
  const [low, high] = reliability.ci95.map(percent);
  const found = { right: percent(reliability.accuracy), images: reliability.images, low, high };
  return [COUNTED[pictures][reliability.over]({ ...values, ...found })];
}

function ofPhotographs(name, values) {
  const measured = served.networks.find((network) => network.name === name)?.photographs;
  if (!measured) return [t("How often {network} is right about photographs was not measured.", values)];
  const { garments, accuracy, answered, right_if_answered } = measured;
  const found = { ...values, garments, right: percent(accuracy), answered: percent(answered) };
  return answered
    ? [t("Of {garments} photographs by people it had not seen, {network} named {right} rightly. It answered {answered} of them and was unsure of the rest; of its answers {sure} were right.", { ...found, sure: percent(right_if_answered) })]
    : [t("Of {garments} photographs by people it had not seen, {network} named {right} rightly, so it says that it is unsure of every photograph.", found)];
}
