"""Which peer of an upstream gets a request: the sequence is nginx's smooth weighted round robin."""

import collections

import pytest

from lab import Client, answer
from lab.http import request_bytes

PEERS = 5

GROUPS = {
    "equal": "server {0}; server {1}; server {2};",
    "one": "server {0};",
    "weights 5 1 1": "server {0} weight=5; server {1}; server {2};",
    "weights 1 2 3 4": "server {0}; server {1} weight=2; server {2} weight=3; server {3} weight=4;",
    "weights 3 2": "server {0} weight=3; server {1} weight=2;",
    "one down": "server {0}; server {1} down; server {2};",
    "first down": "server {0} down; server {1}; server {2} weight=2;",
    "weighted down": "server {0} weight=10 down; server {1} weight=2; server {2};",
    "same twice": "server {0}; server {0}; server {1};",
    "weights 3 2 1 and a backup":
        "server {0} weight=3; server {1} weight=2; server {2}; server {3} backup;",
    "backups only, as the other is down":
        "server {0} down; server {1} weight=2 backup; server {2} backup; server {3} backup down;",
    "limits that do not matter":
        "server {0} max_conns=9 max_fails=3; server {1} weight=2 fail_timeout=1m; server {2};",
    "big weights": "server {0} weight=100; server {1} weight=50; server {2};",
}

KEEPALIVE = {"kept": "keepalive 8;", "not kept": "", "in a zone": "zone groups 1m;"}


def group_text(name, servers, backends, extra):
    for number, backend in enumerate(backends):
        servers = servers.replace("{%d}" % number, f"127.0.0.1:{backend.port}")
    return f"upstream {name} {{ {servers} {extra} }}"


@pytest.fixture(scope="module")
def pair(shared_lab):
    backends = [shared_lab.backend(answer(b"%d" % number)) for number in range(PEERS)]
    http = 'proxy_http_version 1.1; proxy_set_header Connection "";\n'
    locations = ""
    for kept, extra in KEEPALIVE.items():
        for number, servers in enumerate(GROUPS.values()):
            name = f"group{number}-{kept.replace(' ', '-')}"
            http += group_text(name, servers, backends, extra) + "\n"
            locations += f"location /{name} {{ proxy_pass http://{name}; }}\n"
    return shared_lab.pair(http + "server { listen {host}:{port};\n" + locations + "}")


def sequence(client, path, count):
    return "".join(client.ask(path).body.decode() for _ in range(count))


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("kept", KEEPALIVE)
def test_sequence_is_nginxs(pair, name, kept):
    path = f"/group{list(GROUPS).index(name)}-{kept.replace(' ', '-')}"
    sequences = []
    for address in pair.addresses():
        with Client(address) as client:
            sequences.append(sequence(client, path, 40))
    assert sequences[1] == sequences[0]


def test_the_sequence_of_nginxs_documentation(lab):
    """Weights 5, 1, 1 give a a b a c a a, not a a a a a b c."""
    backends = [lab.backend(answer(name)) for name in (b"a", b"b", b"c")]
    text = group_text("group", GROUPS["weights 5 1 1"], backends, "")
    lab.rpcd(text + "server { listen {port}; location / { proxy_pass http://group; } }")
    with lab.client() as client:
        assert sequence(client, "/", 14) == "aabacaa" * 2


def failing_by_path(name):
    """A backend that answers with its name, but closes without an answer when the path says so."""
    def handler(connection):
        request = connection.request()
        if request is not None and name not in request.target.partition("?")[2]:
            connection.send(answer(name.encode(), headers=[("Connection", "close")]))
    return handler


@pytest.mark.parametrize("zone", ["", "zone group 64k;"])
def test_sequence_under_failures_is_nginxs(lab, zone):
    """Failures lower weights, which come back pick by pick, and put peers out of use."""
    names = "abc"
    backends = [lab.backend(failing_by_path(name)) for name in names]
    servers = ("server {0} weight=12 max_fails=3; server {1} weight=8 max_fails=2; "
               "server {2} weight=3;")
    pair = lab.pair(group_text("group", servers, backends, zone) + """
        server { listen {host}:{port};
            location / { proxy_pass http://group; proxy_set_header Connection close; }
        }""")
    failures = {**dict.fromkeys([2, 12, *range(50, 56)], "a"), **dict.fromkeys([5, 6, 30], "b")}

    def ask_all(address):
        with Client(address) as client:
            return "".join(client.ask(f"/?{failures.get(number, '')}").body.decode()
                           for number in range(90))

    ours = pair.both(ask_all)
    assert ours[1] == ours[0]
    assert set(ours[1][56:]) < set(names)  # somebody is out of use at the end


def test_all_down(lab):
    daemon = lab.rpcd("""upstream group { server 127.0.0.1:{backend} down; server 127.0.0.1:1 down; }
        server { listen {port}; location / { proxy_pass http://group; } }""", backend=lab.backend())
    with lab.client() as client:
        assert client.ask().status == 502
        assert client.ask().status == 502
    daemon.wait_for_text("no live upstreams")
    assert lab.backends[0].requests == []


def test_every_location_shares_the_groups_sequence(lab):
    backends = [lab.backend(answer(name)) for name in (b"a", b"b")]
    lab.rpcd(group_text("group", GROUPS["equal"].replace("server {2};", ""), backends, "") + """
        server { listen {port};
            location /one { proxy_pass http://group; }
            location /two { proxy_pass http://group/x; }
        }""")
    with lab.client() as client:
        bodies = [client.ask(path).body for path in ("/one", "/two", "/one", "/two")]
    assert bodies == [b"a", b"b", b"a", b"b"]


def test_load_is_spread_as_weighted_under_concurrency(lab):
    backends = [lab.backend(answer(name)) for name in (b"a", b"b", b"c")]
    text = group_text("group", GROUPS["weights 5 1 1"], backends, "")
    lab.rpcd(text + "server { listen {port}; location / { proxy_pass http://group; } }")
    clients = [lab.client() for _ in range(14)]
    counts = collections.Counter()
    for _ in range(5):
        for client in clients:
            client.send(request_bytes())
        counts.update(client.response().body for client in clients)
    assert counts == {b"a": 50, b"b": 10, b"c": 10}
    for client in clients:
        client.close()
