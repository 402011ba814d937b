"""What takes no place of a prediction."""

ALWAYS_ADMITTED = ("/ping", "/metrics", "/v2/health/live", "/v2/health/ready")
"""What must be answered most of all when there is too much to do."""

FILES = ("/static/", "/figures/", "/networks/")
"""What costs the time of its client alone."""


def takes_place(path: str) -> bool:
    """Whether a request for a path is one of those that a worker has in flight."""
    return path not in ALWAYS_ADMITTED and not path.startswith(FILES)
