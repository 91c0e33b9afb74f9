"""log_format and what access_log, error_log and open_log_file_cache take: beside nginx."""

import base64
import subprocess

import pytest

from lab import Client, wait_until
from lab.daemon import RPC, find_nginx

SITE = r"""
log_format usual '$remote_user|$uri|$http_missing|"\\';
log_format json escape=json '$remote_user|$uri|$http_missing|"\\';
log_format none escape=none '$remote_user|$uri|$http_missing|"\\';
log_format Mixed 'mixed';
log_format MIXED 'other';
server {
    listen {host}:{port};
    access_log {folder}/usual.log usual;
    access_log {folder}/json.log json;
    access_log {folder}/none.log none;
    location / { return 204; }
    location /case { access_log {folder}/case.log mixed; access_log {folder}/case.log MIXED;
                     access_log {folder}/case.log COMBINED; return 204; }
    location /off { access_log off; location /off/on { access_log {folder}/on.log Mixed; return 204; } return 204; }
    location /both { access_log {folder}/both.log Mixed; access_log off; return 204; }
    location /several { access_log {folder}/s1.log Mixed; access_log {folder}/s1.log MIXED if=$arg_a;
                        if ($arg_b) { access_log {folder}/s2.log Mixed; return 205; }
                        limit_except GET { access_log {folder}/s3.log Mixed; deny all; } }
    location /inherits { if ($arg_b) { return 206; } return 204; }
}
"""

HOSTS = {"nginx": "127.0.0.2", "rpcd": "127.0.0.1"}


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(SITE)


def contents(daemon, name):
    path = daemon.folder / name
    return path.read_bytes() if path.exists() else b""


def ask_both(pair, name, count, requests):
    """The bytes that the requests add to a log of nginx's and of rpcd's, which are `count` lines."""
    added = []
    for daemon in (pair.nginx, pair.rpcd):
        before = contents(daemon, name)
        with Client((HOSTS[daemon.name], pair.lab.port)) as client:
            for path, options in requests:
                client.ask(path, **options)
        wait_until(lambda: contents(daemon, name).count(b"\n") >= before.count(b"\n") + count, f"{count} lines")
        added.append(contents(daemon, name)[len(before):])
    return added


@pytest.mark.parametrize("name", ["usual.log", "json.log", "none.log"])
def test_every_byte_is_escaped_as_by_nginx(pair, name):
    """A user's name may hold any byte but a colon; a path any but the zero byte."""
    requests = []
    for byte in range(256):
        user = bytes([97, byte, 98]) if byte != ord(":") else b"a"
        field = "Basic " + base64.b64encode(user + b":x").decode()
        path = f"/%{byte:02x}" if byte not in (0, ord("/"), ord(".")) else "/x"
        requests.append((path, {"headers": [("Authorization", field)]}))
    lines = 256 + (name == "none.log") * 2  # newlines are not escaped there
    by_nginx, by_rpcd = ask_both(pair, name, lines, requests)
    assert by_rpcd == by_nginx
    assert len(by_rpcd) > 256 * 10


def test_names_of_formats_have_no_case(pair):
    """The first one that is called so is it, as in nginx."""
    by_nginx, by_rpcd = ask_both(pair, "case.log", 3, [("/case", {})])
    assert by_rpcd.splitlines()[:2] == by_nginx.splitlines()[:2] == [b"mixed", b"mixed"]
    assert b'"GET /case HTTP/1.1" 204 0 "-"' in by_rpcd.splitlines()[2]


def test_which_logs_are_written(pair):
    requests = [("/off", {}), ("/off/on", {}), ("/both", {}), ("/several", {}), ("/several?a=1", {}),
                ("/several?b=1", {}), ("/several", {"method": "POST"}), ("/inherits?b=1", {}), ("/", {})]
    ask_both(pair, "usual.log", 2, requests)
    for name in ("usual.log", "on.log", "both.log", "s1.log", "s2.log", "s3.log"):
        wait_until(lambda: contents(pair.rpcd, name) == contents(pair.nginx, name), f"the same {name}")
    assert contents(pair.rpcd, "both.log") == b""
    assert contents(pair.rpcd, "s2.log") == contents(pair.rpcd, "s3.log") == b"mixed\n"


