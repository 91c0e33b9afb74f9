"""Configurations to make tables of: those kept here, the samples, and the inputs of golden tests."""

import dataclasses
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Site:
    folder: pathlib.Path
    file: str

    @property
    def name(self):
        return str((self.folder / self.file).relative_to(REPOSITORY))

    def compile(self, rpc, output, folder=None, environment=None):
        """Whether it compiles; not every input of a test does."""
        result = subprocess.run([rpc, "compile", self.file, "-o", output], cwd=folder or self.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, env=environment,
                                timeout=120)
        return result.returncode == 0


def all_sites():
    patterns = ("tests/format/sites/*.conf", "samples/*.conf", "tests/golden/*/*/*.conf")
    return [Site(path.parent, path.name) for pattern in patterns
            for path in sorted(REPOSITORY.glob(pattern))]


EVERYTHING = Site(REPOSITORY / "tests/format/sites", "everything.conf")
