#!/usr/bin/python3
"""Checks that the same configuration gives the same bytes: compiled again, in another folder, under
other locales and time zones, and by rpc as another compiler built it.

    reproducible.py RPC OTHER-RPC…

Every configuration of sites.py that compiles is compared; together they have to have something in
every section of the format, and every operation."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import reader
import sites

# What a run could depend on, and must not: (what, variables).
ENVIRONMENTS = [
    ("the same once more", {"LC_ALL": "C", "TZ": "UTC"}),
    ("another locale and time zone", {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "HOME": "/",
                                      "COLUMNS": "40", "LANGUAGE": "de"}),
]
# Languages in which letters, numbers or the order of words differ from C's.
LANGUAGES = ["tr_TR", "de_DE", "et_EE"]
# Sections that the format has and rpc does not fill yet.
UNFILLED = {"map", "map_slot", "map_regex", "geo", "geo_ipv4", "geo_ipv6", "geo_proxy", "split",
            "split_part"}


def add_languages(folder):
    """Locales besides C's where the system can make some: they go into a folder of ours."""
    for language in LANGUAGES:
        try:
            result = subprocess.run(["localedef", "-i", language, "-f", "UTF-8",
                                     folder / f"{language}.UTF-8"], capture_output=True, timeout=120)
        except OSError:
            return
        if result.returncode == 0:
            ENVIRONMENTS.append((f"the locale {language}.UTF-8",
                                 {"LC_ALL": f"{language}.UTF-8", "LOCPATH": str(folder),
                                  "TZ": "America/St_Johns"}))


def compiler_of(program):
    """What a program was built with, as its sections say."""
    return "clang" if b"clang version" in pathlib.Path(program).read_bytes() else "gcc"


def check_programs(programs):
    if len({compiler_of(program) for program in programs}) < 2:
        raise SystemExit("reproducible: these were built by one compiler: " + ", ".join(programs))


class Comparison:
    def __init__(self, folder):
        self.folder = folder
        self.passed = 0
        self.failed = 0
        self.sections = set()
        self.operations = set()

    def table(self, program, site, folder=None, variables=None):
        """The bytes; None when it does not compile."""
        output = self.folder / "site.rpt"
        environment = {"PATH": os.environ["PATH"], **(variables or ENVIRONMENTS[0][1])}
        return output.read_bytes() if site.compile(program, output, folder, environment) else None

    def expect(self, what, site, expected, actual):
        if actual == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {site.name}: {what} gives other bytes")

    def compare(self, site, programs):
        expected = self.table(programs[0], site)
        if expected is None:
            return False
        self.note_contents(expected)
        for what, variables in ENVIRONMENTS:
            self.expect(what, site, expected, self.table(programs[0], site, variables=variables))
        elsewhere = self.folder / "some where" / "else"
        shutil.copytree(site.folder, elsewhere, symlinks=True)
        self.expect("another folder", site, expected, self.table(programs[0], site, elsewhere))
        for program in programs[1:]:
            self.expect(f"rpc built by {compiler_of(program)}", site, expected,
                        self.table(program, site))
        shutil.rmtree(elsewhere)
        return True

    def note_contents(self, data):
        table = reader.Table(data)
        self.sections |= {name for name in table.sections if table.count(name) > 0}
        self.operations |= {op.code for op in table.records("op")}
        self.format = table.format

    def expect_everything(self):
        """What no configuration has is not compared."""
        missing = [section.name for section in self.format.sections
                   if section.name not in self.sections | UNFILLED]
        missing += [operation.name for operation in self.format.operations
                    if operation.name not in self.operations]
        if missing:
            self.failed += 1
            print(f"FAILED: {sites.EVERYTHING.name} lacks {', '.join(missing)}")
        else:
            self.passed += 1


def main(programs):
    programs = [str(pathlib.Path(program).resolve()) for program in programs]
    check_programs(programs)
    compiled = 0
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(pathlib.Path(folder))
        add_languages(pathlib.Path(folder))
        for site in sites.all_sites():
            compiled += comparison.compare(site, programs)
        comparison.expect_everything()
    print(f"{compiled} configurations, {len(ENVIRONMENTS)} environments, rpc built by "
          + " and ".join(compiler_of(program) for program in programs))
    print(f"reproducible: {comparison.passed} passed, {comparison.failed} failed")
    return 1 if comparison.failed or compiled == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
