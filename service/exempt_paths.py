"""Paths that are treated unlike the rest: what is asked for by probes and scrapers, and files."""

HEALTH_CHECKS = ("/ping", "/v2/health/live", "/v2/health/ready")
"""What balancers and orchestrators ask every few seconds; their probes cannot be taught a key."""

ALWAYS_ADMITTED = (*HEALTH_CHECKS, "/metrics")
"""What must be answered most of all when there is too much to do; neither logged nor traced where all is well."""

FILES = ("/static/", "/figures/", "/networks/")
"""What costs the time of its client alone."""


def takes_place(path: str) -> bool:
    """Whether a request for a path is one of those that a worker has in flight."""
    return path not in ALWAYS_ADMITTED and not path.startswith(FILES)
