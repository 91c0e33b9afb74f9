"""What `python3 -m differential` does; see __main__.py."""

import contextlib
import dataclasses
import pathlib

from differential import families, tree
from differential.ablation import Ablation
from differential.case import PRELUDE, Case, Request
from differential.compare import Tally, run
from differential.side import Bench


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
        print(f"# {case.name}\n{tree.render(tree.parse(case.http))}")
        for request in case.requests:
            print(request)


def run_cases(names):
    failed = 0
    with contextlib.closing(Bench()) as bench:
        for case in chosen(names):
            failed += run_case(bench, case)
    print(f"{failed} differences")
    return 1 if failed else 0


def run_case(bench, case):
    """Prints how a case went; the number of differences."""
    tally = Tally()
    try:
        results = run(bench, case)
    except AssertionError as error:
        print(f"== {case}: {error}")
        return 1
    tally.add(case, results)
    different = [result for result in results if result.differs]
    print(f"== {case}: {len(different)} differences in {tally}")
    for result in different:
        print(result)
    return len(different)


def differs(bench, statements, request):
    """The result of one request on a configuration, when both daemons take it and differ."""
    try:
        results = run(bench, Case("minimised", tree.render(statements), (request,)))
    except AssertionError:
        return None
    return next((result for result in results if result.differs), None)


def minimise(arguments):
    """Leaves out what the difference does not need: whole blocks first, then what is inside."""
    case = next(case for case in chosen(arguments[:1]) if case.name == arguments[0])
    word = arguments[1] if len(arguments) > 1 else ""
    with contextlib.closing(Bench()) as bench:
        found = next((result for result in run(bench, case) if result.differs and word in str(result)), None)
        if found is None:
            print("no difference")
            return 0
        statements, request = tree.parse(case.http), found.request
        statements = smaller_text(bench, statements, request)
        request = smaller_request(bench, statements, request)
        print(tree.render(statements))
        print(differs(bench, statements, request))
    return 1


def smaller_text(bench, statements, request):
    depth, shrunk = 0, True
    while shrunk or depth < 4:
        shrunk = False
        for statement, parents in list(tree.walk(statements)):
            if len(parents) != depth or statement.name in ("listen", "access_log", "proxy_http_version"):
                continue
            trial = drop(statements, statement)
            if trial != statements and differs(bench, trial, request):
                statements, shrunk = trial, True
        depth = depth + 1 if depth < 4 else 0 if shrunk else depth
    return statements


def drop(statements, statement):
    """Without it, if it is still there: what was rebuilt since is found by being equal."""
    kept = []
    for other in statements:
        if other == statement:
            return kept + statements[len(kept) + 1:]
        kept.append(tree.Statement(other.words, other.block and drop(other.block, statement)))
    return kept


def smaller_request(bench, statements, request):
    simpler = [{"headers": ()}, {"method": "GET", "body": None}, {"source": "127.0.0.1"}, {"host": "one.example"},
               {"target": request.target.partition("?")[0]}]
    for change in simpler:
        trial = dataclasses.replace(request, **change)
        if trial != request and differs(bench, statements, trial):
            request = trial
    return request


def coverage(names):
    with contextlib.closing(Bench(patience=1.0)) as bench:
        ablation = Ablation(bench)
        for case in chosen(names):
            for statements, statement, kind in ablation.candidates(case):
                ablation.present[kind] += 1
                ablation.leave_out(case, statements, statement, kind)
        print(ablation.report())


def ask_both(arguments):
    requests = tuple(request_of(text) for text in arguments[1:])
    case = Case("asked", PRELUDE + pathlib.Path(arguments[0]).read_text(), requests)
    with contextlib.closing(Bench()) as bench:
        for result in run(bench, case):
            print(f"{result.request}\n  nginx {result.nginx}\n  rpcd  {result.other}")


def request_of(text):
    """"/x", "POST /x" or "POST /x host"."""
    words = text.split(" ")
    if words[0].startswith("/"):
        words.insert(0, "GET")
    return Request(words[1], words[2] if len(words) > 2 else "one.example", words[0])


def main(arguments, usage):
    commands = {"list": list_cases, "show": show, "run": run_cases, "minimise": minimise, "coverage": coverage,
                "ask": ask_both}
    if not arguments or arguments[0] not in commands:
        print(usage)
        return 2
    return commands[arguments[0]](arguments[1:])
