#!/usr/bin/env python3
"""Side by side: CPU time per request of rpcd and of nginx, the same configuration, one worker each;
by HTTP/2 of h2o, too, where that is installed. And what an idle connection costs in memory.

All proxy to the same backend (another nginx) and are loaded by wrk in turn, several rounds, so
that what else happens on the machine hits all alike. What counts is the time their processes spent
on a CPU, not how many requests got through: that depends on what wrk and the backend left of the
machine."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/e2e"))

from lab.certificates import Authority  # noqa: E402
from lab.daemon import (BUILD, RPCD, SANITIZED, Nginx, Rpcd, fill_in, find_nginx,  # noqa: E402
                        session_members)
from lab.ports import Ports  # noqa: E402

import idle  # noqa: E402
from h2o import H2o, find_h2o  # noqa: E402

HANDSHAKE = BUILD / "bench/handshake"
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Case:
    title: str
    connections: int
    path: str
    budget: float
    scheme: str = "http"
    handshakes: tuple = ()  # of bench/handshake.c: their kind and version; else wrk asks
    streams: int = 0  # at a time on each connection, by HTTP/2; 0: HTTP/1.1
    fields: tuple = ()  # of the requests, besides wrk's own
    is_idle: bool = False  # what counts is the memory of connections that do nothing; budget in bytes


CASES = {
    "small-64": Case("keepalive GET, 64 connections", 64, "/", 0.85),
    "small-1000": Case("keepalive GET, 1,000 connections", 1000, "/", 0.70),
    "large-64": Case("1 MiB bodies, 64 connections", 64, "/large", 0.60),
    "tls-64": Case("the same by TLS 1.3, 64 connections", 64, "/", 0.85, "https"),
    "h2-16x10": Case("HTTP/2, 16 connections x 10 streams", 16, "/", 0.60, "h2c", streams=10),
    "h2-tls-16x10": Case("the same by TLS 1.3", 16, "/", 0.60, "h2", streams=10),
    "tls-large-64": Case("1 MiB bodies by TLS 1.3", 64, "/large", 1.00, "https"),
    "file-64": Case("files of 4 KiB, read", 64, "/files/small", 0.85),
    "file-sent-64": Case("the same by sendfile", 64, "/sent/small", 0.85),
    "file-cached-64": Case("the same with open_file_cache", 64, "/cached/small", 0.85),
    "file-large-64": Case("files of 1 MiB by sendfile", 64, "/sent/large", 1.00),
    "file-tls-large-64": Case("files of 1 MiB by TLS 1.3", 64, "/files/large", 1.00, "https"),
    "gzip-64": Case("32 KiB of text through gzip", 64, "/gzip/text", 1.00, fields=("Accept-Encoding: gzip",)),
    "gzip-file-64": Case("a file of 32 KiB through gzip", 64, "/gzip-files/text", 1.00,
                         fields=("Accept-Encoding: gzip",)),
    "tls-full": Case("TLS 1.3 handshakes", 1, "", 0.95, "https", ("full", "1.3")),
    "tls-resumed": Case("TLS 1.3 resumptions by ticket", 1, "", 0.95, "https", ("resumed", "1.3")),
    "tls-resumed-id": Case("TLS 1.2 resumptions by id", 1, "", 0.95, "by id", ("resumed", "1.2")),
    "idle": Case("idle connections, bytes each", 2000, "/", 400, is_idle=True),
    "tls-idle": Case("idle TLS 1.3 connections, bytes each", 2000, "/", 9000, "https", is_idle=True),
}

BACKEND = """
access_log off;
keepalive_requests 1000000000;
server {
    listen 127.0.0.1:{port} backlog=4096;
    root .;
    location = / { default_type text/plain; return 200 "hello, world"; }
    location = /large { default_type application/octet-stream; }
    location /gzip/ { alias {folder}/; default_type text/plain; }
}
"""

PROXY = """
access_log off;
keepalive_requests 1000000000;
upstream backend {
    server 127.0.0.1:{backend};
    keepalive 1024;
    keepalive_requests 1000000000;
}
server {
    listen 127.0.0.1:{port} backlog=4096;
    listen 127.0.0.1:{tls_port} backlog=4096 ssl;
    listen 127.0.0.1:{h2c_port} backlog=4096 http2;
    listen 127.0.0.1:{h2_port} backlog=4096 ssl http2;
    ssl_certificate {folder}/site.pem;
    ssl_certificate_key {folder}/site.key;
    ssl_protocols TLSv1.3;
    location = /handshake { return 204; }
    location /files/ { alias {files}/; }
    location /sent/ { alias {files}/; sendfile on; }
    location /cached/ { alias {files}/; open_file_cache max=100; }
    location /gzip-files/ { alias {files}/; default_type text/plain; gzip on; gzip_types text/plain; }
    location /gzip/ {
        gzip on;
        gzip_types text/plain;
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location / {
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
server {
    listen 127.0.0.1:{id_port} backlog=4096 ssl;
    ssl_certificate {folder}/site.pem;
    ssl_certificate_key {folder}/site.key;
    ssl_session_cache shared:TLS:10m;
    ssl_session_tickets off;
    return 204;
}
"""

PROXIES = {"nginx", "rpcd", "h2o"}
EVENTS = "worker_connections 8192;"


def stop_with(message):
    sys.exit(f"bench: {message}")


def nginx_version():
    """nginx/1.22.1 or the like."""
    report = subprocess.run([find_nginx(), "-v"], capture_output=True, text=True, check=True)
    return report.stderr.rpartition(" ")[2].strip()


def raise_limit_of_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(daemon):
    """User and system time of all threads of a daemon, as exactly as the kernel tells."""
    spent = 0
    for member in session_members(daemon.pid):
        for thread in pathlib.Path(f"/proc/{member}/task").iterdir():
            spent += thread_nanoseconds(thread)
    return spent / 1e9


def thread_nanoseconds(thread):
    with contextlib.suppress(FileNotFoundError):  # a kernel without it
        return int((thread / "schedstat").read_text().split()[0])
    fields = (thread / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // TICKS


def load_by_h2load(url, case, seconds, rate=None):
    """Runs h2load, with as many requests a second as `rate` says, else as many as there can be;
    returns the number of requests and what went wrong, as text."""
    streams = ["-m", str(case.streams)] if case.streams else ["--h1"]
    headers = [argument for field in case.fields for argument in ("-H", field)]
    pace = [] if rate is None else ["--rps", f"{rate / case.connections:.3f}"]
    result = subprocess.run(["h2load", "-t", "1", "-c", str(case.connections), *streams, *pace,
                             *headers, "-D", str(seconds), url],
                            capture_output=True, text=True, check=True)
    done, failed = map(int, re.search(r"(\d+) succeeded, (\d+) failed", result.stdout).groups())
    codes = int(re.search(r"status codes: (\d+) 2xx", result.stdout).group(1))
    troubles = f"{failed} failed, {done - codes} of another status" if failed or codes < done else ""
    return done, troubles


def load(url, connections, seconds, fields=()):
    """The same by wrk, which does more by HTTP/1.1."""
    headers = [argument for field in fields for argument in ("-H", field)]
    result = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s",
                             "--timeout", "10s", *headers, url], capture_output=True, text=True, check=True)
    requests = int(re.search(r"(\d+) requests in", result.stdout).group(1))
    troubles = re.findall(r"Socket errors:.*|Non-2xx.*", result.stdout)
    return requests, "; ".join(trouble.strip() for trouble in troubles)


def shake_hands(port, handshakes, seconds):
    """The same with connections of one request each; troubles are those that did not do as told."""
    kind, version = handshakes
    result = subprocess.run([HANDSHAKE, str(port), str(seconds), kind, version],
                            capture_output=True, text=True, check=True)
    count, resumed = map(int, re.findall(r"\d+", result.stdout))
    expected = max(count - 1, 0) if kind == "resumed" else 0
    return count, f"{resumed} of {count} resumed" if resumed < expected else ""


class Site:
    """The backend and both proxies, running."""

    def __init__(self):
        self.ports = Ports()
        self.daemons = []
        self.proxies = {}

    def start(self, folder, method):
        backend_port = self.ports.reserve()
        backend = self.add(Nginx(self.make(folder, "backend")))
        (backend.folder / "large").write_bytes(bytes(MIB))
        text = pathlib.Path(__file__).read_bytes() * 4
        (backend.folder / "text").write_bytes(text[:32768])
        values = {"port": backend_port, "folder": backend.folder}
        backend.start(backend.configuration(fill_in(BACKEND, values), events=EVENTS, level="error"))
        files = self.make(folder, "files")
        for name, size in (("small", 4096), ("large", MIB)):
            (files / name).write_bytes(os.urandom(size))
        (files / "text").write_bytes(text[:32768])
        pathlib.Path(folder).chmod(0o755)  # workers that gave up root read them
        Authority(self.make(folder, "authority"), "bench").issue("site", names=("IP:127.0.0.1",))
        proxies = [Nginx(self.make(folder, "nginx")), Rpcd(self.make(folder, "rpcd"), method)]
        if find_h2o():
            proxies.append(H2o(self.make(folder, "h2o")))
        for proxy in proxies:
            ports = {name: self.ports.reserve()
                     for name in ("http", "https", "by id", "h2c", "h2")}
            values = {"port": ports["http"], "tls_port": ports["https"], "id_port": ports["by id"],
                      "h2c_port": ports["h2c"], "h2_port": ports["h2"], "backend": backend_port,
                      "folder": pathlib.Path(folder, "authority"), "files": files}
            self.add(proxy)
            self.start_proxy(proxy, values)
            self.proxies[proxy.name] = (proxy, ports)

    @staticmethod
    def start_proxy(proxy, values):
        if proxy.name == "h2o":
            proxy.start(values)
            return
        text = proxy.configuration(fill_in(PROXY, values), events=EVENTS, level="error")
        if proxy.name == "rpcd":
            proxy.compile(text)
            proxy.start()
        else:
            proxy.start(text)

    @staticmethod
    def make(folder, name):
        path = pathlib.Path(folder, name)
        path.mkdir()
        return path

    def add(self, daemon):
        self.daemons.append(daemon)
        return daemon

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.kill()
        self.ports.release()

    def load(self, name, case, seconds, rate=None):
        port = self.proxies[name][1][case.scheme]
        if case.handshakes:
            return shake_hands(port, case.handshakes, seconds)
        scheme = "https" if case.scheme in ("https", "h2") else "http"
        url = f"{scheme}://127.0.0.1:{port}{case.path}"
        if case.streams or rate is not None:
            return load_by_h2load(url, case, seconds, rate)
        return load(url, case.connections, seconds, case.fields)

    def measure(self, name, case, seconds, rate=None):
        """CPU time per request in microseconds, requests per second, and troubles."""
        daemon, _ = self.proxies[name]
        before = cpu_seconds(daemon)
        requests, troubles = self.load(name, case, seconds, rate)
        spent = cpu_seconds(daemon) - before
        return {"cpu": spent / max(requests, 1) * 1e6, "rate": requests / seconds,
                "troubles": troubles}


@contextlib.contextmanager
def running_site(method):
    with tempfile.TemporaryDirectory(prefix="rpc-bench.") as folder:
        site = Site()
        try:
            site.start(folder, method)
            yield site
        finally:
            site.stop()


def measure_rounds(site, case, rounds, seconds, rate=None):
    """The medians of all rounds. The daemons take turns at going first."""
    samples = {name: [] for name in site.proxies if name != "h2o" or case.streams}
    for number in range(rounds):
        for name in sorted(samples, reverse=number % 2 == 1):
            samples[name].append(site.measure(name, case, seconds, rate))
    result = {}
    for name, taken in samples.items():
        result[name] = {"cpu": statistics.median(sample["cpu"] for sample in taken),
                        "rate": statistics.median(sample["rate"] for sample in taken),
                        "troubles": [s["troubles"] for s in taken if s["troubles"]]}
    ratios = [ours["cpu"] / theirs["cpu"]
              for ours, theirs in zip(samples["rpcd"], samples["nginx"]) if theirs["cpu"] > 0]
    result["ratio"] = statistics.median(ratios) if ratios else None
    result["spread"] = [min(ratios), max(ratios)] if ratios else None
    return result


def run_case(site, title, rounds, seconds):
    """With as many requests as there can be, and then with half of what the slower one did: at the
    same rate, neither takes more requests at a turn than the other for having kept them waiting."""
    case = CASES[title]
    for name in ("nginx", "rpcd"):
        site.load(name, case, 1)
    result = {"case": title, **measure_rounds(site, case, rounds, seconds)}
    if not case.handshakes:
        rate = min(result[name]["rate"] for name in ("nginx", "rpcd")) / 2
        result["paced"] = measure_rounds(site, case, rounds, seconds, rate)
    return result


def measure_idle(title, method):
    """Bytes of worker memory that each of many kept connections takes once it has asked something.
    The daemons are new: others have memory left from what was measured before."""
    case = CASES[title]
    result = {"case": title}
    with running_site(method) as site:
        for name in ("nginx", "rpcd"):
            daemon, ports = site.proxies[name]
            result[name] = {"bytes": idle.bytes_each(daemon.children()[0], ports[case.scheme],
                                                     case.connections, case.scheme == "https"),
                            "troubles": []}
    return result


def print_idle(result):
    case = CASES[result["case"]]
    ours, theirs = result["rpcd"]["bytes"], result["nginx"]["bytes"]
    verdict = "met" if ours <= case.budget else "missed"
    print(f"{case.title:36} {theirs:9.0f} {ours:9.0f}  {ours / max(theirs, 1):5.2f} {'':11} "
          f"{case.budget:7.0f}  {verdict}", flush=True)


def has_troubles(result):
    return any(result[name]["troubles"] for name in result.keys() & PROXIES)


HEADING = f"{'':36} {'nginx':>9} {'rpcd':>9}  {'ratio':>5} {'spread':>11} {'budget':>7}"


def print_result(result):
    case = CASES[result["case"]]
    ratio = result["ratio"]
    if ratio is None:
        print(f"{case.title:36} too short to measure")
        return
    low, high = result["spread"]
    verdict = "met" if ratio <= case.budget else "missed"
    print(f"{case.title:36} {result['nginx']['cpu']:6.1f} us {result['rpcd']['cpu']:6.1f} us  "
          f"{ratio:5.2f} {low:5.2f}-{high:4.2f} {case.budget:7.2f}  {verdict}", flush=True)
    if "h2o" in result:
        print(f"    h2o: {result['h2o']['cpu']:.1f} us, "
              f"{result['rpcd']['cpu'] / result['h2o']['cpu']:.2f} of it is rpcd's time")
    for name in sorted(result.keys() & PROXIES):
        print(f"    {name}: {result[name]['rate']:.0f} requests/s")
        for trouble in result[name]["troubles"]:
            print(f"    {name}: {trouble}")
    if result.get("paced", {}).get("ratio") is not None:
        print_paced(result["paced"])


def print_paced(paced):
    low, high = paced["spread"]
    title = f"    {paced['rpcd']['rate']:.0f} requests/s by both"
    print(f"{title:36} {paced['nginx']['cpu']:6.1f} us {paced['rpcd']['cpu']:6.1f} us  "
          f"{paced['ratio']:5.2f} {low:5.2f}-{high:4.2f}", flush=True)
    for name in sorted(paced.keys() & PROXIES):
        for trouble in paced[name]["troubles"]:
            print(f"    {name}: {trouble}")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of load per measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each daemon")
    parser.add_argument("--method", default="epoll", choices=["epoll", "poll"], help="rpcd's loop")
    parser.add_argument("--json", action="store_true", help="one JSON object per case")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    arguments = parser.parse_args()
    unknown = [case for case in arguments.cases if case not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    return arguments


def main():
    arguments = read_arguments()
    if shutil.which("wrk") is None:
        stop_with("wrk is not installed")
    if shutil.which("h2load") is None:
        stop_with("h2load is not installed")
    if find_nginx() is None:
        stop_with("there is no nginx to compare with")
    for program in (RPCD, HANDSHAKE):
        if not program.exists():
            stop_with(f"{program} is not built")
    if SANITIZED:
        stop_with("rpcd is built with a sanitizer; its times mean nothing")
    raise_limit_of_files()
    failed = False
    with running_site(arguments.method) as site:
        if not arguments.json:
            print(f"CPU time per request, one worker each, the same configuration; {nginx_version()}")
            print(HEADING)
        for case in arguments.cases or CASES:
            if CASES[case].is_idle:
                result = measure_idle(case, arguments.method)
            else:
                result = run_case(site, case, arguments.rounds, arguments.seconds)
            failed = failed or has_troubles(result) or has_troubles(result.get("paced", {}))
            if arguments.json:
                print(json.dumps(result), flush=True)
            else:
                (print_idle if CASES[case].is_idle else print_result)(result)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
