"""auth_request, auth_request_set and log_subrequest, compared with nginx."""

import base64
import itertools
import socket
import threading
import time

import pytest

from lab import Client, wait_until
from lab.backend import answer, replying
from lab.daemon import SANITIZED
from lab.http import chunked, request_bytes
from lab.http2_client import Http2Client, memory

CHALLENGE = ("WWW-Authenticate", 'Bearer realm="x"')


def judge(request):
    """Answers as the client's X-Answer says, and tells what was asked, and who the user is."""
    status = request.get("X-Answer", "200")
    headers = [("X-User", "alice"), ("X-Asked", f"{request.method} {request.target}"),
               ("X-Body", request.framing + " " + (request.get("Content-Length") or "-")),
               ("Set-Cookie", "secret=1")]
    if status == "401":
        headers.append(CHALLENGE)
    if request.get("X-Hops"):
        headers.append(("X-Accel-Redirect", request.get("X-Hops")))
    return answer(b"" if status in ("204", "304") else b"body of the judge", f"{status} Whatever", headers)


def echo(request):
    seen = [f"{name}={request.get(name)}" for name in
            ("X-User", "X-Status", "X-Asked", "X-Set", "X-Method", "X-Uri", "Content-Length") if request.get(name)]
    return answer(f"{request.method} {request.target} {' '.join(seen)} ".encode() + request.body)


