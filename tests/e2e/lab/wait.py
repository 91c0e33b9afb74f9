"""Waiting for something that happens soon, without sleeping longer than needed."""

import time


def wait_until(condition, what="it", seconds=30.0, step=0.005):
    """Calls `condition` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(step)


def wait_until_still(read, what="it", still=0.4, seconds=20.0, step=0.02):
    """Calls `read` until it has returned the same for a while, and returns that."""
    deadline = time.monotonic() + seconds
    value, since = read(), time.monotonic()
    while time.monotonic() - since < still:
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come to rest within {seconds} s")
        time.sleep(step)
        following = read()
        if following != value:
            value, since = following, time.monotonic()
    return value
