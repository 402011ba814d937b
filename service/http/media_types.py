"""The media types that several rooms read or write."""

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
PROBLEM = "application/problem+json"
