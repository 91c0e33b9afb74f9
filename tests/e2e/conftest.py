"""Fixtures of the end-to-end tests. Every test that takes a lab runs once per loop back end; under
sanitizers, which look at what both share, a file's tests run with one of them."""

import sys
import pathlib
import zlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lab import Lab  # noqa: E402  (the path has to be set first)
from lab.daemon import SANITIZED  # noqa: E402

METHODS = ["epoll", "poll"]


def pytest_collection_modifyitems(config, items):
    if not SANITIZED:
        return
    chosen, others = [], []
    for item in items:
        method = getattr(item, "callspec", None) and item.callspec.params.get("method")
        usual = METHODS[zlib.crc32(item.path.name.encode()) % len(METHODS)]
        (chosen if method in (None, usual) else others).append(item)
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
