"""Which peer a balancing method picks: for those that leave nothing to chance, the peer nginx picks for
the same configuration and the same requests, one by one."""

import collections
import random

import pytest

from lab import Backend, Client, answer, wait_until
from lab.http import request_bytes

PEERS = 5
KEYS = [f"key{number}" for number in range(150)] + ["", "a b", "\u00e4", "0", "x" * 500]

SERVERS = {
    "equal": "server {0}; server {1}; server {2};",
    "one": "server {0};",
    "weights": "server {0} weight=2; server {1}; server {2} weight=5; server {3};",
    "one down": "server {0}; server {1} weight=3 down; server {2};",
    "most down": "server {0} weight=60 down; server {1}; server {2} weight=40 down;",
    "same twice": "server {0}; server {0} weight=2; server {1};",
    "a socket": "server {0}; server {unix}; server {1} weight=2;",
    "names": "server localhost:{port0}; server {1}; server 127.0.0.1:{port2} weight=2;",
    "one refuses": "server {0}; server {closed} weight=2; server {1}; server {2};",
}
BY_KEY = {"hash": "hash $arg_k;", "consistent": "hash $arg_k consistent;"}


class Peers:
    """Backends that say who they are, as the placeholders of SERVERS name them."""

    def __init__(self, lab):
        self.backends = [lab.backend(answer(b"%d" % number)) for number in range(PEERS)]
        path = lab.folder("peer") / "peer.sock"
        self.backends.append(lab.backend(answer(b"u"), address=str(path)))
        path.chmod(0o666)
        self.values = {str(number): f"127.0.0.1:{backend.port}"
                       for number, backend in enumerate(self.backends[:PEERS])}
        self.values.update({f"port{number}": backend.port
                            for number, backend in enumerate(self.backends[:PEERS])})
        self.values.update(unix=f"unix:{path}", closed=f"127.0.0.1:{lab.new_port()}")

    def group(self, name, servers, method):
        for key, value in self.values.items():
            servers = servers.replace("{%s}" % key, str(value))
        return f"upstream {name} {{ {method} {servers} }}\n"


def location(name):
    """Says which peers were asked, in order."""
    return (f"location /{name} {{ add_header X-Peers $upstream_addr always; "
            f"proxy_pass http://{name}; }}\n")


@pytest.fixture(scope="module")
def pair(shared_lab):
    peers = Peers(shared_lab)
    groups, locations = "", ""
    methods = {**BY_KEY, "ip": "ip_hash;"}
    for number, servers in enumerate(SERVERS.values()):
        for method, text in methods.items():
            groups += peers.group(f"{method}{number}", servers, text)
            locations += location(f"{method}{number}")
    return shared_lab.pair(groups + "server { listen {host}:{port};\n" + locations + "}")


def quote(key):
    return "".join(f"%{byte:02x}" for byte in key.encode())


def peers_of_keys(address, path):
    with Client(address) as client:
        return [client.ask(f"{path}?k={quote(key)}").get("X-Peers") for key in KEYS]


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("kind", BY_KEY)
def test_keys_get_to_nginxs_peers(pair, kind, name):
    path = f"/{kind}{list(SERVERS).index(name)}"
    theirs, ours = pair.both(lambda address: peers_of_keys(address, path))
    assert ours == theirs


def peers_of_clients(address, path):
    peers = []
    for number in range(60):
        source = f"127.{number * 37 % 256}.{number * 101 % 256}.{1 + number % 200}"
        with Client(address, source=source) as client:
            peers.append(client.ask(path).get("X-Peers"))
    return peers


@pytest.mark.parametrize("name", SERVERS)
def test_clients_get_to_nginxs_peers(pair, name):
    path = f"/ip{list(SERVERS).index(name)}"
    theirs, ours = pair.both(lambda address: peers_of_clients(address, path))
    assert ours == theirs


def test_clients_of_a_unix_socket_are_one_network(lab):
    peers = Peers(lab)
    text = (peers.group("app", SERVERS["weights"], "ip_hash;") +
            "server { listen unix:{folder}/front.sock;\n" + location("app") + "}")
    pair = lab.pair(text)
    found = set()
    for daemon in (pair.nginx, pair.rpcd):
        (daemon.folder / "front.sock").chmod(0o666)
        for _ in range(5):
            with Client(str(daemon.folder / "front.sock")) as client:
                found.add(client.ask("/app").get("X-Peers"))
    assert len(found) == 1


