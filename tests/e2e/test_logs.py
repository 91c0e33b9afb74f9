"""Access and error logs: lines compared with nginx's, field by field."""

import json
import os
import re
import signal

import pytest

from lab import Client, answer, ask, wait_until
from lab.http import request_bytes

FORMATS = r"""
log_format fields '$remote_addr|$remote_user|$request|$status|$body_bytes_sent|$http_referer|'
                  '$http_user_agent|$host|$uri|$args|$request_uri|$request_method|$scheme|'
                  '$server_name|$server_protocol|$http_x_odd|$arg_a|$cookie_c|$is_args|'
                  '$sent_http_x_reply|$upstream_http_x_reply|$upstream_addr|$upstream_status|'
                  '$request_length|$request_completion|$pipe|$connection_requests|$content_length|'
                  '$sent_http_content_type|$proxy_host|$proxy_port|$upstream_response_length';
log_format json_line escape=json '{"request":"$request","odd":"$http_x_odd","agent":"$http_user_agent",'
                  '"uri":"$uri","missing":"$http_missing"}';
log_format plain escape=none '$request "$http_x_odd" $uri $http_missing.';
log_format times '$msec $time_local $time_iso8601 $request_time $upstream_response_time '
                 '$upstream_connect_time $upstream_header_time $connection $pid $request_id '
                 '$bytes_sent $hostname $nginx_version';
"""

HTTP = FORMATS + """
proxy_http_version 1.1;
proxy_set_header Connection "";
server {
    listen {host}:{port};
    server_name example.com;
    access_log access.log fields;
    access_log json.log json_line;
    access_log plain.log plain;
    access_log combined.log;
    access_log times.log times;
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /return { return 200 "text"; }
    location /gone { return 410; }
    location /moved { return 301 /elsewhere; }
    location /refused { proxy_pass http://127.0.0.1:{refused}; }
    location /off { access_log off; return 200 "silent"; }
    location /own { access_log own.log combined; return 200 "own"; }
}
"""

HEADERS = [("User-Agent", 'quote " backslash \\ tab\tend'), ("Referer", "http://r.example/"),
           ("X-Odd", 'caf\xc3\xa9 \xff <a> "b" \\c'), ("Cookie", "a=1; c=cookie"),
           ("Authorization", "Basic am9lOnBhc3M=")]

REQUESTS = {
    "plain": request_bytes("/path?a=1"),
    "headers": request_bytes("/path/%41%20b?a=%22x", headers=HEADERS),
    "quotes in target": request_bytes("/a\"b'c?d=\"e\""),
    "high bytes in target": request_bytes("/caf\xe9?a=\xfc"),
    "decoded controls": request_bytes("/a%01%1f%7fb%0a"),
    "post": request_bytes("/post", method="POST", body=b"12345"),
    "chunked": request_bytes("/post", method="POST", headers=[("Transfer-Encoding", "chunked")])
               + b"3\r\nabc\r\n0\r\n\r\n",
    "head": request_bytes("/x", method="HEAD"),
    "return": request_bytes("/return?a=b"),
    "gone": request_bytes("/gone"),
    "moved": request_bytes("/moved"),
    "refused": request_bytes("/refused"),
    "1.0": request_bytes("/old", version="HTTP/1.0"),
    "other host": request_bytes("/x", host="Other.Example:99"),
    "two slashes": request_bytes("//a/../b"),
}

BAD_REQUESTS = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "bad target": b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad header": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
}

LOGS = ["access.log", "json.log", "plain.log", "combined.log"]


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(answer(b"reply", headers=[("X-Reply", 'r "1"'), ("Content-Type", "a/b")]))
    return shared_lab.pair(HTTP, backend=backend, refused=shared_lab.new_port())


def log_lines_of(pair, data, method="GET"):
    """The lines that this request adds to each log, for nginx and for rpcd."""
    before = {(daemon.name, name): len(daemon.lines(name))
              for daemon in (pair.nginx, pair.rpcd) for name in LOGS}

    def send(address):
        with Client(address) as client:
            client.send(data)
            client.response(method)

    pair.both(send)
    result = []
    for daemon in (pair.nginx, pair.rpcd):
        result.append({name: daemon.wait_for_line(before[daemon.name, name] + 1, name)
                       for name in LOGS})
    return result


def without_time(line):
    return re.sub(r"\[[^]]*\]", "[time]", line, count=1)