HTTP = """
log_format asked "$request|$status|$uri|$args|$body_bytes_sent|$request_length|$user|$upstream_status|$pipe|$request_method";
access_log access.log asked;
upstream judge { server 127.0.0.1:{judge}; keepalive 4; }
limit_req_zone $binary_remote_addr zone=once:1m rate=1r/m;
server {
    listen {host}:{port};
    error_page 402 /page;
    root {files};
    auth_request_set $user $upstream_http_x_user;
    proxy_set_header X-User $user;
    location = /auth { internal; proxy_pass http://judge; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /logged { internal; log_subrequest on; proxy_pass http://judge; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location = /page { return 402 "page of [$user]"; }
    location /public { proxy_pass http://127.0.0.1:{echo}; }

    location / { auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /with-log { auth_request /logged; proxy_pass http://127.0.0.1:{echo}; }
    location /with-log/args { auth_request /logged/a?b=c; proxy_pass http://127.0.0.1:{echo}; }
    location /inner { auth_request /auth; location /inner/off { auth_request off; proxy_pass http://127.0.0.1:{echo}; }
        location /inner/empty { auth_request ""; proxy_pass http://127.0.0.1:{echo}; }
        location /inner/set { auth_request_set $set "$upstream_http_x_asked"; proxy_set_header X-Set $set; proxy_pass http://127.0.0.1:{echo}; } }
    location /values { auth_request /auth/values;
        auth_request_set $status_of $upstream_status;
        auth_request_set $set "$upstream_http_x_asked,$status_of,$uri,$request_uri,$args,$request_method,$sent_http_x_user,$sent_http_server,$status";
        proxy_set_header X-Set $set; proxy_set_header X-Method $request_method; proxy_set_header X-Uri $uri;
        add_header X-Added "$user $status_of" always; proxy_pass http://127.0.0.1:{echo}; }
    location = /auth/values { internal; proxy_pass http://judge; add_header X-Never "$user" always;
        proxy_set_header X-Original $request_uri; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /uri { auth_request /moved; auth_request_set $set $upstream_http_x_asked; proxy_set_header X-Set $set; proxy_pass http://127.0.0.1:{echo}; }
    location = /moved { proxy_pass http://judge/elsewhere?$request_uri; proxy_pass_request_body off; proxy_set_header Content-Length ""; }

    location /by/text { auth_request /say/200; return 200 "never asked"; }
    location /by/200 { auth_request /say/200; proxy_pass http://127.0.0.1:{echo}; }
    location /by/201 { auth_request /say/201; proxy_pass http://127.0.0.1:{echo}; }
    location /by/204 { auth_request /say/204; proxy_pass http://127.0.0.1:{echo}; }
    location /by/301 { auth_request /say/301; proxy_pass http://127.0.0.1:{echo}; }
    location /by/401 { auth_request /say/401; proxy_pass http://127.0.0.1:{echo}; }
    location /by/403 { auth_request /say/403; proxy_pass http://127.0.0.1:{echo}; }
    location /by/404 { auth_request /say/404; proxy_pass http://127.0.0.1:{echo}; }
    location /by/408 { auth_request /say/408; proxy_pass http://127.0.0.1:{echo}; }
    location /by/444 { auth_request /say/444; proxy_pass http://127.0.0.1:{echo}; }
    location /by/499 { auth_request /say/499; proxy_pass http://127.0.0.1:{echo}; }
    location /by/502 { auth_request /say/502; proxy_pass http://127.0.0.1:{echo}; }
    location /by/file { auth_request /file.txt; proxy_pass http://127.0.0.1:{echo}; }
    location /by/no-file { auth_request /no.txt; proxy_pass http://127.0.0.1:{echo}; }
    location /by/folder { auth_request /folder; proxy_pass http://127.0.0.1:{echo}; }
    location /by/index { auth_request /folder/; proxy_pass http://127.0.0.1:{echo}; }
    location /by/large { auth_request /large.bin; proxy_pass http://127.0.0.1:{echo}; }
    location /by/tried { auth_request /tried; proxy_pass http://127.0.0.1:{echo}; }
    location /by/tried-in-vain { auth_request /tried/in-vain; proxy_pass http://127.0.0.1:{echo}; }
    location /by/rewritten { auth_request /rewritten; proxy_pass http://127.0.0.1:{echo}; }
    location /by/cycle { auth_request /cycle; proxy_pass http://127.0.0.1:{echo}; }
    location /by/denied { auth_request /denied; proxy_pass http://127.0.0.1:{echo}; }
    location /by/itself { auth_request /by/itself; proxy_pass http://127.0.0.1:{echo}; }
    location /by/down { auth_request /down; proxy_pass http://127.0.0.1:{echo}; }
    location /by/page { auth_request /paged; proxy_pass http://127.0.0.1:{echo}; }
    location /by/other-page { auth_request /paged/other; proxy_pass http://127.0.0.1:{echo}; }
    location /by/intercepted { auth_request /intercepted; proxy_pass http://127.0.0.1:{echo}; }
    location /by/hidden { auth_request /hidden; proxy_pass http://127.0.0.1:{echo}; }
    location /by/named { auth_request @named; proxy_pass http://127.0.0.1:{echo}; }
    location /by/relative { auth_request auth; proxy_pass http://127.0.0.1:{echo}; }
    location /by/dollar { auth_request /say/$arg_x; proxy_pass http://127.0.0.1:{echo}; }
    location /by/set { auth_request /setting; auth_request_set $user "$user+$mine"; proxy_set_header X-Set $mine; proxy_pass http://127.0.0.1:{echo}; }
    location /by/except { auth_request /excepted; proxy_pass http://127.0.0.1:{echo}; }
    location /by/size { client_max_body_size 100; auth_request /small; proxy_pass http://127.0.0.1:{echo}; }
    location /say/200 { return 200 "text"; }
    location /say/201 { return 201; }
    location /say/204 { return 204; }
    location /say/301 { return 301 http://elsewhere/; }
    location /say/401 { add_header WWW-Authenticate added always; return 401; }
    location /say/403 { return 403; }
    location /say/404 { return 404; }
    location /say/408 { return 408; }
    location /say/444 { return 444; }
    location /say/499 { return 499; }
    location /say/502 { return 502 "text"; }
    location ~ \\.(txt|bin)$ { }
    location /folder { }
    location /tried { try_files /none /say/403; }
    location /tried/in-vain { try_files /none =404; }
    location /rewritten { rewrite ^ /say/204 last; }
    location /cycle { rewrite ^ /cycle last; }
    location /denied { deny all; auth_basic x; auth_basic_user_file {files}/none; return 204; }
    location /down { proxy_pass http://127.0.0.1:1; }
    location /paged { error_page 404 =204 /file.txt; return 404; }
    location /paged/other { error_page 404 = /say/403; return 404; }
    location /intercepted { proxy_intercept_errors on; error_page 401 /say/200; proxy_pass http://judge; }
    location /hidden { proxy_hide_header WWW-Authenticate; proxy_pass http://judge; }
    location @named { return 200; }
    location /setting { set $mine "of $uri"; set $user set; return 204; }
    location /excepted { limit_except GET { deny all; } return 204; }
    location /small { client_max_body_size 10; return 204; }

    location /hop { return 403; }
    location = /hop/204 { internal; return 204; }
    location /page/401 { error_page 401 =200 /page; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /page/named { error_page 401 403 500 = @login; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location @login { return 302 /login?user=$user; }
    location /page/fails { error_page 502 @again; proxy_pass http://127.0.0.1:1; }
    location @again { auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /page/again { error_page 403 /again; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /again { auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /files/ { auth_request /auth; alias {files}/; }
    location /tries/ { auth_request /auth; try_files /none /public; }

    location /all/allow { allow all; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /all/deny { deny all; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /any/allow { satisfy any; allow all; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /any/deny { satisfy any; deny all; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /all/basic { auth_basic x; auth_basic_user_file {files}/users; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /any/basic { satisfy any; auth_basic x; auth_basic_user_file {files}/users; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location /any/three { satisfy any; deny all; auth_basic x; auth_basic_user_file {files}/users; auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }

    location /limited { auth_request /limit; proxy_pass http://127.0.0.1:{echo}; }
    location /limit { limit_req zone=once; try_files /file.txt =404; }
}
server {
    listen {host}:{port};
    server_name rewrites.example;
    if ($uri = /old-auth) { rewrite ^ /new-auth; }
    location /old-auth { return 403; }
    location /new-auth { return 204; }
    location / { auth_request /old-auth; proxy_pass http://127.0.0.1:{echo}; }
}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    (folder / "file.txt").write_text("a file")
    (folder / "large.bin").write_bytes(b"x" * 3_000_000)
    (folder / "folder").mkdir()
    (folder / "folder" / "index.html").write_text("an index")
    (folder / "users").write_text("bob:{PLAIN}secret\n")
    return folder


@pytest.fixture(scope="module")
def pair(shared_lab, files):
    return shared_lab.pair(HTTP, judge=shared_lab.backend(replying(judge)), echo=shared_lab.backend(replying(echo)),
                           files=files)


def outcome(response):
    """What of the response is the configuration's or a backend's."""
    body = None if b"<center>" in response.body else response.body
    fields = {name: response.all(name) for name in
              ("WWW-Authenticate", "Set-Cookie", "X-Added", "X-User", "Location", "X-Never")}
    if response.status == 302:
        fields["Location"] = [value.partition("/login")[2] for value in fields["Location"]]
    return response.status, fields, body


def ask(address, target, **options):
    with Client(address) as client:
        try:
            return outcome(client.ask(target, **options))
        except ConnectionError as error:
            return str(error)
        except Exception as error:
            return type(error).__name__


def compare(pair, target, **options):
    theirs, ours = pair.both(lambda address: ask(address, target, **options))
    assert ours == theirs
    return ours


STATUSES = ["200", "201", "204", "206", "299", "300", "302", "304", "400", "401", "403", "404", "407", "500", "503"]


@pytest.mark.parametrize("target", ["/", "/values?a=b", "/page/401", "/page/named", "/page/again", "/all/allow",
                                    "/any/deny", "/files/file.txt", "/tries/x", "/by/intercepted", "/by/hidden"])
def test_lets_in_whom_nginx_lets_in(pair, target):
    for status in STATUSES:
        compare(pair, target, headers=[("X-Answer", status)])


def test_asks_at_all(pair):
    assert compare(pair, "/x", headers=[("X-Answer", "204")])[2] == b"GET /x X-User=alice "
    assert compare(pair, "/x", headers=[("X-Answer", "403")])[0] == 403
    status, fields, _ = compare(pair, "/x", headers=[("X-Answer", "401")])
    assert (status, fields["WWW-Authenticate"]) == (401, [CHALLENGE[1]])
    assert compare(pair, "/x", headers=[("X-Answer", "404")])[0] == 500


@pytest.mark.parametrize("what", [
    "text", "200", "201", "204", "301", "401", "403", "404", "408", "444", "499", "502", "file", "no-file", "folder",
    "index", "large", "tried", "tried-in-vain", "rewritten", "cycle", "denied", "itself", "down", "page", "other-page",
    "named", "relative", "dollar?x=200", "set", "except", "size"])
@pytest.mark.parametrize("verb", ["GET", "POST", "HEAD"])
def test_takes_answers_of_every_kind(pair, what, verb):
    if verb == "POST" and what in ("itself", "dollar?x=200"):
        pytest.skip("nginx announces a body to the backend, which waits for it in vain")
    body = b"x" * 20 if verb == "POST" else None
    compare(pair, f"/by/{what}", method=verb, body=body)


@pytest.mark.parametrize("target", ["/inner/x", "/inner/off", "/inner/empty", "/inner/set", "/uri/a%20b?c=d",
                                    "/with-log", "/with-log/args", "/values/a%2fb?x=y%20z", "/public"])
def test_inherits_and_sets(pair, target):
    for method, status in itertools.product(("GET", "POST", "PUT"), ("200", "403")):
        compare(pair, target, method=method, body=b"abc" if method != "GET" else None, headers=[("X-Answer", status)])


def test_looks_at_conditions_and_ranges_of_the_client_only(pair):
    for header in [("If-None-Match", "*"), ("If-Match", '"x"'), ("Range", "bytes=0-1"), ("Range", "bytes=90-"),
                   ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"), ("Accept-Encoding", "gzip"),
                   ("Connection", "upgrade")]:
        for target in ("/by/file", "/by/200", "/", "/files/file.txt"):
            compare(pair, target, headers=[header])


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


@pytest.mark.parametrize("target", ["/all/allow", "/all/deny", "/any/allow", "/any/deny", "/all/basic", "/any/basic",
                                    "/any/three"])
def test_satisfies_as_nginx_does(pair, target):
    for status in ("200", "401", "403", "500"):
        for authorization in ([], [basic("bob", "secret")], [basic("bob", "wrong")]):
            compare(pair, target, headers=[("X-Answer", status), *authorization])


def test_leaves_a_body_that_was_read_to_the_next_backend(pair):
    for status in ("200", "403", "404"):
        answered = compare(pair, "/page/fails", method="POST", body=b"the body", headers=[("X-Answer", status)])
        assert status != "200" or (answered[0] == 502 and answered[2].endswith(b"the body"))


def test_follows_x_accel_redirect(pair):
    for target in ("/hop/204", "/hop", "/file.txt", "/nowhere", "@named", "/by/200"):
        compare(pair, "/values", headers=[("X-Hops", target)])


def test_rewrites_in_the_server_first(pair):
    assert compare(pair, "/x", host="rewrites.example")[0] == 200


def test_shares_its_limits(pair):
    first, second = [compare(pair, "/limited")[0] for _ in range(2)]
    assert (first, second) == (200, 500)


MARKS = itertools.count()


def count_lines(daemon, address):
    """How many lines there are, once all requests that are answered have theirs."""
    mark = f"/public?mark={next(MARKS)}"
    ask(address, mark)
    return wait_until(lambda: [i + 1 for i, line in enumerate(daemon.lines()) if f" {mark} " in line], "the mark")[0]


def log_lines(pair, target, **options):
    lines = []
    for daemon, address in zip((pair.nginx, pair.rpcd), pair.addresses()):
        before = count_lines(daemon, address)
        ask(address, target, **options)
        daemon.wait_for_line(before + 1)
        end = wait_until(lambda: [i for i, line in enumerate(daemon.lines()) if i >= before
                                  and line.startswith(options.get("method", "GET")) and "/logged" not in line.split("|")[2]],
                         "the client's line")
        lines.append(daemon.lines()[before:end[0] + 1])
    return lines


@pytest.mark.parametrize("target", ["/with-log?a=b", "/with-log/args?a=b", "/x", "/by/set"])
def test_logs_as_nginx_does(pair, target):
    for status in ("200", "204", "401", "404"):
        theirs, ours = log_lines(pair, target, method="POST", body=b"x" * 30, headers=[("X-Answer", status)])
        assert len(ours) == (2 if "log" in target else 1)
        if status != "200":  # pages of errors are of different sizes, and nginx does not count bodies it drops
            theirs, ours = [[line.split("|")[:4] + line.split("|")[6:] for line in lines] for lines in (theirs, ours)]
        assert ours == theirs


def test_says_what_was_unexpected(pair):
    ask(pair.addresses()[1], "/by/404")
    pair.rpcd.wait_for_text("auth request unexpected status: 404 while sending to client, client: 127.0.0.1, ")
    ask(pair.addresses()[1], "/by/down")
    pair.rpcd.wait_for_text('request: "GET /by/down HTTP/1.1", subrequest: "/down", upstream: "http://127.0.0.1:1/down"')
    pair.rpcd.wait_for_text("auth request unexpected status: 502 while sending to client")


def test_gives_the_body_to_the_backend_alone(pair):
    """Whatever its framing; the subrequest has none."""
    body = b"y" * 300_000
    for send in (lambda c: c.send(request_bytes("/values", method="POST", body=body)),
                 lambda c: c.send(b"POST /values HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                  chunked(body[:1000], body[1000:]))):
        with Client(pair.lab.port) as client:
            send(client)
            response = client.response()
            assert response.status == 200 and response.body.endswith(body)
            assert client.ask("/x").status == 200


def test_passes_every_challenge_on(lab):
    """As nginx does since 1.23; the old one takes one of them."""
    challenges = [("WWW-Authenticate", "Basic realm=a"), ("X-Other", "x"), ("WWW-Authenticate", "Bearer")]
    judging = lab.backend(answer(b"", "401 No", challenges))
    lab.rpcd("server { listen {port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:1; }"
             " location /page { error_page 401 =403 /public; auth_request /auth; proxy_pass http://127.0.0.1:1; }"
             " location /public { return 200; }"
             " location /auth { proxy_pass http://127.0.0.1:{judging}; } }", judging=judging)
    with Client(lab.port) as client:
        for target, status in (("/", 401), ("/page", 403)):
            response = client.ask(target)
            assert (response.status, response.all("WWW-Authenticate")) == (status, ["Basic realm=a", "Bearer"])


class Gate:
    """A judge that waits, and knows what became of who asked."""

    def __init__(self, status="200 OK", body=b""):
        self.reply = answer(body, status, [("X-User", "alice")])
        self.may_answer = threading.Event()
        self.is_left = threading.Event()

    def __call__(self, connection):
        while connection.request():
            threading.Thread(target=self.watch, args=(connection,), daemon=True).start()
            self.may_answer.wait(20)
            if self.is_left.is_set():
                return
            connection.send(self.reply)

    def watch(self, connection):
        while not self.may_answer.is_set():
            try:
                if connection.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                    self.leave()
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                self.leave()

    def leave(self):
        """What ends behind an answer has not been left."""
        if not self.may_answer.is_set():
            self.is_left.set()
            self.may_answer.set()


HELD = """
log_format told "$request_uri $status $upstream_status";
server {
    listen {host}:{port} {h2};
    access_log access.log told;
    log_subrequest on;
    location / { auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }
    location = /auth { proxy_pass http://127.0.0.1:{judge}; proxy_read_timeout {patience};
        proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /stays { auth_request /auth/stays; proxy_pass http://127.0.0.1:{echo}; }
    location = /auth/stays { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:{judge}; }
}
"""


def held(lab, judge, h2="", patience="60s"):
    return lab.rpcd(HELD, judge=lab.backend(judge), echo=lab.backend(replying(echo)), h2=h2, patience=patience)


def begin(lab, client, path, **request):
    """Sends a request, and returns when the judge has been asked about it."""
    client.send(request_bytes(path, **request))
    lab.backends[0].wait_for(1)


@pytest.mark.parametrize("size", [0, 200_000])
def test_ends_with_its_client(lab, size):
    gate, body = Gate(), b"z" * size
    daemon = held(lab, gate)
    with Client(lab.port) as client:
        begin(lab, client, "/", method="POST" if body else "GET", body=body)
        client.reset()
    assert gate.is_left.wait(10)
    assert daemon.wait_for_line() == "/ 499 -"
    daemon.wait_for_text("so upstream connection is closed too")
    wait_until(lambda: not lab.backends[1].requests, "no request")
    with Client(lab.port) as client:
        gate.may_answer.set()
        assert client.ask("/stays").status in (200, 500)


def test_goes_on_without_its_client_where_the_subrequest_does(lab):
    gate = Gate()
    daemon = held(lab, gate)
    with Client(lab.port) as client:
        begin(lab, client, "/stays")
        client.close()
        gate.may_answer.set()
    assert daemon.wait_for_line().startswith("/stays 200 200")


def test_runs_into_time_outs(lab):
    daemon = held(lab, Gate(), patience="100ms")
    with Client(lab.port) as client:
        assert client.ask("/").status == 500
        daemon.wait_for_text("auth request unexpected status: 504")
    assert daemon.wait_for_line(2)


def test_lets_others_pass(lab):
    gate = Gate()
    held(lab, gate)
    with Client(lab.port) as waiting, Client(lab.port) as other:
        begin(lab, waiting, "/one")
        other.send(request_bytes("/two"))
        lab.backends[0].wait_for(2)
        gate.may_answer.set()
        assert waiting.response().body.startswith(b"GET /one")
        assert other.response().body.startswith(b"GET /two")


def test_answers_pipelined_requests_in_order(pair):
    data = b"".join(request_bytes(f"/values/{i}", method="POST", body=bytes([65 + i]) * 1000 * i,
                                  headers=[("X-Answer", "403" if i % 3 == 0 else "200")]) for i in range(1, 13))

    def ask_all(address):
        with Client(address) as client:
            client.send(data)
            return [outcome(client.response()) for _ in range(12)]

    theirs, ours = pair.both(ask_all)
    assert ours == theirs


def test_takes_the_body_only_from_whom_it_lets_in(pair):
    """Expect: 100-continue."""
    def expect(address, status):
        with Client(address) as client:
            client.send(b"POST /values HTTP/1.1\r\nHost: a\r\nX-Answer: %d\r\nContent-Length: 5\r\n"
                        b"Expect: 100-continue\r\n\r\n" % status)
            first = client.response()
            if first.status != 100:
                return first.status
            client.send(b"hello")
            return first.status, outcome(client.response())

    for status in (200, 401, 500):
        theirs, ours = pair.both(lambda address: expect(address, status))
        assert ours == theirs


def test_keeps_connections_to_the_judge(lab):
    """Also behind answers with bodies, if they are small; nginx keeps those without one."""
    small, large = lab.backend(answer(b"body")), lab.backend(answer(b"x" * 1_000_000))
    lab.rpcd("upstream small { server 127.0.0.1:{small}; keepalive 2; } upstream large { server 127.0.0.1:{large}; keepalive 2; }"
             "server { listen {port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:{echo}; }"
             " location = /auth { proxy_pass http://small; }"
             " location /large { auth_request /auth/large; proxy_pass http://127.0.0.1:{echo}; }"
             " location = /auth/large { proxy_pass http://large; } }",
             small=small, large=large, echo=lab.backend(replying(echo)))
    with Client(lab.port) as client:
        for _ in range(5):
            assert client.ask("/").status == 200
            assert client.ask("/", method="HEAD").status == 200
            assert client.ask("/large").status == 200
    assert len(small.connections) == 1
    assert len(large.connections) == 5


def test_ends_on_the_configuration_it_began_on(lab):
    gate = Gate()
    daemon = held(lab, gate)
    with Client(lab.port) as client:
        begin(lab, client, "/")
        lab.reload(daemon, "server { listen {host}:{port}; location / { return 403; } }")
        gate.may_answer.set()
        assert client.response().status == 200
        wait_until(lambda: ask(lab.port, "/")[0] == 403, "the new configuration")


def test_asks_for_streams_of_http2(lab):
    gate = Gate()
    daemon = held(lab, gate, h2="http2")
    with Http2Client(lab.port) as client:
        first = client.request("/one")
        second = client.request("/two", method="POST", body=b"hello")
        third = client.request("/three")
        lab.backends[0].wait_for(3)
        client.reset_stream(third)
        gate.may_answer.set()
        assert client.response(first).status == 200
        assert client.response(second).body.endswith(b"hello")
    wait_until(lambda: any(line.startswith("/three 499") for line in daemon.lines()), "the line of the reset stream")


def test_asks_grpc_backends(lab):
    """They are asked as by any grpc_pass; what they answer is not HTTP/2 here."""
    daemon = lab.rpcd("server { listen {port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:1; }"
                      " location = /auth { grpc_pass grpc://127.0.0.1:{judge}; } }", judge=lab.backend(answer(b"x")))
    with Client(lab.port) as client:
        assert client.ask("/").status == 500
    daemon.wait_for_text("auth request unexpected status: 502")


def test_takes_no_upgrade_for_an_answer(lab):
    def switch(connection):
        while connection.request():
            connection.send(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    daemon = lab.rpcd("server { listen {port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:1; }"
                      " location = /auth { proxy_pass http://127.0.0.1:{judge}; proxy_http_version 1.1;"
                      " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }",
                      judge=lab.backend(switch))
    with Client(lab.port) as client:
        assert client.ask("/", headers=[("Upgrade", "x"), ("Connection", "upgrade")]).status == 500
    daemon.wait_for_text("101 to a subrequest")


def test_lets_tunnels_through(lab):
    def tunnel(connection):
        connection.head()
        connection.send(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        connection.send(connection.read_exactly(5).upper())
    lab.rpcd("server { listen {port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:{back};"
             " proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }"
             " location = /auth { proxy_pass http://127.0.0.1:{judge}; } }",
             back=lab.backend(tunnel), judge=lab.backend(answer()))
    with Client(lab.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        assert client.response().status == 101
        client.send(b"hello")
        assert client.read_exactly(5) == b"HELLO"


def test_holds_connections_of_limits_until_all_is_answered(lab, files):
    """A limit_conn of the subrequest's location counts for as long as the client's request."""
    for start in (lab.nginx, lab.rpcd):
        gate = Gate()
        start("limit_conn_zone $binary_remote_addr zone=z:1m; server { listen {host}:{port}; root {files};"
              " location / { auth_request /auth; proxy_pass http://127.0.0.1:{back}; }"
              " location = /auth { limit_conn z 1; try_files /file.txt =404; } }",
              back=lab.backend(gate), files=files)
        address = ("127.0.0.2" if start == lab.nginx else "127.0.0.1", lab.port)
        with Client(address) as first, Client(address) as second:
            first.send(request_bytes("/"))
            lab.backends[-1].wait_for(1)
            assert second.ask("/").status == 500
            gate.may_answer.set()
            assert first.response().status == 200
        wait_until(lambda: ask(address, "/")[0] == 200, "the limit to let others in")


def test_leaves_nothing_behind(lab):
    """Thousands of subrequests, answered, refused and given up, need no more memory than hundreds."""
    daemon = lab.rpcd(HTTP.replace("{files}", str(lab.root)), judge=lab.backend(replying(judge)),
                      echo=lab.backend(replying(echo)))

    def ask_many(count):
        for i in range(count):
            with Client(lab.port) as client:
                client.ask("/values", headers=[("X-Answer", ("200", "403", "500")[i % 3])])
    ask_many(300)
    if SANITIZED:
        return  # what was freed is kept, and leaks are looked for at the end
    before = memory(daemon)
    ask_many(1500)
    assert memory(daemon) < before + 500_000