STATEMENTS = """
access_log off
access_log off combined
access_log a.log nope
access_log a.log Combined
access_log a.log combined buffer=1k
access_log a.log combined buffer=0
access_log a.log combined buffer=
access_log a.log combined buffer=1x
access_log a.log combined buffer=1k flush=1s
access_log a.log combined buffer=1k flush=0
access_log a.log combined buffer=1k flush=x
access_log a.log combined flush=1s
access_log a.log combined flush=1s buffer=1k
access_log a.log combined gzip
access_log a.log combined gzip flush=1s
access_log a.log combined gzip=1
access_log a.log combined gzip=9
access_log a.log combined gzip=09
access_log a.log combined gzip=0
access_log a.log combined gzip=10
access_log a.log combined gzip=
access_log a.log combined gzip=a
access_log a.log combined gzips
access_log a.log combined if=$host
access_log a.log combined unknown
access_log a.log buffer=1k
access_log a.log combined buffer=1k; access_log a.log combined buffer=1k
access_log a.log combined buffer=1k; access_log a.log combined
access_log a.log combined buffer=1k; access_log a.log combined buffer=2k
access_log a.log combined gzip; access_log a.log combined gzip=2
access_log a.log combined gzip; access_log a.log combined buffer=64k
access_log a.log combined buffer=1k; access_log a.log combined buffer=1k flush=1s
access_log $host.log
access_log $host.log combined if=$host
access_log $host.log combined buffer=1k
access_log $host.log combined gzip
access_log $host.log combined flush=1s
access_log $unknown_one.log
access_log a$
access_log syslog:server=127.0.0.1
access_log syslog:server=127.0.0.1 combined if=$host
access_log syslog:server=127.0.0.1:99,facility=news,tag=a_1,severity=warn,nohostname combined
access_log syslog:server=[::1]:99
access_log syslog:server=unix:/tmp/x
access_log syslog:server=unix:
access_log syslog:server=
access_log syslog:
access_log syslog:tag=a
access_log syslog:server=127.0.0.1,
access_log syslog:server=127.0.0.1:0
access_log syslog:server=127.0.0.1:x
access_log syslog:server=127.0.0.1:99999
access_log syslog:server=127.0.0.1/a
access_log syslog:server=[::1
access_log syslog:server=127.0.0.1,server=127.0.0.1
access_log syslog:server=127.0.0.1,tag=a,tag=a
access_log syslog:server=127.0.0.1,facility=user,facility=user
access_log syslog:server=127.0.0.1,severity=info,severity=info
access_log syslog:server=127.0.0.1,nohostname,nohostname
access_log syslog:server=127.0.0.1,nohostnames
access_log syslog:server=127.0.0.1,facility=local8
access_log syslog:server=127.0.0.1,facility=LOCAL1
access_log syslog:server=127.0.0.1,severity=err
access_log syslog:server=127.0.0.1,severity=
access_log syslog:server=127.0.0.1,tag=
access_log syslog:server=127.0.0.1,tag=a-b
access_log syslog:server=127.0.0.1,tag=A0_z
access_log syslog:server=127.0.0.1,tag=12345678901234567890123456789012
access_log syslog:server=127.0.0.1,tag=123456789012345678901234567890123
access_log syslog:server=127.0.0.1 combined buffer=1k
access_log syslog:server=127.0.0.1 combined gzip
access_log syslog:server=127.0.0.1 combined flush=1s
error_log e.log warn
error_log e.log warning
error_log e.log warn info
error_log e.log warn warn
error_log syslog:server=127.0.0.1
error_log syslog:server=127.0.0.1 debug
error_log syslog:server=127.0.0.1 info warn
error_log syslog:server=127.0.0.1,tag=a-b info
error_log stderr; error_log stderr info; error_log e.log crit
open_log_file_cache off
open_log_file_cache off max=0
open_log_file_cache max=10 off
open_log_file_cache max=10
open_log_file_cache max=0
open_log_file_cache max=
open_log_file_cache max=-1
open_log_file_cache inactive=10s
open_log_file_cache max=10 inactive=1m min_uses=0 valid=0
open_log_file_cache max=10 inactive=10ms
open_log_file_cache max=10 inactive=
open_log_file_cache max=10 min_uses=x
open_log_file_cache max=10 valid=x
open_log_file_cache max=10 uses=1
open_log_file_cache max=10; open_log_file_cache max=10
""".strip().splitlines()

FORMATS = """
log_format a x
log_format a
log_format a escape=json
log_format a escape=json x
log_format a escape=default x
log_format a escape=none x
log_format a escape=xml x
log_format a escape= x
log_format a x escape=json
log_format a '$'
log_format a '${host'
log_format a '${host}x'
log_format a '$host$'
log_format a '$unknown_one'
log_format a x; log_format a y
log_format a x; log_format A y
log_format combined x
log_format Combined x
""".strip().splitlines()


def is_taken_by_nginx(folder, text):
    (folder / "nginx.conf").write_text(f"error_log stderr; pid nginx.pid; events {{ }} http {{ {text} }}")
    told = subprocess.run([find_nginx(), "-t", "-p", f"{folder}/", "-c", folder / "nginx.conf", "-e", "stderr"],
                          capture_output=True, text=True, timeout=60).stderr
    return "syntax is ok" in told, told


def compile_by_rpc(folder, text):
    (folder / "site.conf").write_text(f"events {{ }} http {{ {text} }}")
    return subprocess.run([RPC, "compile", folder / "site.conf", "-o", folder / "site.rpt"],
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("statement", STATEMENTS + FORMATS)
def test_what_nginx_takes_is_taken(tmp_path, statement):
    if find_nginx() is None:
        pytest.skip("no nginx to compare with")
    (tmp_path / "logs").mkdir()
    is_format = statement.startswith("log_format")
    text = f"{statement}; server {{ return 204; }}" if is_format else f"server {{ {statement}; return 204; }}"
    is_taken, told = is_taken_by_nginx(tmp_path, text)
    by_rpc = compile_by_rpc(tmp_path, text)
    assert by_rpc.returncode in ((0,) if is_taken else (1, 2)), told + by_rpc.stderr
