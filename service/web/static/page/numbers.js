// Numbers, for page and workers alike.

/** The value, or the end of the range that it is beyond. */
export const within = (value, low, high) => Math.min(Math.max(value, low), high);

/** Where the largest of them is; of equal ones the first. */
export const largest = (values) => values.indexOf(Math.max(...values));
