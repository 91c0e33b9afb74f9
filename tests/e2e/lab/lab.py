"""A Lab: everything one test (or one module of tests) has running, and its end."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from lab.backend import Backend
from lab.daemon import Nginx, Rpcd, fill_in, find_nginx
from lab.dns import NameServer
from lab.http import Client
from lab.ports import Ports
from lab.wait import wait_until


class Lab:
    def __init__(self, method="epoll"):
        self.method = method
        self.ports = Ports()
        self.daemons = []
        self.backends = []
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rpc-"))
        # Workers that gave up root must reach the unix sockets inside.
        self.root.chmod(0o755)
        self.port = self.ports.reserve()

    def new_port(self):
        return self.ports.reserve()

    def folder(self, name):
        """A new folder."""
        number = len(list(self.root.iterdir()))
        path = self.root / f"{name}{number}"
        path.mkdir()
        return path

    @contextlib.contextmanager
    def small_disk(self):
        """A folder on a file system of 1 MB. Daemons that use it must have ended before it does."""
        place = self.folder("disk")
        if os.geteuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]).returncode != 0:
            pytest.skip("nothing can be mounted here")
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", place], check=True)

    def backend(self, handler=None, **options):
        backend = Backend(handler, **options)
        self.backends.append(backend)
        return backend

    def backends_at(self, handlers):
        """Backends on one port of several addresses: `handlers` maps each to its handler."""
        while True:
            port, made = 0, []
            try:
                for address, handler in handlers.items():
                    made.append(Backend(handler, address=(address, port)))
                    port = made[0].port
                self.backends += made
                return made
            except OSError:  # somebody has that port at another of the addresses
                for backend in made:
                    backend.close()

    def name_server(self, zone=None, **options):
        server = NameServer(zone, **options)
        self.backends.append(server)
        return server

    def new_rpcd(self):
        daemon = Rpcd(self.folder("rpcd"), self.method)
        self.daemons.append(daemon)
        return daemon

    def values(self, daemon, values):
        """What placeholders stand for. Backends stand for their ports, name servers for address
        and port."""
        host = "127.0.0.2" if isinstance(daemon, Nginx) else "127.0.0.1"
        known = {"port": self.port, "host": host, "folder": daemon.folder}
        for name, value in values.items():
            known[name] = (value.port if isinstance(value, Backend) else
                           value.address if isinstance(value, NameServer) else value)
        return known

    def text_for(self, daemon, http, main="", events="", workers=1, level="info", **values):
        """The whole configuration of a daemon that serves the inside of an http block. {port} is
        the lab's port, {host} the daemon's address, {folder} its folder; other placeholders come
        from `values`. Nothing is logged unless the text says where."""
        if "access_log" not in http:
            http = "access_log off;\n" + http
        daemon.worker_count = workers
        text = daemon.configuration(http, main, events, workers, level)
        return fill_in(text, self.values(daemon, values))

    def rpcd(self, http, **options):
        """rpcd serving the inside of an http block; see text_for."""
        daemon = self.new_rpcd()
        daemon.compile(self.text_for(daemon, http, **options))
        return daemon.start()

    def reload(self, daemon, http, **options):
        """Gives rpcd a new configuration and waits until every worker uses it."""
        before = {worker: wait_until(lambda: daemon.mapped_tables(worker), "the first table")
                  for worker in daemon.workers()}
        daemon.reload(self.text_for(daemon, http, **options))
        wait_until(lambda: all(daemon.mapped_tables(worker) - tables
                               for worker, tables in before.items()), "the reload")

    def nginx(self, http, **options):
        """nginx serving the same; {host} is 127.0.0.2, so that both can use one port."""
        if find_nginx() is None:
            pytest.skip("no nginx to compare with")
        daemon = Nginx(self.folder("nginx"))
        self.daemons.append(daemon)
        return daemon.start(self.text_for(daemon, http, **options))

    def pair(self, http, **options):
        """The same on both; see Pair."""
        return Pair(self, self.nginx(http, **options), self.rpcd(http, **options))

    def client(self, port=None, **options):
        return Client(port or self.port, **options)

    def close(self, failed=False):
        """Stops everything. The first complaint is raised once all is stopped."""
        complaint = None
        for daemon in self.daemons:
            try:
                daemon.stop()
                daemon.check()
            except Exception as error:
                complaint = complaint or error
            finally:
                daemon.kill()
        for backend in self.backends:
            backend.close()
        self.ports.release()
        if failed or complaint:
            print(self.report())
        shutil.rmtree(self.root, ignore_errors=True)
        if complaint:
            raise complaint

    def report(self):
        """What the daemons said, for a test that failed."""
        parts = []
        for daemon in self.daemons:
            for name in ("stderr", "error.log"):
                text = daemon.text(name)
                if text:
                    parts.append(f"--- {daemon.name} {name}\n{text[-6000:]}")
        return "\n".join(parts)


class Pair:
    """nginx and rpcd serving the same configuration."""

    def __init__(self, lab, nginx, rpcd):
        self.lab = lab
        self.nginx = nginx
        self.rpcd = rpcd

    def addresses(self, port=None):
        port = port or self.lab.port
        return [("127.0.0.2", port), ("127.0.0.1", port)]

    def both(self, function, port=None):
        """What `function` of an address returns for nginx and for rpcd."""
        return [function(address) for address in self.addresses(port)]

    def ask(self, target="/", port=None, **options):
        def once(address):
            with Client(address) as client:
                return client.ask(target, **options)
        return self.both(once, port)
