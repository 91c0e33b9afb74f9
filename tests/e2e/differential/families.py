"""Every family of cases: those written by hand, and those made by the generator."""

import importlib

FAMILIES = ("names", "locations", "rewrites", "conditions", "maps", "geo", "errors", "access",
            "files", "proxying")


def cases_of(family):
    return importlib.import_module(f"differential.cases.{family}").CASES


def all_cases():
    return [case for family in FAMILIES for case in cases_of(family)]
