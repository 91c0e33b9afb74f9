"""rpc route says beforehand what rpcd then does: the same requests are asked of both, and what the
backend received and the client got is compared with the prediction, field by field."""

import json
import re
import subprocess

import pytest

from lab.backend import answer, replying
from lab.daemon import RPC
from lab.http import Client

HTTP = """
map $arg_m $mapped { default "d-$host"; one 1; ~^(?<rest>x.*)$ "r-$rest"; }
map $host $by_host { hostnames; default none; *.example.org wild; example.com exact; }
geo $by_address { default far; 127.0.0.0/8 near; }
split_clients $arg_s $part { 30% a; 30% b; * c; }
upstream group.example { server 127.0.0.1:{backend}; keepalive 4; }
proxy_set_header X-Outer "$scheme|$host|$server_port|$remote_addr|$request_id";
add_header X-Added "$uri" always;
add_header X-Usual "$status";
server {
    listen 127.0.0.1:{port};
    server_name example.com *.example.org www.example.* ~^(?<who>[a-z]+)\\.regex\\.example$;
    set $from_server "s-$who";

    location / { proxy_pass http://group.example; }
    location ^~ /static/ { return 200 "static $uri"; }
    location /static/deep/ { proxy_pass http://group.example/base/; }
    location = /exact { return 204; }
    location ~ \\.php$ { return 403; }
    location ~* ^/(?<word>\\w+)\\.CGI { return 200 "cgi $word $1"; }
    location /plain { proxy_pass http://127.0.0.1:{backend}; }
    location /uri/ { proxy_pass http://127.0.0.1:{backend}/other/?; }
    location /variables/ {
        set $target group.example;
        proxy_set_header Host "$proxy_host:$proxy_port";
        proxy_set_header X-Slots "$from_server|$target|$args|$arg_a|$http_x_client|$cookie_c";
        proxy_set_header X-Lines "$uri";
        proxy_pass http://$target/into$request_uri;
    }
    location /tables {
        if ($mapped = 1) { return 200 "$part"; }
        proxy_set_header X-Tables "$mapped|$by_host|$by_address|$part|$rest";
        proxy_pass http://group.example;
    }
    location /address { proxy_pass http://127.0.0.1:$arg_port; }
    location /nowhere { proxy_pass http://$arg_name; }
    location /unset {
        proxy_set_header Host "";
        proxy_set_header User-Agent "";
        proxy_set_header Connection close;
        proxy_set_header X-Client "new";
        proxy_pass http://group.example;
    }
    location /none { proxy_pass_request_headers off; proxy_http_version 1.0; proxy_pass http://group.example; }
    location /last/ { rewrite ^/last/(.*)$ /plain/$1?added=1 last; }
    location /break/ { rewrite ^/break/(.*)$ /kept/$1 break; proxy_pass http://group.example/unused/; }
    location /redirect/ { rewrite ^/redirect/(.*)$ /kept/$1 redirect; }
    location /return { return 301 https://example.org$request_uri; }
    location /here { return 302 /there; }
    location /loop/ { rewrite ^ /loop/x last; }
    location /closed { return 444; }
    location /if/ {
        root {folder}/root;
        if ($request_method !~ ^(GET|HEAD)$) { return 405; }
        if ($arg_stop = 1) { return 410 "stopped"; }
        if (-f $request_filename) { add_header X-File yes always; }
        if ($arg_other) { proxy_pass http://127.0.0.1:{backend}; }
        proxy_pass http://group.example;
    }
    location /limit { limit_except GET HEAD { deny all; } proxy_pass http://group.example; }
    location /deny { error_page 403 = @denied; deny all; proxy_pass http://group.example; }
    location @denied { return 200 "denied $uri"; }
    location /page { error_page 404 =202 /plain/page; return 404; }
    location /away { error_page 418 https://example.org/; return 418; }
    location /internal { internal; proxy_pass http://group.example; }
    location /try/ { root root; try_files $uri /other$uri @fallback; proxy_pass http://group.example; }
    location @fallback { proxy_set_header X-Fallback "$uri"; proxy_pass http://group.example; }
    location /small { client_max_body_size 4; error_page 413 /plain/large; proxy_pass http://group.example; }
    location /nested/ {
        proxy_pass http://group.example;
        location /nested/inner/ { proxy_pass http://group.example/in/; location ~ \\.xx$ { return 200 "x"; } }
    }
    location /slash/ { proxy_pass http://group.example; }
    location /nothing { }
}
server { listen 127.0.0.1:{port}; server_name other.example; return 200 "other $host"; }
server { listen 127.0.0.1:{strict} default_server; underscores_in_headers on; return 200 "$http_x_under"; }
"""

