"""Waiting for something that happens soon, without sleeping longer than needed."""

import time


def wait_until(condition, what="it", seconds=10.0, step=0.005):
    """Calls `condition` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(step)
