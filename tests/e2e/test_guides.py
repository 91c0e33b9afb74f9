"""The configurations that every guide to nginx prints, on nginx and on rpcd: the same peers are
asked in the same order."""

from lab import Client, answer

SERVER = """
server {
    listen {host}:{port};
    location / { proxy_pass http://backend; proxy_set_header Host $host; }
}
"""


def named(lab, count):
    """Backends that answer with their number."""
    return [lab.backend(answer(b"%d" % number)) for number in range(count)]


def site(lines, backends, method=""):
    servers = "\n".join(f"server 127.0.0.1:{backend.port} {parameters};"
                        for backend, parameters in zip(backends, lines))
    return f"upstream backend {{ {method}\n{servers}\n}}\n{SERVER}"


def sequence(count, target="/", **options):
    """Asks so often, one after another; the numbers of the backends that answered."""
    def ask_all(address):
        with Client(address, **options) as client:
            return [client.ask(target).body.decode() for _ in range(count)]
    return ask_all


def test_round_robin_with_failures_that_count(lab):
    """A peer that fails three times within 30 s is left alone for 30 s."""
    backends = named(lab, 2)
    broken = lab.backend(lambda connection: connection.request())  # closes without an answer
    lines = ["max_fails=3 fail_timeout=30s"] * 3
    pair = lab.pair(site(lines, [backends[0], broken, backends[1]]))
    attempts = []
    sequences = []
    for address in pair.addresses():
        before = len(broken.requests)
        sequences.append(sequence(20)(address))
        attempts.append(len(broken.requests) - before)
    assert sequences[0] == sequences[1]
    assert attempts == [3, 3]


def test_weights_and_a_backup(lab):
    backends = named(lab, 4)
    lines = ["weight=3", "weight=2", "weight=1", "backup"]
    pair = lab.pair(site(lines, backends))
    ours = pair.both(sequence(24))
    assert ours[0] == ours[1]
    assert "3" not in ours[1]
    for backend in backends[:3]:
        backend.close()
    assert pair.both(sequence(4)) == [["3"] * 4] * 2