@pytest.mark.parametrize("name", REQUESTS)
def test_lines_are_nginxs(pair, name):
    data = REQUESTS[name]
    by_nginx, by_rpcd = log_lines_of(pair, data, data.split(b" ")[0].decode())
    # The lengths of pages that name the server differ.
    page = by_nginx["access.log"].split("|")[3] in ("301", "410", "502")
    for log in LOGS:
        expected, actual = without_time(by_nginx[log]), without_time(by_rpcd[log])
        if log == "access.log":
            names = FIELD_NAMES
            expected = dict(zip(names, expected.split("|"), strict=True))
            actual = dict(zip(names, actual.split("|"), strict=True))
            # nginx has read a chunked body before it asks the backend, and then knows its length.
            ignored = {"body_bytes_sent"} if page else {"content_length"} if name == "chunked" else ()
            for field in ignored:
                expected.pop(field), actual.pop(field)
        elif log == "combined.log" and page:
            expected, actual = (re.sub(r'" (\d+) \d+ "', r'" \1 N "', line)
                                for line in (expected, actual))
        assert actual == expected, log


FIELD_NAMES = [name.strip("$' ") for name in re.search(
    r"log_format fields (.*?);", FORMATS, re.DOTALL).group(1).replace("'\n", "").replace(" ", "")
    .replace("'", "").split("|")]


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_refused_requests_are_logged(pair, name):
    by_nginx, by_rpcd = log_lines_of(pair, BAD_REQUESTS[name])
    for log in ("combined.log",):
        expected = re.sub(r'" 400 \d+ "', '" 400 N "', without_time(by_nginx[log]))
        actual = re.sub(r'" 400 \d+ "', '" 400 N "', without_time(by_rpcd[log]))
        assert actual == expected


@pytest.mark.parametrize("head, request_line", [
    (b"GET /a?b=c HT", "GET /a?b=c HT||||"),
    (b"POST //a%41?b=c HTTP/1.1\r\nHost: a\r\nX-A",
     "POST //a%41?b=c HTTP/1.1|POST|//a%41?b=c|/aA|b=c")])
@pytest.mark.parametrize("status, waits", [("400", False), ("408", True)])
def test_what_never_became_a_request_is_logged(lab, head, request_line, status, waits):
    """With what its first line says, and also with variables that the configuration defines, which
    nothing has set by then."""
    pair = lab.pair("""
        log_format short escape=none
            '$status|$mark|$scheme|$request|$request_method|$request_uri|$uri|$args';
        server {
            listen {host}:{port}; client_header_timeout 1s; access_log {folder}/short.log short;
            set $mark set; return 200 "$mark";
        }""")

    def leave(address):
        with Client(address) as client:
            client.send(head)
            assert not waits or client.is_closed()

    pair.both(leave)
    for daemon in (pair.nginx, pair.rpcd):
        assert daemon.wait_for_line(1, "short.log") == f"{status}||http|{request_line}"
    theirs, ours = pair.both(lambda address: ask(address).body)
    assert ours == theirs == b"set"


def test_json_lines_are_json(pair):
    """Bytes that are not UTF-8 pass as they are, as in nginx; all else is escaped."""
    for name in ("headers", "quotes in target", "decoded controls"):
        log_lines_of(pair, REQUESTS[name])
        line = (pair.rpcd.folder / "json.log").read_bytes().splitlines()[-1]
        assert set(json.loads(line.decode("latin-1"))) >= {"request", "odd", "uri", "missing"}


def test_times_and_ids(pair):
    before = len(pair.rpcd.lines("times.log"))
    for _ in range(2):
        pair.ask("/times")
    lines = [pair.rpcd.wait_for_line(before + number, "times.log") for number in (1, 2)]
    pattern = (r"\d{10}\.\d{3} \d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4} "
               r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \d+\.\d{3} \d+\.\d{3} \d+\.\d{3} "
               r"\d+\.\d{3} (\d+) (\d+) ([0-9a-f]{32}) (\d+) (\S+) (\S+)")
    matches = [re.fullmatch(pattern, line) for line in lines]
    assert all(matches), lines
    first, second = matches
    assert int(second.group(1)) > int(first.group(1))
    assert int(first.group(2)) in pair.rpcd.workers()
    assert first.group(3) != second.group(3)
    assert first.group(5) == os.uname().nodename


def test_off_and_own_logs(pair):
    before = len(pair.rpcd.lines())
    pair.ask("/off")
    pair.ask("/own")
    pair.rpcd.wait_for_line(1, "own.log")
    pair.ask("/return")
    pair.rpcd.wait_for_line(before + 1)
    assert len(pair.rpcd.lines()) == before + 1


def test_a_kept_connections_requests_are_counted(lab):
    daemon = lab.rpcd("""log_format c '$connection_requests $pipe';
        server { listen {port}; access_log access.log c; return 200 "x"; }""")
    with lab.client() as client:
        client.ask()
        client.send(request_bytes() * 3)
        for _ in range(3):
            client.response()
    daemon.wait_for_line(4)
    assert [line.split()[0] for line in daemon.lines()] == ["1", "2", "3", "4"]


def test_a_client_that_goes_away_is_499(lab):
    daemon = lab.rpcd("""server { listen {port}; access_log access.log;
        location / { proxy_pass http://127.0.0.1:{backend}; } }""",
                      backend=lab.backend(lambda connection: connection.read_rest()))
    with lab.client() as client:
        client.send(request_bytes("/left"))
        wait_connected(lab)
    assert '"GET /left HTTP/1.1" 499 0' in daemon.wait_for_line()


