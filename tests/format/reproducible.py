#!/usr/bin/python3
"""Checks that the same configuration gives the same bytes: compiled again, in another folder, under
other locales and time zones, and by rpc as another compiler built it.

    reproducible.py RPC OTHER-RPC

Every configuration of sites.py that compiles is compared; together they have to have something in
every section of the format, and every operation. A comparison changes several things at once, and
names them all when the bytes differ: what makes a difference alone makes one among others, too."""

import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import reader
import sites

# What the bytes are compared with was compiled under these.
PLAIN = {"LC_ALL": "C", "TZ": "UTC"}
# Languages in which letters, numbers or the order of words differ from C's.
LANGUAGES = ["tr_TR", "de_DE", "et_EE"]
# Sections that the format has and rpc does not fill yet.
UNFILLED = {"map", "map_slot", "map_regex", "geo", "geo_ipv4", "geo_ipv6", "geo_proxy", "split",
            "split_part"}


@dataclasses.dataclass
class Circumstances:
    """What a run could depend on, and must not."""
    program: str
    variables: dict
    is_elsewhere: bool = False

    def __str__(self):
        return ", ".join([f"rpc built by {compiler_of(self.program)}",
                          *(["another folder"] if self.is_elsewhere else []),
                          *(f"{name}={value}" for name, value in self.variables.items())])


def compiler_of(program):
    """What a program was built with, as its sections say."""
    return "clang" if b"clang version" in pathlib.Path(program).read_bytes() else "gcc"


def locales(folder):
    """Environments of other languages, where the system can make some: they go into the folder."""
    for language in LANGUAGES:
        try:
            result = subprocess.run(["localedef", "-i", language, "-f", "UTF-8",
                                     folder / f"{language}.UTF-8"], capture_output=True, timeout=120)
        except OSError:
            return
        if result.returncode == 0:
            yield {"LC_ALL": f"{language}.UTF-8", "LOCPATH": str(folder), "TZ": "America/St_Johns"}


def all_circumstances(program, other, folder):
    variables = {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "HOME": "/", "COLUMNS": "40",
                 "LANGUAGE": "de"}
    yield Circumstances(other, variables, is_elsewhere=True)
    for number, variables in enumerate(locales(folder)):
        is_changed = number % 2 == 1
        yield Circumstances(other if is_changed else program, variables, is_elsewhere=is_changed)


def table(site, circumstances):
    """The bytes; None when it does not compile."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "site.rpt")
        elsewhere = None
        if circumstances.is_elsewhere:
            elsewhere = pathlib.Path(folder, "some where", "else")
            shutil.copytree(site.folder, elsewhere, symlinks=True)
        environment = {"PATH": os.environ["PATH"], **circumstances.variables}
        compiles = site.compile(circumstances.program, output, elsewhere, environment)
        return output.read_bytes() if compiles else None


def compare(site, program, others):
    """The table, None when there is none, and the circumstances under which it is another."""
    expected = table(site, Circumstances(program, PLAIN))
    if expected is None:
        return None, []
    return expected, [other for other in others if table(site, other) != expected]


def what_is_missing(tables):
    """What none of the tables has is not compared."""
    read = [reader.Table(data) for data in tables]
    sections = {name for one in read for name in one.sections if one.count(name) > 0}
    operations = {operation.code for one in read for operation in one.records("op")}
    return ([section.name for section in read[0].format.sections
             if section.name not in sections | UNFILLED]
            + [operation.name for operation in read[0].format.operations
               if operation.name not in operations])


def main(program, other):
    program, other = (str(pathlib.Path(path).resolve()) for path in (program, other))
    if compiler_of(program) == compiler_of(other):
        raise SystemExit(f"reproducible: these were built by one compiler: {program}, {other}")
    passed = failed = 0
    tables = []
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        others = list(all_circumstances(program, other, pathlib.Path(folder)))
        every = sites.all_sites()
        for site, (data, different) in zip(every, pool.map(lambda one: compare(one, program, others),
                                                           every)):
            if data is None:
                continue
            tables.append(data)
            passed += len(others) - len(different)
            failed += len(different)
            for circumstances in different:
                print(f"FAILED {site.name}: other bytes with {circumstances}")
    missing = what_is_missing(tables) if tables else ["tables"]
    if missing:
        print(f"FAILED: {sites.EVERYTHING.name} lacks {', '.join(missing)}")
    passed, failed = passed + (not missing), failed + bool(missing)
    print(f"{len(tables)} configurations, compared with:", *others, sep="\n    ")
    print(f"reproducible: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