FIELDS = [("User-Agent", "test/1"), ("X-Client", "given"), ("X_Under", "dropped"), ("Accept", "*/*"),
          ("Cookie", "a=b; c=d"), ("TE", "trailers"), ("Keep-Alive", "timeout=5"),
          ("Connection", "X-Named, keep-alive"), ("X-Named", "1"), ("X-Forwarded-For", "192.0.2.7")]


def case(target, method="GET", host="example.com", headers=FIELDS, body=None):
    return pytest.param(target, method, host, headers, body, id=f"{method} {host}{target}")


CASES = [
    *[case(target) for target in [
        "/", "/a?b=c", "/a%20b/%2e%2e/c%3Fd?e=%20", "//a//b", "/static/x.php", "/static/deep/x",
        "/static/deep/x.php", "/static/deep/a%20b?c", "/exact", "/exact/", "/x.php", "/hello.cgi?x",
        "/plain", "/plain/a?b", "/uri/a?b", "/uri/a%2fb%3f", "/variables/a%0Ab?a=1&b=2",
        "/tables", "/tables?m=one&s=1", "/tables?m=xyz&s=2", "/tables?m=ONE&s=3", "/tables?s=client",
        "/address/x?port={port}", "/nowhere?name=not.known", "/nowhere?name=:", "/unset", "/none?x",
        "/last/a?b=c", "/last/a%26b", "/break/a?b", "/redirect/a?b=c", "/return?x=y", "/here",
        "/loop/", "/closed", "/if/x", "/if/x?stop=1", "/if/x?other=1", "/if/there", "/limit",
        "/deny", "/page", "/away", "/internal", "/try/x?y", "/try/there", "/nested/x",
        "/nested/inner/a", "/nested/inner/a.x", "/slash", "/slash?a=b", "/nothing"]],
    case("/tables?m=x", host="a.example.org"),
    *[case("/", host=host) for host in [
        "EXAMPLE.com:81", "a.b.example.org", "www.example.net", "joe.regex.example", "other.example",
        "unknown.example", "a..b", "[::1]:80", "other.example."]],
    case("/limit", "DELETE"), case("/if/x", "POST"), case("/nothing", "DELETE"),
    case("/plain", "HEAD"), case("/page", "HEAD"),
    case("/plain", "POST", body=b"hello"), case("/plain", "POST", body=b""),
    case("/none", "PUT", body=b"hello"), case("/small", "POST", body=b"1234"),
    case("/small", "POST", body=b"12345"), case("/deny", "POST", body=b"12345"),
    case("/plain", "OPTIONS", headers=[]), case("/variables/x", headers=[("x-client", "a, b")]),
    case("/%zz"), case("/../x"),
]


@pytest.fixture(scope="module")
def running(shared_lab):
    backend = shared_lab.backend(replying(lambda request: answer(b"from the backend")))
    strict = shared_lab.new_port()
    daemon = shared_lab.rpcd(HTTP, backend=backend, strict=strict)
    (daemon.folder / "root/try").mkdir(parents=True)
    (daemon.folder / "root/if").mkdir()
    (daemon.folder / "root/try/there").write_text("x")
    (daemon.folder / "root/if/there").write_text("x")
    return shared_lab, daemon, backend, strict


