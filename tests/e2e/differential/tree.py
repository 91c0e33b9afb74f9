"""A configuration's text as statements, so that tools can leave some of them out, and the kind of
each statement, so that one can tell what the cases are made of."""

import dataclasses
import re

from differential.case import PLACEHOLDER

WORD = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|(?:" + PLACEHOLDER.pattern + r"|\$\{|\\.|[^\s;{\\])+", re.DOTALL)
SPACE = re.compile(r"(?:\s|#[^\n]*)*")


@dataclasses.dataclass
class Statement:
    words: list           # as written, with their quotes
    block: list = None    # statements inside braces

    @property
    def name(self):
        return self.words[0]


def parse(text):
    statements, position = _parse_block(text, 0)
    assert position == len(text), f"left over: {text[position:position + 40]!r}"
    return statements


def _parse_block(text, position):
    statements, words = [], []
    while True:
        position = SPACE.match(text, position).end()
        if position == len(text) or (text[position] == "}" and not words):
            return statements, position
        if text[position] == ";":
            statements.append(Statement(words))
            words, position = [], position + 1
        elif text[position] == "{" and not PLACEHOLDER.match(text, position):
            block, position = _parse_block(text, position + 1)
            assert text[position:position + 1] == "}", f"unclosed: {words}"
            statements.append(Statement(words, block))
            words, position = [], position + 1
        else:
            word = WORD.match(text, position)
            assert word, f"no word: {text[position:position + 40]!r}"
            words.append(word.group())
            position = word.end()


def render(statements, depth=0):
    lines = []
    for statement in statements:
        line = "    " * depth + " ".join(statement.words)
        if statement.block is None:
            lines.append(line + ";")
        else:
            lines += [line + " {", *render(statement.block, depth + 1).splitlines(),
                      "    " * depth + "}"]
    return "\n".join(lines) + ("\n" if lines else "")


def walk(statements, parents=()):
    """Every statement with what it is inside of, outermost first."""
    for statement in statements:
        yield statement, parents
        if statement.block is not None:
            yield from walk(statement.block, (*parents, statement))


def _kind_of_rewrite(words):
    target = words[2].strip("'\"")
    flag = words[3] if len(words) > 3 else "without flag"
    if re.match(r"https?://|\$scheme", target):
        flag = "to a URL"
    arguments = " dropping arguments" if target.endswith("?") else \
        " with arguments" if "?" in target else ""
    return f"rewrite {flag}{arguments}"


def _kind_of_if(words, parents):
    level = "location" if any(parent.name == "location" for parent in parents) else "server"
    operators = [word.lstrip("(") for word in words[1:]
                 if re.fullmatch(r"\(?(=|!?~\*?|!=|!?-[fdex])", word)]
    return f"if {operators[0] if operators else 'set'} in {level}"


def _kind_of_location(words, parents):
    nested = "nested " if any(parent.name == "location" for parent in parents) else ""
    kind = words[1] if len(words) > 2 else "@" if words[1].startswith("@") else "prefix"
    return f"{nested}location {kind}"


def _kind_of_entry(block, words):
    key = words[0].strip("'\"")
    if words[0] in ("default", "volatile", "hostnames", "include", "ranges", "delete", "proxy",
                    "proxy_recursive"):
        return f"{block} {words[0]}"
    if block == "map":
        form = "regex" if key.startswith("~") else "wildcard" if re.match(r"\*?\.|.*\.\*$", key) \
            else "string"
        return f"map {form}" + (" with a variable" if "$" in words[-1] else "")
    if block == "geo":
        form = "range" if "-" in key else "IPv6" if ":" in key else "network"
        return f"geo {form}"
    return block


def _kind_of_error_page(words):
    target = words[-1].strip("'\"")
    form = "named location" if target.startswith("@") else "URL" if "://" in target else "URI"
    change = next((" =" if word == "=" else " =code" for word in words if word.startswith("=")), "")
    return f"error_page{change} to a {form}"


def _kind_of_server_name(words):
    forms = {"regex" if word.strip("'\"").startswith("~") else "wildcard" if "*" in word
             or word.startswith(".") else "exact" for word in words[1:]}
    return "server_name " + " and ".join(sorted(forms))


def _kind_of_return(words):
    if len(words) == 2:
        return "return code" if words[1].isdigit() else "return URL"
    return "return redirect" if words[1] in ("301", "302", "303", "307", "308") else "return text"


def _kind_of_proxy_pass(words):
    target = words[1].partition("://")[2]
    form = "with variables" if "$" in target else ""
    return f"proxy_pass {'with a URI' if '/' in target else 'without a URI'} {form}".strip()


def _kind_of_try_files(words):
    last = words[-1]
    return "try_files to a " + ("code" if last.startswith("=") else
                                "named location" if last.startswith("@") else "URI")


def kind(statement, parents):
    """Which fragment of the language a statement is an instance of."""
    words = statement.words
    if parents and parents[-1].name in ("map", "geo", "split_clients"):
        return _kind_of_entry(parents[-1].name, words)
    if words[0] == "set":
        return "set $args" if words[1] == "$args" else "set"
    simple = {"rewrite": _kind_of_rewrite, "error_page": _kind_of_error_page,
              "server_name": _kind_of_server_name, "return": _kind_of_return,
              "proxy_pass": _kind_of_proxy_pass, "try_files": _kind_of_try_files}
    if words[0] in simple:
        return simple[words[0]](words)
    nested = {"if": _kind_of_if, "location": _kind_of_location}
    if words[0] in nested:
        return nested[words[0]](words, parents)
    return words[0]
