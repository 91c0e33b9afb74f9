#!/usr/bin/python3
"""Holds `rpc lint` against configurations whose faults are known, and prints how many of its findings
are right (precision) and how many of the faults it finds (recall). Below 0.98 of either it fails.

    tests/corpus/NAME.conf

is a configuration as people write them. Comments say what is wrong with it, by the slugs of rules:

    proxy_pass http://$arg_to;      # expect: open-proxy
    location /ws/ {                 # expect-within: websocket-upgrade

The first names the line, for faults that stand somewhere; the second the block that begins there, for
something that is missing from it. Either of "rule|other" will do. "may:" and "may-within:" name what reviewers could say or leave out,
and is counted neither way. In the comment at the head of a file "-within" means all of it, and
"# lint: OPTION..." is what `rpc lint` is told beside the file. A file that expects nothing has no fault.

Findings count from warnings upwards, lesser ones where they are expected. A fault is found, too, when
an error or a warning of the compiler's own (RPCnnnn) in its lines says so. Only rules that `rpc explain`
lists are judged: faults of others wait for their rules.

Usage: score.py [-v] [NAME...]"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys

CORPUS = pathlib.Path(__file__).resolve().parent
BUILD = (CORPUS.parent.parent / os.environ.get("RPC_BUILD", "build")).resolve()
BAR = 0.98
LEAST_FILES = 200
COUNTED = ("error", "warning")
MARK = re.compile(r"\b(expect|may)(-within)?:((?:\s+[a-z][a-z0-9|-]*(?![a-z0-9|:-]))+)")
OPTIONS = re.compile(r"#\s*lint:\s*(.+)")
# A word that holds a quote further on is not quoted, and "${" opens no block.
TOKEN = re.compile(r"""#[^\n]*|\$\{|\\.|(?<![^\s{};])"(?:\\.|[^"\\])*"|(?<![^\s{};])'(?:\\.|[^'\\])*'"""
                   r"|[{}]|\n", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Mark:
    """What a comment says of rules: that one finds something in these lines, or may."""
    rules: tuple
    first: int
    last: int
    is_expected: bool

    def holds(self, place):
        return self.first <= place["line"] <= self.last

    def covers(self, finding):
        return finding["rule"] in self.rules and self.holds(finding)

    def names(self):
        return "|".join(self.rules)


@dataclasses.dataclass
class Case:
    path: pathlib.Path
    marks: list
    options: list

    def expected(self):
        return [mark for mark in self.marks if mark.is_expected]


@dataclasses.dataclass
class Score:
    found: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    missed: list = dataclasses.field(default_factory=list)  # (rule, place)
    alarms: list = dataclasses.field(default_factory=list)  # (rule, place and message)
    waiting: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unreadable: list = dataclasses.field(default_factory=list)
    wrong: set = dataclasses.field(default_factory=set)

    def precision(self):
        return ratio(self.found.total(), len(self.alarms))

    def recall(self):
        return ratio(self.found.total(), len(self.missed))


def ratio(right, wrong):
    return right / (right + wrong) if right + wrong else 1.0


def scan_text(text):
    """Comments by line, the first line that holds a statement, and where blocks end by where they
    begin."""
    comments, ends, open_blocks, line, statement = {}, {}, [], 1, None
    position = 0
    for match in TOKEN.finditer(text):
        if statement is None and (text[position:match.start()].strip() or match.group()[0] not in "#\n"):
            statement = line
        token = match.group()
        if token[0] == "#":
            if text[match.start() - 1] in " \t\n" or match.start() == 0:
                comments[line] = token
        elif token == "{":
            open_blocks.append(line)
        elif token == "}" and open_blocks:
            begin = open_blocks.pop()
            ends[begin] = max(line, ends.get(begin, 0))
        line += token.count("\n")
        position = match.end()
    return comments, statement or line, ends, line


