"""The media types that several rooms read or write."""

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
JSON_LINES_ALIASES = (
    "application/jsons",
    "application/jsonl",
    "application/x-jsonl",
    "application/x-jsonlines",
    "application/x-ndjson",
    "application/ndjson",
)
"""What JSON lines are called by others; nobody has registered a name."""

ALL_JSON_LINES = (JSON_LINES, *JSON_LINES_ALIASES)

NPY = "application/x-npy"
PROBLEM = "application/problem+json"
HTML = "text/html"
