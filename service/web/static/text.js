// What the page's scripts say, in its language. What the templates say, the service has translated.

const language = document.documentElement.lang;
const messages =
  language === "en"
    ? {}
    : await fetch(new URL(`messages/${language}.json`, import.meta.url))
        .then((answer) => answer.json())
        .catch(() => ({})); // English is better than nothing

/** A sentence in the page's language, by its English; `{name}` in it becomes `values.name`. */
export function t(english, values = {}) {
  const sentence = messages[english] ?? english;
  return sentence.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}

/** A number with so many digits after the decimal mark, as the language writes it. */
export function decimal(value, digits) {
  const written = value.toFixed(digits);
  return language === "es" ? written.replace(".", ",") : written;
}
