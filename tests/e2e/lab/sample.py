"""Samples made to run here: ports, certificates and backends that are free, made or there."""

import re

# On a line of its own, not in a comment.
LISTEN = re.compile(r"^(\s*listen\s+(?:[\d.]+:|\[[^]]*\]:)?)(\d+)(?![\d.:])", re.MULTILINE)


class Sample:
    """The text of a sample; `ports` maps the ports in it to those it listens on here."""

    def __init__(self, lab, path):
        self.lab = lab
        self.text = path.read_text()
        self.ports = {}
        self.text = LISTEN.sub(self._listen, self.text)
        for old, new in self.ports.items():
            self._replace_port(old, new)
        self.text = re.sub(r"^pid .*;$", "", self.text, flags=re.MULTILINE)

    def _listen(self, match):
        return match.group(1) + str(self.ports.setdefault(match.group(2), self.lab.new_port()))

    def _replace_port(self, old, new):
        self.text = re.sub(rf"((?:127\.0\.0\.1|localhost):){old}\b", rf"\g<1>{new}", self.text)

    def use_backend(self, port, backend):
        """The backend stands at that port of the sample's."""
        self._replace_port(port, backend.port)

    def use_file(self, path, real):
        assert path in self.text
        self.text = self.text.replace(path, str(real))

    def start(self):
        daemon = self.lab.new_rpcd()
        daemon.compile("pid rpcd.pid;\nerror_log error.log info;\n" + self.text)
        return daemon.start()
