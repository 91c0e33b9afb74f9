#!/usr/bin/python3
"""Holds docs/rules against the registry of rules: every rule has a page, which is what
`rpc explain --markdown` prints, and two examples. Linting the bad one has a finding of the rule,
linting the good one has none; neither has errors.

    docs/rules/examples/SLUG/bad.conf, good.conf
    docs/rules/examples/SLUG/options   what rpc lint is told beside the file, if anything; a second
                                       line is for the good one

Usage: rules.py [--update]. With --update the pages are written."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import keys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = (REPOSITORY / os.environ.get("RPC_BUILD", "build")).resolve()
PAGES = REPOSITORY / "docs/rules"
EXAMPLES = PAGES / "examples"
TRUST = {"SSL_CERT_FILE": "tests/golden/test-certificates/root.pem", "SSL_CERT_DIR": "/nonexistent"}


def rpc(*arguments):
    return subprocess.run([BUILD / "rpc", *arguments], cwd=REPOSITORY, capture_output=True,
                          text=True, timeout=30, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **TRUST})


def options_of(slug, name):
    path = EXAMPLES / slug / "options"
    lines = path.read_text().splitlines() if path.exists() else [""]
    return (lines[-1] if name == "good" else lines[0]).split()


def example_problem(slug, name):
    path = EXAMPLES / slug / f"{name}.conf"
    if not path.exists():
        return f"{path.relative_to(REPOSITORY)} is missing: CONTRIBUTING.md, \"Rules\""
    result = rpc("lint", "--format", "json", *options_of(slug, name), str(path))
    try:
        document = json.loads(result.stdout)
    except ValueError:
        return f"{path.relative_to(REPOSITORY)}: rpc lint says {result.stderr.strip()}"
    if document["errors"]:
        return f"{path.relative_to(REPOSITORY)}: {document['errors'][0]['message']}"
    fires = any(finding["rule"] == slug for finding in document["findings"])
    if fires != (name == "bad"):
        return f"{path.relative_to(REPOSITORY)} has {'a' if fires else 'no'} finding of {slug}"
    return None


def wanted_pages(slugs):
    """What the files of docs/rules hold, by name."""
    pages = {f"{slug}.md": rpc("explain", "--markdown", slug).stdout for slug in slugs}
    pages["README.md"] = rpc("explain", "--markdown").stdout
    return pages


def page_problems(pages, update):
    existing = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    for name in sorted(existing.keys() | pages.keys()):
        if existing.get(name) == pages.get(name):
            continue
        if not update:
            yield f"docs/rules/{name} is not what rpc explain prints: run \"make rule-pages\""
        elif name in pages:
            (PAGES / name).write_text(pages[name])
        else:
            (PAGES / name).unlink()


def main():
    keys.protect()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    update = parser.parse_args().update
    slugs = [line.split()[0] for line in rpc("explain").stdout.splitlines()]
    cases = [(slug, name) for slug in slugs for name in ("bad", "good")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for p in pool.map(lambda case: example_problem(*case), cases) if p]
    problems += [f"docs/rules/examples/{path.name} is of no rule"
                 for path in sorted(EXAMPLES.iterdir()) if path.name not in slugs]
    problems += page_problems(wanted_pages(slugs), update)
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"rules: {len(slugs)} with examples and pages, {len(problems)} problems")
    return 1 if problems or not slugs else 0


if __name__ == "__main__":
    sys.exit(main())
