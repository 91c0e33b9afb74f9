"""Fixtures of the end-to-end tests.

Every test that takes a lab can run with each back end of the loop. What a file tests seldom depends
on it, so a run uses one per file: half of the files epoll, the other half poll, and a run under
sanitizers the other way round, so that `make check` runs each test with both. LOOP names the back
ends to use instead, as in LOOP=epoll,poll."""

import os
import sys
import pathlib
import zlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lab import Lab  # noqa: E402  (the path has to be set first)
from lab.daemon import SANITIZED  # noqa: E402

METHODS = ["epoll", "poll"]


def methods_of(path):
    """The back ends that the tests of a file run with."""
    if "LOOP" in os.environ:
        return os.environ["LOOP"].split(",")
    return [METHODS[(zlib.crc32(path.name.encode()) + SANITIZED) % len(METHODS)]]


def pytest_collection_modifyitems(config, items):
    chosen, others = [], []
    for item in items:
        method = getattr(item, "callspec", None) and item.callspec.params.get("method")
        if method is not None and method not in METHODS:
            raise pytest.UsageError(f"{item.nodeid}: \"method\" is the loop's back end; the test "
                                    "would never run")
        (chosen if method is None or method in methods_of(item.path) else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen


@pytest.fixture(scope="session", params=METHODS)
def method(request):
    """The loop back end that rpcd uses."""
    return request.param


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        report = outcome.get_result()
        item.has_failed = report.failed
        shared = item.funcargs.get("shared_lab")
        if report.failed and shared is not None:
            report.sections.append(("daemons", shared.report()))


@pytest.fixture
def lab(request, method):
    """A lab for one test."""
    lab = Lab(method)
    yield lab
    lab.close(getattr(request.node, "has_failed", False))


@pytest.fixture(scope="module")
def shared_lab(method):
    """A lab for a module whose tests only ask, so that they can share what runs."""
    lab = Lab(method)
    yield lab
    lab.close()
