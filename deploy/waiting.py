"""Waits for what AWS does in minutes, and shows how far it is."""

import time
from collections.abc import Callable

from deploy.errors import DeploymentError

POLL_SECONDS = 10.0
_SIGN_OF_LIFE_SECONDS = 60.0


def until(
    status: Callable[[], tuple[str, str | None]], *, wanted: str, what: str, log_group: str, limit_s: float = 3600
) -> None:
    """Ask for a status until it is the wanted one; print each change, and a line a minute.

    Args:
        status: gives the present status and, where AWS gives one, the reason of a failure.
        wanted: the status of success.
        what: how to call it, such as "endpoint NAME".
        log_group: where the containers' own words are.
        limit_s: how long to wait, in seconds.

    Raises:
        DeploymentError: it failed, or the time is up.

    """
    began = said = time.monotonic()
    last = ""
    while True:
        now, reason = status()
        passed = time.monotonic() - began
        if now != last or time.monotonic() - said >= _SIGN_OF_LIFE_SECONDS:
            print(f"{what}: {now} ({passed:.0f} s)", flush=True)
            last, said = now, time.monotonic()
        if now == wanted:
            return
        if now in ("Failed", "UpdateRollbackFailed", "Stopped", "OutOfService"):
            raise DeploymentError(
                f"{what} is {now}: {reason or 'AWS gives no reason'}. The container's own words are in the CloudWatch "
                f"log group {log_group}: aws logs tail {log_group}"
            )
        if passed > limit_s:
            raise DeploymentError(
                f"{what} is still {now} after {limit_s:.0f} s; see the CloudWatch log group {log_group}, and ask "
                f"for its status again"
            )
        time.sleep(POLL_SECONDS)
