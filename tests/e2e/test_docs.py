"""What docs/ shows of rpc is what rpc prints."""

import os
import re
import subprocess

import pytest

from lab.daemon import BUILD, REPOSITORY

DOCUMENTED = REPOSITORY / "tests/golden/test/documented"
CERTIFICATES = REPOSITORY / "tests/golden/test-certificates"


def examples(name):
    """The indented parts of a document, without their indent."""
    text = (REPOSITORY / "docs" / name).read_text()
    blocks = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text, flags=re.MULTILINE)
    return ["\n".join(line[4:] for line in block.splitlines()).strip("\n") + "\n"
            for block in blocks]


def check(name, folder, beginning="$ rpc "):
    """Runs every command that the document shows there, and compares what it prints."""
    shown = [block.partition("\n") for block in examples(name) if block.startswith(beginning)]
    for command, _, output in shown:
        result = subprocess.run(command[2:], shell=True, cwd=folder, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=60,
                                env={"PATH": f"{BUILD}:/usr/bin:/bin", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")})
        assert result.stdout == output, command
    return len(shown)


def test_routing(tmp_path):
    blocks = examples("routing.md")
    (tmp_path / "site.conf").write_text(next(b for b in blocks if b.startswith("upstream app {")))
    assert check("routing.md", tmp_path) == 2


def test_testing(tmp_path):
    for path in DOCUMENTED.glob("site.*"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "samples").symlink_to(REPOSITORY / "samples")
    assert check("testing.md", tmp_path) == 2
    assert (DOCUMENTED / "site.test").read_text() in examples("testing.md")


def test_readme(tmp_path):
    """Its commands work as they are shown, one after the other."""
    blocks = examples("../README.md")
    (tmp_path / "site.conf").write_text(next(b for b in blocks if b.startswith("upstream app {")))
    assert check("../README.md", tmp_path, "$ rpc lint") == 1
    assert check("../README.md", tmp_path, "$ rpc route") == 1


def test_guide(tmp_path):
    """Findings of samples, and the way of a request through the first configuration."""
    blocks = examples("guide.md")
    (tmp_path / "samples").symlink_to(REPOSITORY / "samples")
    (tmp_path / "site.conf").write_text(next(b for b in blocks if b.startswith("server {")))
    assert check("guide.md", tmp_path, "$ rpc lint samples/") == 1
    assert check("guide.md", tmp_path, "$ rpc route site.conf") == 1


def test_certificates(tmp_path):
    """The first configuration of the chapter, with a certificate as the text has it."""
    blocks = examples("guide.md")
    (tmp_path / "site.conf").write_text(next(b for b in blocks if "tls/cert.pem;" in b))
    (tmp_path / "tls").mkdir()
    for name, source in (("cert.pem", "www.pem"), ("privkey.pem", "www.key")):
        (tmp_path / "tls" / name).write_bytes((CERTIFICATES / source).read_bytes())
        (tmp_path / "tls" / name).chmod(0o600)
    assert check("guide.md", tmp_path, "$ rpc lint --certs") == 1


@pytest.mark.parametrize("path", sorted((REPOSITORY / "samples").glob("*.test")),
                         ids=lambda path: path.name)
def test_samples_pass(path):
    result = subprocess.run([BUILD / "rpc", "test", path.with_suffix(".conf"), path],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_linting(tmp_path):
    """The project file of the chapter is one, and the comments in it are understood."""
    blocks = examples("linting.md")
    (tmp_path / ".rpclint").write_text(next(b for b in blocks if b.startswith("select ")))
    comments = "".join(b for b in blocks if "rpc:disable" in b).replace("{ ... }", "{ }")
    (tmp_path / "site.conf").write_text(f"location / {{ {comments} }}\n")
    result = subprocess.run([BUILD / "rpc", "lint", "--select", "unknown-rule", "site.conf"],
                            cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
