#!/usr/bin/python3
"""Runs the golden tests: a folder GROUP/CASE/ is one case.

    command   one line, run by a shell inside the folder, with rpc in PATH: rpc lint site.conf
    …         its input files
    stdout    what it must print; no file means nothing
    stderr    the same for standard error
    status    its exit status; no file means 0

Usage: run.py [--update] [GROUP[/CASE]…]. With --update the expectations are rewritten from what the
commands do; look at the difference before you keep it. The programs come from the build folder
that RPC_BUILD names (build)."""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import subprocess
import sys

import keys

ROOT = pathlib.Path(__file__).resolve().parent
REPOSITORY = ROOT.parent.parent
BUILD = (REPOSITORY / os.environ.get("RPC_BUILD", "build")).resolve()
TIME_LIMIT = 30


def environment():
    return {
        "PATH": f"{BUILD}:/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "ASAN_OPTIONS": "detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def run_case(folder):
    """What the case's command did, in the shape of its expectation files."""
    command = (folder / "command").read_text().strip()
    try:
        result = subprocess.run(command, shell=True, cwd=folder, env=environment(),
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return {"stdout": "", "stderr": f"no end after {TIME_LIMIT} s\n", "status": "timeout"}
    return {
        "stdout": result.stdout.decode("utf-8", "backslashreplace"),
        "stderr": result.stderr.decode("utf-8", "backslashreplace"),
        "status": str(result.returncode),
    }


def expectation(folder, name):
    path = folder / name
    text = path.read_text() if path.exists() else ""
    if name == "status":
        return text.strip() or "0"
    return text


def write_expectation(folder, actual):
    for name, text in actual.items():
        path = folder / name
        if text == ("0" if name == "status" else ""):
            path.unlink(missing_ok=True)
        else:
            path.write_text(text + "\n" if name == "status" else text)


def differences(folder, actual):
    lines = []
    for name, text in actual.items():
        expected = expectation(folder, name)
        if text != expected:
            lines += difflib.unified_diff(expected.splitlines(), text.splitlines(),
                                          f"expected {name}", f"actual {name}", lineterm="")
            if text.splitlines() == expected.splitlines():
                lines.append(f"{name}: only the newline at the end differs")
    return lines


def chosen_cases(names):
    cases = sorted(path.parent for path in ROOT.glob("*/*/command"))
    if not names:
        return cases
    wanted = {name.strip("/") for name in names}
    return [case for case in cases
            if case.parent.name in wanted or str(case.relative_to(ROOT)) in wanted]


def main():
    keys.protect()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*", metavar="GROUP[/CASE]")
    options = parser.parse_args()
    cases = chosen_cases(options.names)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for folder, actual in zip(cases, pool.map(run_case, cases)):
            lines = differences(folder, actual)
            if lines and options.update and actual["status"] != "timeout":
                write_expectation(folder, actual)
                print(f"updated {folder.relative_to(ROOT)}")
            elif lines:
                failed += 1
                print(f"FAILED {folder.relative_to(ROOT)}: {(folder / 'command').read_text().strip()}")
                print("\n".join("    " + line for line in lines))
    if not cases:
        print("no golden test of that name" if options.names else "there are no golden tests")
        return 1
    print(f"golden: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