def wait_connected(lab):
    wait_until(lambda: lab.backends[0].connections and lab.backends[0].connections[0].received,
               "the request at the backend")


def test_several_peers_in_upstream_variables(lab):
    refused, good = lab.new_port(), lab.backend()
    daemon = lab.rpcd("""log_format u '$upstream_addr | $upstream_status | $upstream_response_time';
        upstream group { server 127.0.0.1:{refused}; server 127.0.0.1:{good}; }
        server { listen {port}; access_log access.log u; location / { proxy_pass http://group; } }""",
                      refused=refused, good=good)
    with lab.client() as client:
        client.ask()
    address, status, seconds = daemon.wait_for_line().split(" | ")
    assert address == f"127.0.0.1:{refused}, 127.0.0.1:{good.port}"
    assert status == "502, 200"
    assert re.fullmatch(r"\d+\.\d{3}, \d+\.\d{3}", seconds)


LEVELS = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"]


@pytest.mark.parametrize("level", LEVELS)
def test_error_log_levels(lab, level):
    """A refused backend is an error; a client's bad request is info; starting is notice."""
    daemon = lab.rpcd("server { listen {port}; location / { proxy_pass http://127.0.0.1:{refused}; } }",
                      level=level, refused=lab.new_port())
    with lab.client() as client:
        client.ask("/")
    with lab.client() as client:
        client.send(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")
        client.response()
    daemon.stop()
    text = daemon.text("error.log")
    found = set(re.findall(r"\[(\w+)\] \d+#\d+:", text))
    assert found <= set(LEVELS[LEVELS.index(level):]), found
    assert ("[error]" in text) == (LEVELS.index(level) <= LEVELS.index("error"))


def test_error_log_of_a_server(lab):
    daemon = lab.rpcd("""server { listen {port}; error_log server.log error;
        location / { proxy_pass http://127.0.0.1:{refused}; }
        location /own { error_log own.log error; proxy_pass http://127.0.0.1:{refused}; } }""",
                      refused=lab.new_port())
    with lab.client() as client:
        client.ask("/outer")
        client.ask("/own")
    daemon.wait_for_text("/outer", "server.log")
    daemon.wait_for_text("/own", "own.log")
    assert "/own" not in daemon.text("server.log")
    assert "/outer" not in daemon.text("error.log")


def test_control_characters_cannot_forge_lines(lab):
    daemon = lab.rpcd("""server { listen {port}; access_log access.log;
        location / { proxy_pass http://127.0.0.1:{refused}; } }""", refused=lab.new_port())
    with lab.client() as client:
        client.ask("/a%0aforged", headers=[("User-Agent", "a\tb")])
    daemon.wait_for_line()
    assert len(daemon.lines()) == 1
    assert not any(line.startswith("forged") for line in daemon.lines("error.log"))


def test_usr1_reopens_logs(lab):
    daemon = lab.rpcd("server { listen {port}; access_log access.log; return 200 ok; }")
    with lab.client() as client:
        client.ask("/one")
        daemon.wait_for_line()
        (daemon.folder / "access.log").rename(daemon.folder / "old.log")
        client.ask("/two")
        daemon.wait_for_line(2, "old.log")
        daemon.send_signal(signal.SIGUSR1)
        wait_until(lambda: (daemon.folder / "access.log").exists(), "the new log file")
        wait_until(lambda: client.ask("/three") and daemon.lines(), "a line in the new log")
    assert "/three" in daemon.lines()[0]


def test_default_access_log_is_standard_output(lab):
    """nginx's default is a file; a program in the foreground writes where it can be seen."""
    daemon = lab.new_rpcd()
    daemon.compile(daemon.configuration('server { listen %d; return 200 "x"; }' % lab.port))
    daemon.start()
    with lab.client() as client:
        client.ask("/seen")
    assert '"GET /seen HTTP/1.1" 200 1' in daemon.wait_for_line(1, "stdout")


def test_there_is_no_status_of_a_cache(lab):
    """As in nginx without a cache."""
    pair = lab.pair("""log_format cache "[$upstream_cache_status] $status"; access_log access.log cache;
        server { listen {host}:{port}; add_header X-Cache $upstream_cache_status; add_header X-Cached "<$upstream_cache_status>";
            location / { proxy_pass http://127.0.0.1:{backend}; } location /text { return 200 "[$upstream_cache_status]"; } }""",
                    backend=lab.backend(answer(b"x")))
    for target in ("/", "/text"):
        theirs, ours = pair.ask(target)
        assert (ours.body, ours.all("X-Cache"), ours.all("X-Cached")) == (theirs.body, theirs.all("X-Cache"), theirs.all("X-Cached"))
    assert pair.rpcd.wait_for_line(2) == pair.nginx.wait_for_line(2) == "[-] 200"
