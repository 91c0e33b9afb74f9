"""Every family of cases: those written by hand, and those made by the generator."""

import importlib

from differential.maker.make import FOCUS, make_cases

BY_HAND = ("names", "locations", "rewrites", "conditions", "maps", "geo", "errors", "access", "files", "proxying", "backends")
MADE = tuple(f"made-{focus}" for focus in FOCUS)
MADE_OF_EACH = 20  # Cases of every focus.


def cases_of(family):
    if family in MADE:
        return make_cases(family.removeprefix("made-"), MADE_OF_EACH)
    return importlib.import_module(f"differential.cases.{family}").CASES


def all_cases():
    return [case for family in BY_HAND + MADE for case in cases_of(family)]