def test_clients_of_one_network_share_a_peer(pair):
    peers = set()
    for last in range(1, 60, 7):
        with Client(pair.addresses()[1], source=f"127.9.8.{last}") as client:
            peers.add(client.ask("/ip0").get("X-Peers"))
    assert len(peers) == 1


# --- least_conn ---

class Holding:
    """A backend that answers /hold only when it is told to."""

    def __init__(self, lab):
        self.waiting = []
        self.backend = lab.backend(self.handle)

    def handle(self, connection):
        while (request := connection.request()) is not None:
            if request.target.startswith("/hold"):
                self.waiting.append(connection)
            else:
                connection.send(answer(b"at once"))

    def release(self):
        self.waiting.pop(0).send(answer(b"released"))


class Office:
    """Clients of one daemon with requests under way at holding backends."""

    def __init__(self, address, group, backends):
        self.address = address
        self.group = group
        self.backends = backends
        self.clients = {backend: [] for backend in backends}

    def arrived(self):
        return [len(backend.waiting) for backend in self.backends]

    def hold(self):
        """Begins a request and says which backend got it."""
        before = self.arrived()
        client = Client(self.address)
        client.send(request_bytes(f"/{self.group}/hold"))
        wait_until(lambda: self.arrived() != before, "a request at a backend")
        after = self.arrived()
        number = next(i for i in range(len(before)) if after[i] != before[i])
        self.clients[self.backends[number]].append(client)
        return number

    def release(self, number):
        backend = self.backends[number]
        if not self.clients[backend]:
            return
        client = self.clients[backend].pop(0)
        backend.release()
        assert client.response().body == b"released"
        client.close()

    def close(self):
        for number, backend in enumerate(self.backends):
            while self.clients[backend]:
                self.release(number)


LEAST = {
    "equal": "server {0}; server {1}; server {2};",
    "weights": "server {0} weight=3; server {1}; server {2} weight=2;",
    "one down": "server {0} down; server {1}; server {2};",
}


def busy_sequence(address, group, backends):
    """Where requests go while others begin and end, by a fixed script."""
    script = random.Random(group)
    office = Office(address, group, backends)
    try:
        sequence = []
        for _ in range(40):
            if script.random() < 0.35:
                office.release(script.randrange(len(backends)))
            else:
                sequence.append(office.hold())
        return sequence
    finally:
        office.close()


@pytest.mark.parametrize("name", LEAST)
def test_least_conn_is_nginxs(lab, name):
    backends = [Holding(lab) for _ in range(3)]
    servers = LEAST[name]
    for number, holding in enumerate(backends):
        servers = servers.replace("{%d}" % number, f"127.0.0.1:{holding.backend.port}")
    pair = lab.pair(f"upstream least {{ least_conn; {servers} }}\n"
                    "server { listen {host}:{port}; location /least/ { proxy_pass http://least/; } }")
    theirs, ours = pair.both(lambda address: busy_sequence(address, "least", backends))
    assert ours == theirs


def test_least_conn_counts_the_requests_of_all_workers(lab):
    backends = [Holding(lab) for _ in range(4)]
    servers = " ".join(f"server 127.0.0.1:{holding.backend.port};" for holding in backends)
    lab.rpcd(f"upstream least {{ least_conn; {servers} }}\n"
             "server { listen {port} reuseport; location /least/ { proxy_pass http://least/; } }",
             workers=3)
    office = Office(lab.port, "least", backends)
    try:
        for _ in range(40):
            office.hold()
        assert office.arrived() == [10, 10, 10, 10]
    finally:
        office.close()


# --- random ---

def counts(address, path, number):
    with Client(address) as client:
        return collections.Counter(client.ask(path).body.decode() for _ in range(number))


@pytest.fixture(scope="module")
def chance(shared_lab):
    peers = Peers(shared_lab)
    servers = "server {0}; server {1} weight=3; server {2} weight=6 down; server {3};"
    groups = peers.group("single", servers, "random;") + peers.group("two", servers, "random two;")
    port = shared_lab.new_port()
    shared_lab.rpcd(groups + f"server {{ listen {port};\n" + location("single") + location("two")
                    + "}")
    return port


