"""auth_basic and satisfy, compared with nginx: every kind of hash, of file and of refusal."""

import base64
import ctypes
import ctypes.util
import hashlib
import itertools
import os
import time

import pytest

from lab import Client
from lab.backend import answer, replying

crypt = ctypes.CDLL(ctypes.util.find_library("crypt")).crypt
crypt.restype = ctypes.c_char_p


def hashed(password, setting):
    return crypt(password.encode(), setting.encode()).decode()


def sha(password):
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()


def ssha(password, salt):
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


PASSWORD = "open sesame:%"
SETTINGS = ["ab", "$1$salt$", "$5$rounds=1000$salt$", "$6$rounds=1000$salt$", "$2b$04$abcdefghijklmnopqrstuu",
            "$2y$04$abcdefghijklmnopqrstuu", "$y$j75$salt$", "$7$2..../....salt$", "$3$$", "_J9..salt",
            "$sha1$100$salt$", "$md5,rounds=5000$salt$$"]

# What `openssl passwd -apr1` makes of them.
APR1 = {
    "open sesame:%": "$apr1$saltsalt$/omWT0tAgLPidX6SDPQ.E.",
    "": "$apr1$saltsalt$a8ml/vK5HEjiZ5oypDWA7/",
}


def users():
    """USER:HASH, of users with names of their own."""
    lines = {f"crypt{i}": hashed(PASSWORD, setting) for i, setting in enumerate(SETTINGS)}
    lines |= {
        "plain": "{PLAIN}" + PASSWORD.replace(":", "."),
        "empty-plain": "{PLAIN}",
        "sha": sha(PASSWORD), "ssha": ssha(PASSWORD, b"salt"), "ssha-long": ssha(PASSWORD, os.urandom(40)),
        "ssha-none": ssha(PASSWORD, b""), "ssha-cut": ssha(PASSWORD, b"salt")[:-3],
        "ssha-bare": ssha(PASSWORD, b"salt").rstrip("="), "ssha-broken": "{SSHA}!!!!", "ssha-empty": "{SSHA}",
        "sha-cut": sha(PASSWORD)[:-1], "lower": "{sha}" + sha(PASSWORD)[5:],
        "apr1": APR1[PASSWORD], "apr1-empty": APR1[""], "apr1-cut": APR1[PASSWORD][:-1], "apr1-bare": "$apr1$",
        "apr1-long": "$apr1$saltsaltmore$/omWT0tAgLPidX6SDPQ.E.",
        "empty": "", "star": "*", "star0": "*0", "nonsense": "$9$x$y", "text": PASSWORD.partition(":")[0],
    }
    return lines


def password_file(lines):
    text = "# a comment\n\n\r\n#plain:{PLAIN}commented\n"
    for i, (user, line) in enumerate(lines.items()):
        text += f"{user}:{line}" + ["\n", ":a comment\n", "\r\n"][i % 3]
    text += "plain:{PLAIN}second\nlongname:{PLAIN}a\nlong\nlongname2:{PLAIN}hidden\n name:{PLAIN}a\n"
    text += "long-hash:{PLAIN}" + "a" * 3000 + "\n"
    return text + "last:{PLAIN}" + PASSWORD.partition(":")[0]


