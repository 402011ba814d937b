// The page's elements, and what the service wrote into the page for its scripts.

export const byId = (id) => document.getElementById(id);

/** {labels, default, networks: [{name, title, file, photographs}]}: see Reports in service/outputs/reports.py. */
export const served = JSON.parse(byId("served").textContent);

export function element(name, text = "", properties = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, properties);
}

export function button(text, press) {
  const made = element("button", text, { type: "button" });
  made.addEventListener("click", press);
  return made;
}

/** Waits until the reader comes near an element, or is below it. */
export const near = (target) =>
  new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: "1000000px 0px 400px 0px" }, // of the window: above, right, below, left
    );
    observer.observe(target);
  });
