"""One busy connection leaves room for the others of its worker."""

import threading

from lab import Client
from lab.http import request_bytes

SITE = 'server { listen {port}; keepalive_requests 100000000; location / { return 200 "ok"; } }'

REQUESTS = 100_000


def drop_answers(client, sending):
    """Reads for as long as requests are sent, so that the daemon always has room for answers."""
    while sending.is_alive():
        client.socket.recv(1 << 20)


def test_a_client_that_pipelines_without_end(lab):
    """Others are answered while its requests are, not after them."""
    lab.rpcd(SITE)
    flood = lab.folder("flood") / "requests"
    flood.write_bytes(request_bytes() * REQUESTS)
    with Client(lab.port) as client, open(flood, "rb") as requests:
        sending = threading.Thread(target=client.socket.sendfile, args=(requests,))
        reading = threading.Thread(target=drop_answers, args=(client, sending))
        sending.start()
        reading.start()
        for _ in range(5):
            with Client(lab.port) as other:
                assert other.ask().body == b"ok"
        others_waited_for_it = not sending.is_alive()
        sending.join()
        reading.join()
    assert not others_waited_for_it
