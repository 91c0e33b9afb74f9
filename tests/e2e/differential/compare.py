"""Runs cases on both daemons and tells the differences, and keeps count of what was exercised."""

import collections
import dataclasses

from differential import known, outcome, tree
from differential.side import IS_SELF_CHECK, start_nginx, start_other, usable

SHOWN = 8  # Differences of one case that are printed in full.


@dataclasses.dataclass
class Result:
    request: object
    nginx: outcome.Outcome
    other: outcome.Outcome

    @property
    def explanation(self):
        """The rows of known.py that explain a difference."""
        return () if IS_SELF_CHECK or self.nginx == self.other else known.explains(self.request, self.nginx, self.other)

    @property
    def differs(self):
        return self.nginx != self.other and not self.explanation

    def __str__(self):
        return "\n".join([f"  {self.request}", *outcome.difference(self.nginx, self.other)])


def run(bench, case, makers=(start_nginx, start_other), texts=None):
    """A result per request."""
    texts = texts or (case.http, case.http)
    with bench.sides(*zip(makers, texts)) as sides:
        return [Result(request, *(side.ask(request, bench.recorder) for side in sides))
                for request in usable(case.requests)]


class Tally:
    """What the cases of one file have exercised, counted by what nginx did."""

    def __init__(self):
        self.requests = 0
        self.statuses = collections.Counter()
        self.proxied = 0
        self.known = collections.Counter()
        self.outcomes = set()
        self.markers_seen = set()
        self.markers_written = set()

    def add(self, case, results):
        self.requests += len(results)
        for result in results:
            self.statuses[result.nginx.code] += 1
            self.proxied += bool(result.nginx.backend)
            self.outcomes.add((case.name, result.nginx))
            self.markers_seen.update((case.name, marker) for marker in result.nginx.markers)
            self.known.update(row.name for row in result.explanation)
        self.markers_written.update((case.name, marker) for marker in markers(case.http))

    def __str__(self):
        reached = len(self.markers_seen & self.markers_written)
        statuses = " ".join(f"{code}:{count}" for code, count in sorted(self.statuses.items()))
        text = f"{self.requests} requests, {len(self.outcomes)} different outcomes, " \
            f"{self.proxied} proxied, {reached} of {len(self.markers_written)} places reached, " \
            f"{statuses}"
        return text + "".join(f"\nknown difference {name}: {count}"
                              for name, count in sorted(self.known.items()))


def markers(http):
    """Every constant marker that a configuration can put into a response."""
    return {statement.words[2] for statement, _ in tree.walk(tree.parse(http))
            if statement.words[:2] == ["add_header", "X-Location"] and "$" not in statement.words[2]}


def check(bench, case, tally):
    """Fails with the differences of a case."""
    results = run(bench, case)
    tally.add(case, results)
    different = [result for result in results if result.differs]
    if different:
        shown = "\n".join(str(result) for result in different[:SHOWN])
        raise AssertionError(f"{case}: {len(different)} of {len(results)} requests differ\n{shown}\n"
                             f"on this configuration:\n{case.http}")
