"""Sequences of set, if, rewrite, return and break.

nginx 1.22 has a bug that 1.31 has not: once a rewrite without a flag has put arguments behind its
target, captures in a later set or if are escaped into a buffer of the unescaped size. No generated
program uses captures after such a rewrite."""

from differential.maker.words import CODES, HOSTS, SETTABLE, VALUES, quoted

OPERATORS = {"=": 4, "!=": 2, "~": 4, "~*": 2, "!~": 2, "!~*": 1, "": 3, "-f": 1, "!-f": 1, "-d": 1, "!-e": 1, "-x": 1}


class Programs:
    """`in_location`: what may stand in a location, and in an if there, differs from a server's."""

    def __init__(self, words, focus, mark):
        self.words = words
        self.focus = focus
        self.mark = mark

    def program(self, in_location):
        """Statements of a server or a location."""
        words = self.words
        words.captures = True
        lines = []
        for _ in range(words.random.randint(0, self.focus["statements"])):
            lines.append(self.statement(in_location))
        words.captures = True
        return lines

    def statement(self, in_location):
        """At the server's level nothing that would answer or end for every request."""
        weights = {name: self.focus[name] for name in ("set", "if", "rewrite")}
        if in_location:
            weights.update({"break": 0.2, "return": 0.2})
        kind = self.words.weighted(weights)
        return {"set": self.set, "if": lambda: self.condition(in_location), "rewrite": lambda: self.rewrite(in_location),
                "break": lambda: "break;", "return": self.returns}[kind]()

    def set(self):
        if self.words.chance(0.12):
            return f'set $args "{self.words.arguments()}";'
        return f"set ${self.words.pick(SETTABLE)} {self.words.text()};"

    def test(self):
        words = self.words
        operator = words.weighted(OPERATORS)
        captures, words.captures = words.captures, False
        subject = words.variable()
        words.captures = captures
        if operator == "":
            return subject
        if operator.lstrip("!").startswith("-"):
            return f"{operator} {{files}}$uri"
        if "~" in operator:
            regex = words.path_regex() if subject in ("$uri", "$request_uri", "$document_uri") else words.value_regex()
            return f"{subject} {operator} {quoted(regex)}"
        value = {"$host": words.pick(HOSTS), "$uri": words.path(), "$request_method": words.pick(("GET", "POST"))}.get(
            subject, words.text() if words.chance(0.2) else '"' + words.pick(VALUES) + '"')
        return f"{subject} {operator} {value}"

    def condition(self, in_location):
        inside = [self.inside(in_location)]
        if self.words.chance(0.5):
            inside.append(self.inside(in_location and not inside[0].startswith("proxy_pass")))
        if in_location and self.words.chance(0.5):
            inside.insert(0, self.mark("if"))
        return f"if ({self.test()}) {{ {' '.join(inside)} }}"

    def inside(self, in_location):
        kind = self.words.weighted({"set": 3, "rewrite": 3, "return": 1.5, "break": 0.7, "pass": 1.5 if in_location else 0,
                                    "page": 0.5 if in_location else 0})
        return {"set": self.set, "rewrite": self.rewrite, "return": self.returns, "break": lambda: "break;",
                "pass": lambda: f"proxy_pass http://127.0.0.1:{{{self.words.pick('bc')}}};",
                "page": lambda: f"error_page {self.words.pick(CODES[1:])} {self.words.path(1)};"}[kind]()

    def rewrite(self, may_be_wide=True):
        words = self.words
        flag = words.weighted({"last": 4, "break": 3, "": 2, "redirect": 1, "permanent": 0.6})
        captures, words.captures = words.captures, True
        regex = words.path_regex() if may_be_wide else words.narrow_regex()
        target = words.pick(("http://", "https://", "$scheme://")) + words.pick(HOSTS) + words.target() if words.chance(0.08) \
            else words.target()
        if words.chance(0.3):
            target += "?" + words.arguments()
            captures = captures and flag != ""
        if words.chance(0.2):
            target += "?"
        words.captures = captures
        return f"rewrite {quoted(regex)} {words.in_order(target)} {flag}".rstrip() + ";"

    def returns(self):
        words = self.words
        kind = words.weighted({"code": 2, "text": 4, "redirect": 1.5, "url": 0.5})
        captures, words.captures = words.captures, True
        text = {"code": lambda: str(words.pick((*CODES, 204))),
                "text": lambda: f"{words.pick((200, 200, 201, 404, 503))} {self.everything()}",
                "redirect": lambda: f"{words.pick((301, 302, 303, 307, 308))} {words.target()}"
                                    + (f"?{words.arguments()}" if words.chance(0.3) else ""),
                "url": lambda: f"http://{words.pick(HOSTS)}{words.target()}"}[kind]()
        words.captures = captures
        return f"return {words.in_order(text)};"

    def everything(self):
        """Text that shows most of what a program can have changed; see Words.in_order."""
        shown = [*(f"${name}" for name in self.words.computed), "$uri", "$args", *(f"${name}" for name in SETTABLE),
                 "$1", "$2", "$n0", "$n1"]
        return '"' + "|".join(shown) + '"'


def definitions():
    """Statements that define every variable programs may use; in a server nobody asks for."""
    lines = [f'set ${name} "";' for name in SETTABLE]
    return lines + ["rewrite ^/(?<n0>never)/(?<n1>never)$ /never last;"]
