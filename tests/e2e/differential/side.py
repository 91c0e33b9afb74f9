"""The two daemons, and how they are asked: nginx on 127.0.0.2, rpcd on 127.0.0.1, the same port.

With RPC_DIFFERENTIAL=self in the environment a second nginx takes rpcd's place, which proves the
harness and the cases instead of rpcd."""

import contextlib
import os
import pathlib
import shutil
import tempfile

from lab.daemon import PATIENCE, Nginx, Rpcd, fill_in
from lab.http import Client, Incomplete
from lab.ports import Ports, has_ipv6

from differential import outcome
from differential.backends import Recorder
from differential.files import make_files, remove_files

MAPPED = "::ffff:"
IS_SELF_CHECK = os.environ.get("RPC_DIFFERENTIAL") == "self"


class Side:
    """A daemon that serves a case, and the kept connections to it, one per client address."""

    def __init__(self, daemon, address, port, port6, patience):
        self.daemon = daemon
        self.patience = patience
        self.address = address
        self.port = port
        self.port6 = port6
        self.replaced = ((f":{port}", ":PORT"), (f":{port6}", ":PORT6"))
        self.clients = {}

    def client(self, source):
        """The connection from a client address; ::ffff:127.0.0.2 is an IPv4 client of an IPv6 socket."""
        if source not in self.clients:
            own = source.removeprefix(MAPPED)
            address = ("::1", self.port6) if ":" in own else (self.address, self.port)
            if own != source:
                address = (self.address, self.port6)
            self.clients[source] = Client(address, self.patience, source=own)
        return self.clients[source]

    def ask(self, request, recorder):
        """The outcome of one request."""
        recorder.seen.clear()
        client = self.client(request.source)
        client.received = b""
        try:
            response = client.ask(request.target, request.method, request.headers, request.body,
                                  host=request.host)
        except (Incomplete, OSError) as error:
            self.drop(request.source)
            return outcome.Outcome("no answer" if isinstance(error, TimeoutError) else "closed",
                                   backend=tuple(recorder.seen))
        if response.framing == "close" or (response.get("Connection") or "").lower() == "close":
            self.drop(request.source)
        return outcome.of_response(response, recorder.seen, self.replaced)

    def drop(self, source):
        self.clients.pop(source).close()

    def close(self):
        for client in self.clients.values():
            client.close()


class Bench:
    """What cases share: backends, files, and a way to run daemons on a text."""

    def __init__(self, patience=PATIENCE):
        self.patience = patience  # Seconds until a request counts as not answered.
        self.recorder = Recorder()
        self.files = make_files()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rpc-differential-"))
        self.root.chmod(0o755)

    def close(self):
        self.recorder.close()
        remove_files(self.files)
        shutil.rmtree(self.root, ignore_errors=True)

    @contextlib.contextmanager
    def sides(self, *served):
        """Runs daemons while the block lasts; `served` are pairs of a maker and a text."""
        ports = Ports()
        port, dead = ports.reserve(), ports.reserve()
        sides = []
        try:
            for number, (make, http) in enumerate(served):
                port6 = ports.reserve()
                address = f"127.0.0.{2 - number % 2}"
                folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
                folder.chmod(0o755)
                values = {"host": address, "port": port, "port6": port6, "dead": dead,
                          "files": self.files, **self.recorder.ports()}
                sides.append(Side(make(folder, http, values), address, port, port6,
                                  self.patience))
            yield sides
            for side in sides:
                side.close()
                side.daemon.stop()
                side.daemon.check()
        finally:
            for side in sides:
                side.close()
                side.daemon.kill()
                shutil.rmtree(side.daemon.folder, ignore_errors=True)
            ports.release()


def start_nginx(folder, http, values):
    daemon = Nginx(folder)
    daemon.expects_alerts = True  # It is the reference; what it alerts of is a 500 to the client.
    return daemon.start(fill_in(daemon.configuration(http, level="warn"), values))


def start_rpcd(folder, http, values):
    daemon = Rpcd(folder, "epoll")
    daemon.compile(fill_in(daemon.configuration(http, level="warn"), values))
    return daemon.start()


def start_other(folder, http, values):
    """What nginx is compared with."""
    return (start_nginx if IS_SELF_CHECK else start_rpcd)(folder, http, values)


def usable(requests):
    """Without IPv6 on this machine those requests cannot be made."""
    return [request for request in requests if ":" not in request.source or has_ipv6()]
