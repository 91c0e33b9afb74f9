"""What the test files of all families have in common: a test per case, and one of what they added up
to. Each file runs in one process, so that its tally is complete when its last test runs."""

import pytest

from differential import families
from differential.compare import Tally, check
from differential.side import IS_SELF_CHECK


def compared(*names, requests, outcomes, proxied=0, places=0, statuses=(), known=()):
    """The two tests of a file: that every case's answers are nginx's, and that there were at least
    that many requests, different outcomes, requests at a backend, places reached and statuses, and that
    these rows of known.py explained something."""
    cases = [case for name in names for case in families.cases_of(name)]
    tally, ran = Tally(), []

    @pytest.mark.parametrize("case", cases, ids=str)
    def test_answers_are_nginxs(bench, case):
        ran.append(case)
        check(bench, case, tally)

    def test_enough_was_exercised():
        if len(ran) < len(cases):
            pytest.skip("only some of the cases were run")
        print(tally)
        assert tally.requests >= requests
        assert len(tally.outcomes) >= outcomes
        assert tally.proxied >= proxied
        assert len(tally.markers_seen & tally.markers_written) >= places
        for status, count in dict(statuses).items():
            assert tally.statuses[str(status)] >= count, f"{status}: {tally}"
        assert IS_SELF_CHECK or all(tally.known[name] for name in known), str(tally)

    return test_answers_are_nginxs, test_enough_was_exercised
