"""rpc lint --diff and --fix: what the diff shows is what is written, and it is safe to write it."""

import os
import random
import subprocess

import pytest

from lab.daemon import BUILD

SITE = """\
server {
    listen 80;
    server_name a.example;
    http2_idle_timeout 3m; # why?
    http2_max_requests 100;
    return 204;
}
"""
FIXED = """\
server {
    listen 80;
    server_name a.example;
    # why?
    return 204;
}
"""


def lint(folder, *arguments, **options):
    return subprocess.run([BUILD / "rpc", "lint", *arguments], cwd=folder, capture_output=True,
                          text=True, timeout=60, **options)


def test_diff_changes_nothing(tmp_path):
    path = tmp_path / "site.conf"
    path.write_text(SITE)
    before = path.stat()
    result = lint(tmp_path, "--diff", "site.conf")
    assert result.returncode == 1
    assert result.stdout.startswith("--- site.conf\n+++ site.conf\n@@ -1,7 +1,6 @@\n")
    assert "2 of 2 findings can be put right" in result.stderr
    assert path.read_text() == SITE and path.stat().st_mtime_ns == before.st_mtime_ns


def test_fix_writes_through_links_and_keeps_mode_and_owner(tmp_path):
    target = tmp_path / "available.conf"
    target.write_text(SITE)
    target.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(target, 1234, 4321)
    (tmp_path / "enabled.conf").symlink_to("available.conf")
    result = lint(tmp_path, "--fix", "enabled.conf")
    assert (result.returncode, result.stdout) == (0, "")
    assert "-    http2_idle_timeout 3m; # why?" in result.stderr
    assert (tmp_path / "enabled.conf").is_symlink()
    assert target.read_text() == FIXED
    status = target.stat()
    assert status.st_mode & 0o7777 == 0o640
    assert os.geteuid() != 0 or (status.st_uid, status.st_gid) == (1234, 4321)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["available.conf", "enabled.conf"]


def test_fix_edits_included_files_once(tmp_path):
    (tmp_path / "part.inc").write_text("http2_max_requests 5;\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.conf").write_text(
            f"server {{ listen 80; server_name {name}; include part.inc; return 204; }}\n")
    result = lint(tmp_path, "--fix", "a.conf", "b.conf")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "part.inc").read_text() == ""
    assert "1 of 1 findings were put right" in result.stderr


def test_fix_leaves_what_is_known_and_what_is_turned_off(tmp_path):
    (tmp_path / "site.conf").write_text(SITE)
    assert lint(tmp_path, "--baseline", "b.json", "--write-baseline", "site.conf").returncode == 0
    lint(tmp_path, "--fix", "--baseline", "b.json", "site.conf")
    assert (tmp_path / "site.conf").read_text() == SITE
    lint(tmp_path, "--fix", "--ignore", "RPC0108", "site.conf")
    assert (tmp_path / "site.conf").read_text() == SITE


def test_fix_and_standard_input(tmp_path):
    result = lint(tmp_path, "--fix", "-", input=SITE)
    assert result.returncode == 3 and "standard input cannot be put right" in result.stderr
    result = lint(tmp_path, "--diff", "-", input=SITE)
    assert result.stdout.startswith("--- <stdin>\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_fix_says_what_it_cannot_write(tmp_path):
    (tmp_path / "site.conf").write_text(SITE)
    tmp_path.chmod(0o555)
    try:
        result = lint(tmp_path, "--fix", "site.conf")
    finally:
        tmp_path.chmod(0o755)
    assert result.returncode == 3 and "cannot write site.conf" in result.stderr
    assert (tmp_path / "site.conf").read_text() == SITE


def random_site(generator):
    """Obsolete directives among others: on lines of their own, beside others, at the end."""
    lines = ["server { listen 80; server_name a.example;"]
    for _ in range(generator.randrange(40)):
        lines.append(generator.choice([
            "    http2_max_requests 100;", "    http2_idle_timeout 3m; # why?",
            "    keepalive_timeout 5s; http2_recv_timeout 3s;", "    http2_recv_timeout 1s; # of 2019",
            "http2_max_field_size 4k; http2_max_header_size 8k;", "", "    # a comment", "    location /{0} {{ }}",
        ]).format(generator.randrange(10 ** 9)))
    return "\n".join(lines + ["}" + generator.choice(["", "\n"])]).replace(
        "\n", generator.choice(["\n", "\n", "\r\n"]))


@pytest.mark.parametrize("seed", range(25))
def test_the_diff_is_what_is_written(tmp_path, seed):
    """patch makes of the diff what --fix writes. What is beside another edit waits for another run;
    then nothing is left to put right."""
    site = random_site(random.Random(seed)).encode()
    (tmp_path / "site.conf").write_bytes(site)
    (tmp_path / "patched.conf").write_bytes(site)
    diff = subprocess.run([BUILD / "rpc", "lint", "--diff", "site.conf"], cwd=tmp_path,
                          capture_output=True, timeout=60).stdout
    if diff:
        subprocess.run(["patch", "--binary", "-s", "-F0", "patched.conf"], cwd=tmp_path, input=diff,
                       check=True, timeout=60)
    lint(tmp_path, "--fix", "site.conf")
    fixed = (tmp_path / "site.conf").read_bytes()
    assert fixed == (tmp_path / "patched.conf").read_bytes()
    lint(tmp_path, "--fix", "site.conf")
    fixed = (tmp_path / "site.conf").read_bytes()
    assert b"http2_" not in fixed
    for kept in (b"location", b"keepalive_timeout", b"# a comment", b"# why?"):
        assert fixed.count(kept) == site.count(kept)
    assert fixed.count(b"\r\n") == (fixed.count(b"\n") if b"\r" in site else 0)
    assert lint(tmp_path, "--diff", "site.conf").stdout == ""
