"""Waiting for what another process does in its own time."""

import time


def soon(condition, within=10):
    """What `condition` comes to: at once when it holds, else what it is after so many seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    return condition()