def predict(daemon, target, method, host, headers, body, client, port, files=True):
    """What rpc route says, as a document."""
    command = [RPC, "route", "site.rpt", target, "--json", "--method", method,
               "--from", f"127.0.0.1:{client}", "--to", f"127.0.0.1:{port}",
               "--header", f"Host: {host}", "-p", str(daemon.folder)]
    for name, value in headers:
        command += ["-H", f"{name}: {value}"]
    if body is not None:
        command += ["--body-size", str(len(body))]
    for name in ["root/try/there", "root/if/there"] if files else []:
        command += ["--file", str(daemon.folder / name)]
    result = subprocess.run(command, cwd=daemon.folder, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def as_pattern(value):
    """A predicted value; what only the daemon knows may be anything."""
    return re.sub(r"\\\$(request_id|status)", r"[0-9a-f]{3,32}", re.escape(value))


def check_fields(predicted, actual):
    assert [name for name, _ in actual] == [field["name"] for field in predicted]
    for field, (_, value) in zip(predicted, actual):
        assert re.fullmatch(as_pattern(field["value"]), value), (field, value)


def check_backend(prediction, request):
    assert request.start == prediction["backend_request"]["line"]
    check_fields(prediction["backend_request"]["headers"], request.headers)


def check_response(prediction, response):
    predicted = prediction["response"]
    assert response.status == (predicted["status"] or 200)
    if "text" in predicted and not predicted["page"] and response.framing != "none":
        assert response.body.decode("latin-1") == predicted["text"]
    for field in predicted["headers"]:
        values = [value for value in response.all(field["name"])
                  if re.fullmatch(as_pattern(field["value"]), value)]
        assert values, (field, response.headers)
    names = {field["name"] for field in predicted["headers"]}
    for name in ("Location", "X-Added", "X-Usual", "X-File"):
        assert (name in names) == bool(response.all(name)), name


@pytest.mark.parametrize("target, verb, host, headers, body", CASES)
def test_says_what_rpcd_does(running, target, verb, host, headers, body):
    lab, daemon, backend, _ = running
    target = target.replace("{port}", str(backend.port))
    before = len(backend.requests)
    with Client(lab.port) as client:
        number = client.socket.getsockname()[1]
        prediction = predict(daemon, target, verb, host, headers, body, number, lab.port)
        if prediction["response"].get("closed"):
            client.send(f"{verb} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert client.is_closed()
            return
        response = client.ask(target, verb, headers, body, host=host)
    reached = backend.requests[before:]
    assert len(reached) == (1 if "backend_request" in prediction else 0)
    if reached:
        check_backend(prediction, reached[0])
    check_response(prediction, response)


def test_drops_the_fields_that_rpcd_drops(running):
    lab, daemon, _, strict = running
    headers = [("X_Under", "score"), ("X.Dot", "dot")]
    prediction = predict(daemon, "/", "GET", "h", headers, None, 1024, strict)
    with Client(strict) as client:
        assert client.ask("/", headers=headers).body.decode() == prediction["response"]["text"] == "score"
    dropped = [step["name"] for step in prediction["steps"] if step["step"] == "header"]
    assert dropped == ["X.Dot"]


def test_finds_no_file_unless_told(running):
    lab, daemon, _, _ = running
    asked = predict(daemon, "/try/there", "GET", "example.com", [], None, 1024, lab.port, files=False)
    assert asked["files_tested"] is True
    assert asked["location"]["name"] == "@fallback"
    told = predict(daemon, "/try/there", "GET", "example.com", [], None, 1024, lab.port)
    assert told["location"]["name"] == "/try/"


def test_configuration_and_table_agree(running):
    lab, daemon, _, _ = running
    documents = []
    for name in ("site.conf", "site.rpt"):
        result = subprocess.run([RPC, "route", name, f"http://example.com:{lab.port}/last/a", "--json"],
                                cwd=daemon.folder, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        documents.append(result.stdout)
    assert documents[0] == documents[1]