HTTP = """
server {
    listen {host}:{port};
    auth_basic "here";
    auth_basic_user_file {files}/users;
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /off { auth_basic off; proxy_pass http://127.0.0.1:{backend}; }
    location /variable { auth_basic "$arg_realm"; proxy_pass http://127.0.0.1:{backend}; }
    location /quoted { auth_basic "say \\"hello\\" $uri"; proxy_pass http://127.0.0.1:{backend}; }
    location /per/ { auth_basic_user_file {files}/$arg_file; proxy_pass http://127.0.0.1:{backend}; }
    location /page { error_page 401 /off/page; proxy_pass http://127.0.0.1:{backend}; }
    location /ok { error_page 401 =200 /off/page; proxy_pass http://127.0.0.1:{backend}; }
    location /named { error_page 401 @named; proxy_pass http://127.0.0.1:{backend}; }
    location @named { auth_basic off; return 402 "named"; }
    location /forbidden { error_page 403 =404 /off/page; auth_basic_user_file {files}/none; proxy_pass http://127.0.0.1:{backend}; }
    location /except { auth_basic off; limit_except GET { auth_basic "write"; } proxy_pass http://127.0.0.1:{backend}; }
    location /user { return 200 "[$remote_user]"; }
}
server {
    listen {host}:{port};
    server_name satisfy.example;
    auth_basic "here";
    auth_basic_user_file {files}/users;
    location /all/allow { allow all; proxy_pass http://127.0.0.1:{backend}; }
    location /all/deny { deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /all/some { allow 10.0.0.0/8; proxy_pass http://127.0.0.1:{backend}; }
    location /any/allow { satisfy any; allow all; proxy_pass http://127.0.0.1:{backend}; }
    location /any/deny { satisfy any; deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /any/some { satisfy any; allow 10.0.0.0/8; proxy_pass http://127.0.0.1:{backend}; }
    location /any/only { satisfy any; proxy_pass http://127.0.0.1:{backend}; }
    location /any/off { satisfy any; deny all; auth_basic off; proxy_pass http://127.0.0.1:{backend}; }
    location /any/none { satisfy any; deny all; auth_basic_user_file {files}/none; proxy_pass http://127.0.0.1:{backend}; }
    location /any/open { satisfy any; auth_basic_user_file {files}/none; allow all; proxy_pass http://127.0.0.1:{backend}; }
    location /any/page { satisfy any; deny all; error_page 401 403 /any/allow; proxy_pass http://127.0.0.1:{backend}; }
}
server {
    listen {host}:{port};
    server_name incomplete.example;
    auth_basic "here";
    location / { proxy_pass http://127.0.0.1:{backend}; }
}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("passwords")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    (folder / "users").write_text(password_file(users()), newline="")
    (folder / "other").write_text("user:{PLAIN}other\n")
    (folder / "empty").write_text("")
    return folder


@pytest.fixture(scope="module")
def pair(shared_lab, files):
    backend = shared_lab.backend(replying(lambda r: answer(
        f"{r.method} {r.target} {r.get('Authorization')}".encode())))
    return shared_lab.pair(HTTP, backend=backend, files=files)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def outcome(response):
    body = None if b"<center>" in response.body else response.body
    return response.status, response.all("WWW-Authenticate"), body


def ask_all(address, questions, host="example.com"):
    with Client(address) as client:
        answers = []
        for target, authorization in questions:
            headers = [] if authorization is None else [("Authorization", authorization)]
            response = client.ask(target, headers=headers, host=host)
            answers.append((target, authorization, outcome(response)))
            if (response.get("Connection") or "").lower() == "close":
                client.close()
                client = Client(address)
        return answers


USERS = [*users(), "longname", "longname2", "long", "name", " name", "long-hash", "last", "nobody", "#plain", ""]
PASSWORDS = [PASSWORD, PASSWORD.replace(":", "."), PASSWORD.partition(":")[0], "", "second", "hidden", "a", "*",
             "a" * 3000, "a" * 2041, PASSWORD + "x"]


@pytest.mark.parametrize("user", USERS)
def test_lets_in_whom_nginx_lets_in(pair, user):
    questions = [("/user-of", basic(user, password)) for password in PASSWORDS]
    theirs, ours = pair.both(lambda address: ask_all(address, questions))
    assert ours == theirs


def test_knows_every_kind_of_hash(pair):
    """Lest nothing but refusals be compared; crypt(3) may have been built without some."""
    lines = users()
    known = {name for name in lines if name.startswith("crypt") and not lines[name].startswith("*")}
    assert len(known) >= 6
    with Client(pair.lab.port) as client:
        for user in known | {"sha", "ssha", "ssha-long", "ssha-none", "apr1"}:
            response = client.ask("/", headers=[("Authorization", basic(user, PASSWORD))])
            assert response.status == 200, user


HEADERS = [None, "", "Basic", "Basic ", "basic " + basic("sha", PASSWORD)[6:], "BASIC   " + basic("sha", PASSWORD)[6:],
           "Basic\t" + basic("sha", PASSWORD)[6:], basic("sha", PASSWORD) + "=", basic("sha", PASSWORD).rstrip("="),
           basic("sha", PASSWORD) + " ", "Basic !!!!", "Basic c2hh", "Basic Og==", "Basic OnBhc3M=", "Bearer abc",
           "Basic " + base64.b64encode(b"sha:open sesame:%\0more").decode(),
           "Basic " + base64.b64encode(b"\xff\xfe:\n").decode(), basic("sha", PASSWORD), basic("user", "other")]
TARGETS = ["/", "/off", "/variable", "/variable?realm=off", "/variable?realm=a%22b", "/variable?realm=OFF", "/quoted",
           "/quoted%0ax", "/per/?file=users", "/per/?file=other", "/per/?file=none", "/per/?file=empty",
           "/page", "/ok", "/named", "/forbidden", "/except", "/user"]


@pytest.mark.parametrize("target", TARGETS)
def test_asks_as_nginx_does(pair, target):
    theirs, ours = pair.both(lambda address: ask_all(address, [(target, header) for header in HEADERS]))
    if "%0a" in target:  # nginx lets the client write header fields
        theirs = [(*rest, (status, [value.replace("\n", " ") for value in fields], body))
                  for *rest, (status, fields, body) in theirs]
        ours = [answer for answer in ours if not answer[2][1]]
        theirs = [answer for answer in theirs if not answer[2][1]]
    assert ours == theirs


@pytest.mark.parametrize("target", [
    f"/{kind}/{what}" for kind, what in itertools.product(["all"], ["allow", "deny", "some"])] + [
    f"/any/{what}" for what in ["allow", "deny", "some", "only", "off", "none", "open", "page"]])
def test_satisfies_as_nginx_does(pair, target):
    questions = [(target, header) for header in (None, basic("sha", PASSWORD), basic("sha", "x"), basic("nobody", "x"))]
    theirs, ours = pair.both(lambda address: ask_all(address, questions, "satisfy.example"))
    assert ours == theirs


def test_asks_nobody_without_a_file(pair):
    theirs, ours = pair.both(lambda address: ask_all(address, [("/", None)], "incomplete.example"))
    assert ours == theirs


def test_limits_methods(pair):
    def ask(address):
        with Client(address) as client:
            return [outcome(client.ask("/except", method=method, headers=headers, body=b"")) for method in ("PUT", "GET")
                    for headers in ([], [("Authorization", basic("sha", PASSWORD))])]
    theirs, ours = pair.both(ask)
    assert ours == theirs


def test_says_why_and_keeps_secrets(lab, files):
    daemon = lab.rpcd("server { listen {host}:{port}; auth_basic a; auth_basic_user_file {files}/users;"
                      " location / { proxy_pass http://127.0.0.1:1; }"
                      " location /none { auth_basic_user_file {files}/none; proxy_pass http://127.0.0.1:1; } }",
                      files=files)
    with Client(lab.port) as client:
        assert client.ask("/", headers=[("Authorization", basic("sha", "topsecret"))]).status == 401
        assert client.ask("/", headers=[("Authorization", basic("nobody", "topsecret"))]).status == 401
        assert client.ask("/none", headers=[("Authorization", basic("sha", "topsecret"))]).status == 403
        assert client.ask("/").status == 401
    daemon.wait_for_text('user "sha": password mismatch')
    daemon.wait_for_text(f'user "nobody" was not found in "{files}/users"')
    daemon.wait_for_text(f'open() "{files}/none" failed (2: No such file or directory)')
    daemon.wait_for_text("no user/password was provided for basic authentication")
    assert "topsecret" not in daemon.text("error.log")
    assert sha(PASSWORD) not in daemon.text("error.log")


def test_fails_where_a_file_cannot_be_read(lab, files):
    pair = lab.pair("server { listen {host}:{port}; auth_basic a; auth_basic_user_file {files};"
                    " location / { proxy_pass http://127.0.0.1:1; }"
                    " location /any { satisfy any; deny all; proxy_pass http://127.0.0.1:1; } }", files=files)
    for daemon in (pair.nginx, pair.rpcd):
        daemon.expects_alerts = True
    questions = [(target, header) for target in ("/", "/any") for header in (None, basic("sha", "x"))]
    theirs, ours = pair.both(lambda address: ask_all(address, questions))
    assert ours == theirs


DELAYED = """
server {
    listen {host}:{port};
    auth_basic a;
    auth_basic_user_file {files}/users;
    location / { auth_delay 400ms; proxy_pass http://127.0.0.1:{backend}; }
    location /page { auth_delay 400ms; error_page 401 =403 /later; proxy_pass http://127.0.0.1:{backend}; }
    location /later { auth_basic off; return 200 "later"; }
    location /forever { auth_delay 1000h; proxy_pass http://127.0.0.1:{backend}; }
    location /forbidden { auth_delay 1000h; deny all; proxy_pass http://127.0.0.1:{backend}; }
}
"""


def test_delays_refusals(lab, files):
    backend = lab.backend(replying(lambda r: answer(r.body)))
    pair = lab.pair(DELAYED, backend=backend, files=files)

    def ask(address):
        answers = []
        with Client(address) as client:
            for target, password in itertools.product(("/", "/page"), (PASSWORD, "wrong")):
                begin = time.monotonic()
                response = client.ask(target, method="POST", body=b"x" * 100000,
                                      headers=[("Authorization", basic("sha", password))])
                answers.append((outcome(response), password == PASSWORD or time.monotonic() - begin > 0.3))
        return answers

    theirs, ours = pair.both(ask)
    assert ours == theirs
    assert all(is_late for _, is_late in ours)
    pair.rpcd.wait_for_text("delaying unauthorized request")


def test_is_not_held_up_by_delays(lab, files):
    backend = lab.backend(replying(lambda r: answer(b"in")))
    daemon = lab.rpcd(DELAYED, backend=backend, files=files)
    with Client(lab.port) as waiting, Client(lab.port) as other:
        waiting.send(b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
        daemon.wait_for_text("delaying unauthorized request")
        assert other.ask("/", headers=[("Authorization", basic("sha", PASSWORD))]).body == b"in"
        assert other.ask("/forbidden").status == 403
    with Client(lab.port) as other:
        assert other.ask("/later").body == b"later"


def test_sees_changes_at_once(lab, tmp_path):
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(0o755)
    name = tmp_path / "users"
    name.write_text("a:{PLAIN}one\n")
    lab.rpcd("server { listen {host}:{port}; auth_basic a; auth_basic_user_file {name};"
             " location / { proxy_pass http://127.0.0.1:1; } }", name=name)
    with Client(lab.port) as client:
        assert client.ask("/", headers=[("Authorization", basic("a", "one"))]).status == 502
    name.write_text("a:{PLAIN}two\n")
    with Client(lab.port) as client:
        assert client.ask("/", headers=[("Authorization", basic("a", "one"))]).status == 401
        assert client.ask("/", headers=[("Authorization", basic("a", "two"))]).status == 502
