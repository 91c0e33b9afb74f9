"""Whatever rpc lint is given, it ends, soon, with an error or a finding, in every format, and checks
what it has understood. A run that takes a minute here would take hours on a larger file."""

import json
import os
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest

from lab.daemon import BUILD

FORMATS = ["text", "json", "sarif", "github", "checkstyle", "junit"]
FINDING = "server { listen 80; server_name found.example; ssl_protocols TLSv1; return 204; }\n"


def lint(folder, *arguments):
    return subprocess.run([BUILD / "rpc", "lint", *arguments], cwd=folder, capture_output=True,
                          timeout=120, stdin=subprocess.DEVNULL)


def read(output, name):
    """The document, which a reader of the format must be able to read."""
    if name in ("json", "sarif"):
        return json.loads(output.decode())
    if name in ("checkstyle", "junit"):
        return xml.etree.ElementTree.fromstring(output)
    return output.decode(errors="strict" if name == "text" else "replace")


BAD = {
    "bytes that are no text": bytes(range(256)) * 50,
    "names that are not UTF-8": b'server { listen 80; server_name \xff\xfe; add_header X "\xc3\x28";\n'
                                b"location /\xed\xa0\x80 { proxy_pass http://$arg_\xf4\x90; } }\n",
    "zero bytes": b"server { listen 80;\0 return\0 204; }\n",
    "control bytes": b"server { listen 80; return 200 \x1b[31m\x07; } \x1b]0;x\x07;\n",
    "a byte order mark in between": b"server { listen 80; } \xef\xbb\xbf server { listen 81; }\n",
    "nothing that ends": b'server { location / { if ($a = "',
    "nothing that begins": b"} } ; ; { { }\n",
    "deep blocks": b"server { " + b"location / { " * 10000 + b"} " * 10001,
    "deep blocks of nothing known": b"a { " * 10000 + b"} " * 10000,
    "blocks that are never closed": b"a { " * 10000,
    "only line ends": b"\r\n" * 10000 + b"\r" * 1000,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_bad_text(tmp_path, content, name):
    (tmp_path / "bad.conf").write_bytes(content + b"\n" + FINDING.encode())
    result = lint(tmp_path, "--format", name, "bad.conf")
    assert result.returncode in (0, 1, 2), result.stderr
    read(result.stdout, name)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_understood_is_checked(tmp_path, name):
    (tmp_path / "bad.conf").write_text("nonsense;\nserver { listen x; }\n" + FINDING + "a { ;\n")
    result = lint(tmp_path, "--format", name, "bad.conf")
    assert result.returncode == 2
    assert b"weak-tls-protocol" in result.stdout
    assert b"RPC0100" in (result.stderr if name == "text" else result.stdout)


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_include_each_other(tmp_path, name):
    (tmp_path / "a.conf").write_text("include b.conf;\n" + FINDING)
    (tmp_path / "b.conf").write_text("include *.conf;\n")
    result = lint(tmp_path, "--format", name, ".")
    assert result.returncode == 2
    read(result.stdout, name)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "site.conf").write_text("include absent.conf;\ninclude folder;\n" + FINDING)
    (tmp_path / "folder").mkdir()
    result = lint(tmp_path, "site.conf", "absent.conf", "folder/x.conf", "/dev/null/x")
    assert result.returncode == 3
    assert result.stderr.count(b"cannot read") == 3 and result.stderr.count(b"RPC0012") == 2
    assert b"weak-tls-protocol" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_that_may_not_be_read(tmp_path):
    (tmp_path / "site.conf").write_text(FINDING)
    (tmp_path / "site.conf").chmod(0)
    assert lint(tmp_path, "site.conf").returncode == 3


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.conf")
    (tmp_path / "site.conf").write_text(FINDING)
    result = lint(tmp_path, ".")
    assert result.returncode == 1 and b"weak-tls-protocol" in result.stdout


def write_repeated(path, before, byte, after):
    """100 MB of one byte, in one line."""
    with open(path, "wb") as file:
        file.write(before)
        for _ in range(100):
            file.write(byte * 1_000_000)
        file.write(after)


@pytest.mark.parametrize("before, byte, after", [
    (b"#", b"x", b"\n"), (b"return ", b"x", b";\n"), (b"", b" ", b""), (b'return "', b"\\", b"\n"),
], ids=["comment", "word", "blanks", "quoted"])
def test_lines_of_100_megabytes(tmp_path, before, byte, after):
    path = tmp_path / "long.conf"
    write_repeated(path, FINDING.encode() + before, byte, after)
    result = lint(tmp_path, "long.conf")
    assert result.returncode in (1, 2)
    assert b"weak-tls-protocol" in result.stdout or result.returncode == 2
    assert len(result.stdout) + len(result.stderr) < 10_000
    path.unlink()


@pytest.mark.parametrize("name", FORMATS)
def test_many_findings_in_one_line(tmp_path, name):
    """What costs as much as the line is long must not be done for each of them."""
    locations = "".join(f"location /{i} {{ proxy_pass http://127.0.0.1:1; }} " for i in range(20000))
    (tmp_path / "one.conf").write_text(f"server {{ listen 80; server_name a.example; {locations} }}")
    result = lint(tmp_path, "--format", name, "--select", "missing-proxy-headers", "one.conf")
    assert result.returncode == 1
    assert result.stdout.count(b"missing-proxy-headers") >= 20000
    read(result.stdout, name)


def test_many_edits_in_one_line(tmp_path):
    statements = "".join(f"http2_max_requests {i}; listen {i + 1000}; " for i in range(20000))
    path = pathlib.Path(tmp_path / "one.conf")
    path.write_text(f"server {{ server_name a.example; {statements} return 204; }}")
    lint(tmp_path, "--fix", "one.conf")
    assert "http2" not in path.read_text()


def test_expressions_that_are_hard_to_judge(tmp_path):
    """Those that many ways of matching are looked for in have a bound together, and that is told."""
    choices = ["(?:a|.[ab]*)*", "(?:ab?|ba?)+", "(?:[a-c]abb|.)*."]
    expressions = [f'"~^a{choices[i % 3]}{choices[i // 3 % 3]}b{i}$" {i};' for i in range(3000)]
    (tmp_path / "hard.conf").write_text("map $arg_a $b { " + "\n".join(expressions) + " }\n"
                                        "server { listen 80; return 200 $b; }\n")
    result = lint(tmp_path, "--select", "regex-redos", "hard.conf")
    assert result.returncode == 1, result.stderr
    assert result.stdout.count(b"are not judged") == 1


def test_more_findings_than_are_kept(tmp_path):
    (tmp_path / "site.conf").write_text("server { listen 80; server_name " + "a\n" * 100_011 + "; }")
    result = lint(tmp_path, "--format", "checkstyle", "site.conf")
    assert result.returncode == 1
    assert result.stdout.count(b"<error ") == 100_000
    text = lint(tmp_path, "--format", "json", "site.conf").stdout
    assert b"10 more of this rule are not listed" in text


def test_expressions_that_are_hard_to_follow(tmp_path):
    """A path that grows with each rewrite is tried with all of them; none is said to go round then."""
    locations = "".join(f'location ~ "^/(x+x+)+yz{{{i}}}$" {{ return 204; }}\n' for i in range(1, 1000))
    rewrite = "rewrite ^/(.*)$ /" + "x" * 32 + "$1y" + "z" * 27 + "q last;"
    (tmp_path / "site.conf").write_text(f"server {{ listen 80; {locations} location / {{ {rewrite} }} }}")
    result = lint(tmp_path, "site.conf")
    assert result.returncode in (0, 1) and b"rewrite-loop" not in result.stdout
