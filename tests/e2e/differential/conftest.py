"""Fixtures of the differential tests; see differential/__init__.py."""

import pytest

from lab.daemon import find_nginx

from differential.side import Bench


@pytest.fixture(scope="session")
def bench():
    if find_nginx() is None:
        pytest.skip("no nginx to compare with")
    bench = Bench()
    yield bench
    bench.close()