def test_random_follows_the_weights(chance):
    """1,000 requests at 1 : 3 : 1; six standard deviations are 95 for the middle one."""
    found = counts(chance, "/single", 1000)
    assert set(found) == {"0", "1", "3"}
    assert abs(found["1"] - 600) < 95
    assert abs(found["0"] - 200) < 78 and abs(found["3"] - 200) < 78


def test_random_two_never_asks_one_that_is_down(chance):
    """Of two idle peers either may be taken, so that all that are there get some."""
    found = counts(chance, "/two", 1000)
    assert set(found) == {"0", "1", "3"}
    assert min(found.values()) > 50


def test_random_two_prefers_the_less_busy(lab):
    backends = [Holding(lab) for _ in range(2)]
    servers = " ".join(f"server 127.0.0.1:{holding.backend.port};" for holding in backends)
    lab.rpcd(f"upstream two {{ random two least_conn; {servers} }}\n"
             "server { listen {port}; location /two/ { proxy_pass http://two/; } }", workers=2)
    office = Office(lab.port, "two", backends)
    try:
        for _ in range(40):
            office.hold()
        assert office.arrived() == [20, 20]
    finally:
        office.close()


# --- what comes and goes ---

def hashed(method, ports):
    servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
    return (f"upstream app {{ {method} {servers} }}\n"
            "server { listen {port}; location / { add_header X-Peers $upstream_addr always; "
            "proxy_pass http://app; } }")


def owners(lab, number=400):
    with lab.client() as client:
        return [client.ask(f"/?k={key}").get("X-Peers") for key in range(number)]


def test_a_reload_moves_no_key(lab):
    ports = [lab.backend().port for _ in range(4)]
    daemon = lab.rpcd(hashed("hash $arg_k consistent;", ports), workers=2)
    before = owners(lab)
    lab.reload(daemon, hashed("hash $arg_k consistent;", ports), workers=2)
    assert owners(lab) == before


def test_a_new_peer_takes_its_own_keys_and_no_others(lab):
    ports = [lab.backend().port for _ in range(5)]
    daemon = lab.rpcd(hashed("hash $arg_k consistent;", ports[:4]))
    before = owners(lab)
    lab.reload(daemon, hashed("hash $arg_k consistent;", ports))
    after = owners(lab)
    new = f"127.0.0.1:{ports[4]}"
    moved = [key for key in range(len(before)) if after[key] != before[key]]
    assert all(after[key] == new for key in moved)
    assert len(before) / 5 * 0.5 < len(moved) < len(before) / 5 * 1.6


def test_a_peer_that_fails_hands_its_keys_on_and_gets_them_back(lab):
    backends = [lab.backend() for _ in range(3)]
    ports = [backend.port for backend in backends]
    lab.rpcd(hashed("hash $arg_k consistent;", ports))
    before = owners(lab, 60)
    lost = f"127.0.0.1:{ports[1]}"
    backends[1].close()
    during = owners(lab, 60)
    for key in range(60):
        kept = during[key].split(", ")[-1]
        assert kept != lost and (before[key] == lost or kept == before[key])
    lab.backends.append(Backend(answer(), address=("127.0.0.1", ports[1])))
    wait_until(lambda: owners(lab, 60) == before, "the peer to be used again", 25)


def test_keys_of_a_peer_out_of_use_are_nginxs(lab):
    """The failures are counted, the peer is left alone, and where its keys go is the same."""
    backends = [lab.backend() for _ in range(3)]
    ports = [backend.port for backend in backends]
    closed = lab.new_port()
    for method in ("hash $arg_k;", "hash $arg_k consistent;", "ip_hash;"):
        text = hashed(method, [ports[0], closed, *ports[1:]]).replace("{port}", "{host}:{port}")
        pair = lab.pair(text)
        theirs, ours = pair.both(lambda address: peers_of_keys(address, "/"))
        assert ours == theirs
        for daemon in (pair.nginx, pair.rpcd):
            daemon.stop()
