"""What `python3 -m differential` does; see __main__.py."""

import pathlib

from differential import families, tree
from differential.case import PRELUDE, Case, Request
from differential.compare import Tally, run
from differential.side import Bench, start_nginx, start_other


def chosen(names):
    """Cases whose name begins with one of these; all without any."""
    return [case for case in families.all_cases()
            if not names or any(case.name.startswith(name) for name in names)]


def list_cases(names):
    cases = chosen(names)
    for case in cases:
        print(f"{len(case.requests):6} {case.name}")
    print(f"{sum(len(case.requests) for case in cases):6} in {len(cases)} cases")


def show(names):
    for case in chosen(names):
        print(f"# {case.name}\n{case.http}")
        for request in case.requests:
            print(request)


def run_cases(names):
    failed = 0
    with closing_bench() as bench:
        for case in chosen(names):
            tally = Tally()
            try:
                results = run(bench, case)
            except AssertionError as error:
                failed += 1
                print(f"== {case}: {error}")
                continue
            tally.add(case, results)
            different = [result for result in results if result.differs]
            failed += len(different)
            print(f"== {case}: {len(different)} differences in {tally}")
            for result in different:
                print(result)
    print(f"{failed} differences")
    return 1 if failed else 0


class closing_bench:
    def __enter__(self):
        self.bench = Bench()
        return self.bench

    def __exit__(self, *_):
        self.bench.close()


def main(arguments, usage):
    commands = {"list": list_cases, "show": show, "run": run_cases}
    if not arguments or arguments[0] not in commands:
        print(usage)
        return 2
    return commands[arguments[0]](arguments[1:])
