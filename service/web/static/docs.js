// The API's page: examples with the address the visitor sees, and Swagger UI once it is asked for.

import { t } from "./text.js";

// A copy on a web space names the service, or none: its examples then ask this machine.
const address = document.documentElement.dataset.service ?? new URL(".", location.href).href;
for (const code of document.querySelectorAll(".code code")) {
  code.textContent = code.textContent.replaceAll("http://127.0.0.1:8080/", address || "http://127.0.0.1:8080/");
}

// Browsers give the clipboard to pages from https or from this machine only.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = t("Copy");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = t("Copied");
    });
    block.append(button);
  }
}

const opening = document.getElementById("open-reference");

function openReference() {
  opening.disabled = true;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = opening.dataset.style;
  const script = document.createElement("script");
  script.src = opening.dataset.script;
  script.addEventListener("load", show);
  document.head.append(style, script);
}

const dark = matchMedia("(prefers-color-scheme: dark)");
/** Swagger UI's own dark colours. */
const followTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

function show() {
  dark.addEventListener("change", followTheme);
  followTheme();
  const { presets } = SwaggerUIBundle;
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    presets: [presets.apis],
    onComplete: () => opening.parentElement.remove(),
  });
}

opening?.addEventListener("click", openReference);
if (opening && location.hash.startsWith("#/")) openReference(); // a link to one of its routes