def read_case(path):
    text = path.read_text()
    comments, statement, ends, last = scan_text(text)
    marks, options = [], []
    for line, comment in comments.items():
        if line < statement and (match := OPTIONS.match(comment)):
            options = match.group(1).split()
        for kind, within, slugs in MARK.findall(comment):
            lines = (line, line)
            if within:
                if line >= statement and line not in ends:
                    sys.exit(f"{path.name}:{line}: no block begins here")
                lines = (1, last) if line < statement else (line, ends[line])
            marks += [Mark(tuple(word.split("|")), *lines, kind == "expect") for word in slugs.split()]
    return Case(path, marks, options)


def rpc(*arguments):
    return subprocess.run([BUILD / "rpc", *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


def lint_file(case):
    result = rpc("lint", "--format", "json", *case.options, str(case.path))
    try:
        return json.loads(result.stdout)
    except ValueError:
        return None


def judge_errors(case, report, score):
    """Errors in the input are in order only where they tell a fault that keeps a configuration from being
    loaded."""
    for error in report["errors"]:
        if not any(mark.holds(error) for mark in case.marks):
            score.unreadable.append(f"{case.path.name}:{error['line']}: {error['message']}")


def judge_file(case, report, rules, score):
    name = case.path.name
    of_compiler = report["errors"] + [finding for finding in report["findings"]
                                      if finding["rule"].startswith("RPC")]
    for mark in case.expected():
        found = [finding["rule"] for finding in report["findings"] if mark.covers(finding)]
        if found or any(map(mark.holds, of_compiler)):
            score.found[found[0] if found else mark.rules[0]] += 1
        elif rules.isdisjoint(mark.rules):
            score.waiting[mark.names()] += 1
        else:
            score.missed.append((mark.names(), f"{name}:{mark.first}"))
            score.wrong.add(name)
    for finding in report["findings"]:
        if finding["rule"] in rules and finding["severity"] in COUNTED \
                and not any(mark.covers(finding) for mark in case.marks):
            score.alarms.append((finding["rule"], f"{name}:{finding['line']}: {finding['message']}"))
            score.wrong.add(name)


def judge_case(case, report, rules, score):
    if report is None and case.options:
        # This build does not know the options yet.
        for mark in case.expected():
            score.waiting[mark.names()] += 1
        return
    if report is None:
        score.unreadable.append(f"{case.path.name}: rpc lint prints no JSON")
        return
    judge_errors(case, report, score)
    judge_file(case, report, rules, score)


def print_score(score, rules, cases, verbose):
    faulty = sum(1 for case in cases if case.expected())
    for rule in sorted(rules if verbose else
                       {rule for rule, _ in score.missed} | {rule for rule, _ in score.alarms}):
        missed = [place for name, place in score.missed if name == rule]
        alarms = [place for name, place in score.alarms if name == rule]
        print(f"{rule}: {score.found[rule]} found, {len(missed)} missed, {len(alarms)} false alarms")
        for place in missed:
            print(f"  missed       {place}")
        for place in alarms:
            print(f"  false alarm  {place}")
    for place in score.unreadable:
        print(f"FAILED {place}")
    print(f"waiting for rules: {score.waiting.total()}")
    for rule, count in sorted(score.waiting.items()):
        print(f"  {rule}: {count}")
    print(f"{len(cases)} configurations, {faulty} of them with faults; {score.found.total()} faults found, "
          f"{len(score.missed)} missed, {len(score.alarms)} false alarms: "
          f"precision {score.precision():.3f}, recall {score.recall():.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", "--verbose", action="store_true", help="print every rule")
    parser.add_argument("names", nargs="*", help="judge these files only")
    options = parser.parse_args()
    paths = [CORPUS / f"{name.removesuffix('.conf')}.conf" for name in options.names]
    cases = [read_case(path) for path in paths or sorted(CORPUS.glob("*.conf"))]
    rules = {line.split()[0] for line in rpc("explain").stdout.splitlines()}
    score = Score()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lint_file, cases))
    for case, report in zip(cases, reports):
        judge_case(case, report, rules, score)
    print_score(score, rules, cases, options.verbose)
    is_complete = bool(paths) or len(cases) >= LEAST_FILES
    is_good = min(score.precision(), score.recall()) >= BAR and is_complete and bool(rules)
    failed = len(score.unreadable) + (0 if is_good else max(1, len(score.wrong)))
    print(f"corpus: {len(cases) - len(score.wrong)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
