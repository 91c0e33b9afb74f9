"""Generated cases, by what they concentrate on."""

from differential.case import PRELUDE, Case
from differential.maker.blocks import Blocks
from differential.maker.questions import Questions
from differential.maker.words import Words

EVEN = {"statements": 3, "set": 2, "if": 2, "rewrite": 2, "maps": (1, 3), "geos": (0, 2), "pages": 0.3, "access": 0.1}

FOCUS = {
    "rewrites": {**EVEN, "statements": 4, "rewrite": 5, "if": 1, "maps": (0, 1), "geos": (0, 0), "pages": 0.1, "access": 0},
    "conditions": {**EVEN, "statements": 4, "if": 6, "maps": (0, 2), "geos": (0, 1), "pages": 0.1, "access": 0.03},
    "maps": {**EVEN, "maps": (3, 6), "geos": (1, 3), "pages": 0.1, "access": 0},
    "errors": {**EVEN, "statements": 2, "pages": 0.9, "access": 0.3, "maps": (0, 1), "geos": (0, 0)},
    "everything": EVEN,
    "backends": {**EVEN, "statements": 1, "if": 1, "maps": (0, 2), "geos": (0, 0), "pages": 0.3, "access": 0.05, "backends": 0.5},
}


def make_case(focus, number, requests=110):
    name = f"made-{focus}-{number}"
    words = Words(name)
    http = PRELUDE + Blocks(words, FOCUS[focus]).http() + "\n"
    return Case(name, http, Questions(words, http, "backends" in FOCUS[focus]).requests(requests))


def make_cases(focus, count):
    return tuple(make_case(focus, number) for number in range(1, count + 1))
