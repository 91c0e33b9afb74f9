"""What cases are worth: a statement that can be left out without changing any answer tests nothing.

Runs nginx alone, on a case's text and on the text without one statement, and counts the answers that
differ, by kind of statement."""

import collections

from differential import tree
from differential.side import start_nginx, usable

# Not fragments of the language under test, or what all of a server hangs on.
SCAFFOLD = {"listen", "access_log", "proxy_http_version", "server", "upstream", "map", "geo", "split_clients"}


def answers(bench, http, requests):
    """What nginx answers; None when it refuses the text."""
    try:
        with bench.sides((start_nginx, http)) as (side,):
            return [side.ask(request, bench.recorder) for request in requests]
    except AssertionError:
        return None


def without(statements, left_out):
    """The statements of a configuration but one, wherever it is."""
    return [tree.Statement(statement.words, statement.block and without(statement.block, left_out))
            for statement in statements if statement is not left_out]


class Ablation:
    """Counts by kind: statements there are, those left out so far, answers changed by it."""

    def __init__(self, bench):
        self.bench = bench
        self.present = collections.Counter()
        self.tried = collections.Counter()
        self.changed = collections.Counter()
        self.baselines = {}

    def candidates(self, case):
        """Statements of a case that may be left out, with their kinds."""
        statements = tree.parse(case.http)
        for statement, parents in tree.walk(statements):
            is_entry = parents and parents[-1].name in ("map", "geo", "split_clients")
            if (is_entry or statement.name not in SCAFFOLD) and not (parents and parents[-1].name == "upstream"):
                yield statements, statement, tree.kind(statement, parents)

    def leave_out(self, case, statements, statement, kind):
        requests = usable(case.requests)
        if case.name not in self.baselines:
            self.baselines[case.name] = answers(self.bench, case.http, requests)
        changed = answers(self.bench, tree.render(without(statements, statement)), requests)
        if changed is not None:
            self.tried[kind] += 1
            self.changed[kind] += sum(one != other for one, other in zip(self.baselines[case.name], changed))

    def report(self):
        lines = [f"{'kind':44}{'statements':>11}{'left out':>9}{'answers changed':>17}"]
        for kind in sorted(self.present):
            lines.append(f"{kind:44}{self.present[kind]:11}{self.tried[kind]:9}{self.changed[kind]:17}")
        return "\n".join(lines)
