#!/usr/bin/env python3
"""What many virtual hosts cost: compiling and linting them, the table's size, rpcd's start and a
worker's memory, and looking names and paths up; beside what `nginx -t` takes for the same hosts.

bench/sites.py makes the hosts. Of several measurements the best counts: what else happens on the
machine only ever adds to it."""

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/e2e"))

from lab.daemon import BUILD, RPC, RPCD, SANITIZED, find_nginx  # noqa: E402
from lab.ports import Ports  # noqa: E402
from sites import write_hosts, write_prefixes  # noqa: E402

LOOKUP = BUILD / "bench/lookup"
MB = 1e6
PREFIXES = 1000

# Budgets by number of hosts; None: whatever their number.
BUDGETS = {
    ("compile", 1000): 0.060,
    ("compile", 100_000): 5.0,
    ("compile memory", 100_000): 1500.0,
    ("table", 100_000): 60.0,
    ("lint", 1000): 0.100,
    ("lint", 10_000): 1.2,
    ("listening", 100_000): 0.100,
    ("worker memory", 100_000): 20.0,
    ("server by name", 100_000): 300.0,
    ("location by path", None): 300.0,
}
GROWTH_BUDGET = 1.2  # of the time and the memory for each host, from 10,000 hosts to 100,000
GROWTH_FROM, GROWTH_TO = 10_000, 100_000

# nginx wants to be told how large its hash of names may become. The rest keeps it from writing
# outside its folder.
NGINX = """
pid nginx.pid;
error_log stderr error;
events {{ }}
http {{
access_log off;
client_body_temp_path temporary;
proxy_temp_path temporary;
fastcgi_temp_path temporary;
uwsgi_temp_path temporary;
scgi_temp_path temporary;
server_names_hash_max_size 262144;
server_names_hash_bucket_size 512;
include {hosts};
}}
"""
# It has taken 50 kB for each host.
NGINX_MEMORY = 60_000


def stop_with(message):
    sys.exit(f"bench: {message}")


def nginx_version():
    report = subprocess.run([find_nginx(), "-v"], capture_output=True, text=True, check=True)
    return report.stderr.rpartition(" ")[2].strip()


def free_memory():
    fields = pathlib.Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()
    return int(fields[0]) * 1024


def run(command, folder):
    """Seconds that passed, seconds on a CPU, and the most memory it had, in MB. A process that uses
    less than Python did before it became that process is said to have used as much."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        stop_with(f"{command[0]} ended with {process.returncode}: {errors.decode()[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MB


def figures_of(name, measured):
    return {name: measured[0], f"{name} CPU": measured[1], f"{name} memory": measured[2]}


def best(runs, command, folder):
    """The least of each figure of several runs."""
    return tuple(min(values) for values in zip(*(run(command, folder) for _ in range(runs))))


def private_memory(process):
    fields = {}
    for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, size = line.split()[:2]
        fields[name] = int(size) * 1024
    return (fields["Private_Clean:"] + fields["Private_Dirty:"]) / MB


def is_listening(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(process):
    listing = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listing.split()]


def start_daemon(table, port, folder):
    """Seconds from exec to the first accepted connection, and the worker's private memory."""
    begin = time.perf_counter()
    daemon = subprocess.Popen([RPCD, table], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_listening(port):
            if daemon.poll() is not None:
                stop_with(f"rpcd ended with {daemon.returncode}")
            time.sleep(0.0002)
        seconds = time.perf_counter() - begin
        while not children(daemon.pid):
            time.sleep(0.001)
        time.sleep(0.2)  # for the worker to take the table and the probing connection
        memory = max(private_memory(child) for child in children(daemon.pid))
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(10)
    return seconds, memory


def look_up(table, wanted):
    """Nanoseconds, bytes and cache lines for a lookup, by its name in bench/lookup.c."""
    report = subprocess.run([LOOKUP, table], capture_output=True, text=True, check=True)
    for line in report.stdout.splitlines():
        if line.startswith(wanted):
            return [float(field) for field in line[len(wanted):].split()[1:]]
    return stop_with(f"no \"{wanted}\" in what bench/lookup printed")


class Site:
    """A number of hosts in a file, and what is measured of them."""

    def __init__(self, folder, count, port):
        self.folder = pathlib.Path(folder)
        self.count = count
        self.port = port
        self.hosts = self.folder / f"hosts-{count}.conf"
        self.table = self.folder / f"hosts-{count}.rpt"
        with open(self.hosts, "w", encoding="ascii") as out:
            write_hosts(out, count, 1, f"127.0.0.1:{port}")

    def measure(self, runs):
        figures = {"text": self.hosts.stat().st_size / MB}
        figures |= figures_of("compile", best(
            runs, [RPC, "compile", self.hosts, "-o", self.table], self.folder))
        figures["table"] = self.table.stat().st_size / MB
        figures |= figures_of("lint", best(runs, [RPC, "lint", self.hosts], self.folder))
        seconds, memory = (min(values) for values in zip(
            *(start_daemon(self.table, self.port, self.folder) for _ in range(runs))))
        figures |= {"listening": seconds, "worker memory": memory}
        figures["server by name"], *figures["touched"] = look_up(self.table, "server by name")
        return figures

    def measure_nginx(self):
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(hosts=self.hosts))
        return figures_of("compile", run([find_nginx(), "-t", "-q", "-p", f"{self.folder}/",
                                          "-c", configuration, "-e", "stderr"], self.folder))


def measure_locations(folder):
    source, table = pathlib.Path(folder, "prefixes.conf"), pathlib.Path(folder, "prefixes.rpt")
    with open(source, "w", encoding="ascii") as out:
        write_prefixes(out, PREFIXES, 1, "127.0.0.1:8080")
    run([RPC, "compile", source, "-o", table], folder)
    nanoseconds, *touched = look_up(table, "location by path")
    return {"location by path": nanoseconds, "touched": touched}


# title, figure, format, factor
ROWS = [
    ("rpc compile, nginx -t", "compile", "{:.3f} s", 1),
    ("    CPU time", "compile CPU", "{:.3f} s", 1),
    ("    peak memory", "compile memory", "{:.0f} MB", 1),
    ("table", "table", "{:.1f} MB", 1),
    ("rpc lint", "lint", "{:.3f} s", 1),
    ("    CPU time", "lint CPU", "{:.3f} s", 1),
    ("    peak memory", "lint memory", "{:.0f} MB", 1),
    ("rpcd, from exec to listening", "listening", "{:.0f} ms", 1000),
    ("    private memory of a worker", "worker memory", "{:.1f} MB", 1),
    ("server by name", "server by name", "{:.0f} ns", 1),
]


def verdict(value, budget):
    return "" if budget is None else "met" if value <= budget else "missed"


def print_row(title, ours, theirs="", budget="", judgement=""):
    print(f"{title:34} {ours:>10} {theirs:>10} {budget:>10}  {judgement}".rstrip(), flush=True)


def print_touched(touched):
    print(f"    touches {touched[0]:.0f} bytes in {touched[1]:.1f} cache lines of the table")


def print_site(count, figures, nginx):
    print(f"\n{count:,} virtual hosts, {figures['text']:.1f} MB of text")
    print_row("", "rpc", "nginx", "budget")
    for title, name, form, factor in ROWS:
        budget = BUDGETS.get((name, count))
        print_row(title, form.format(figures[name] * factor),
                  form.format(nginx[name] * factor) if name in nginx else "",
                  form.format(budget * factor) if budget is not None else "",
                  verdict(figures[name], budget))
    print_touched(figures["touched"])


def print_locations(figures):
    budget = BUDGETS["location by path", None]
    value = figures["location by path"]
    print(f"\n{PREFIXES:,} prefix locations of one host")
    print_row("location by path", f"{value:.0f} ns", "", f"{budget:.0f} ns", verdict(value, budget))
    print_touched(figures["touched"])


def print_growth(results):
    print(f"\nFrom {GROWTH_FROM:,} to {GROWTH_TO:,} virtual hosts, by host")
    for title, name in (("rpc compile", "compile"), ("    CPU time", "compile CPU"),
                        ("    peak memory", "compile memory"), ("table", "table")):
        growth = (results[GROWTH_TO][name] / GROWTH_TO) / (results[GROWTH_FROM][name] / GROWTH_FROM)
        print_row(title, f"x {growth:.2f}", "", f"x {GROWTH_BUDGET:.2f}",
                  verdict(growth, GROWTH_BUDGET))


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="measurements of each figure")
    parser.add_argument("--nginx-up-to", type=int, default=100_000, metavar="N",
                        help="leave nginx out where there are more hosts; 0: everywhere")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("counts", nargs="*", type=int, metavar="HOSTS",
                        default=[1000, 10_000, 100_000], help="default: 1000 10000 100000")
    return parser.parse_args()


def measure_nginx(site, arguments):
    """nginx is slow and large beyond proportion: it is run once."""
    if find_nginx() is None or site.count > arguments.nginx_up_to:
        return {}
    if site.count * NGINX_MEMORY > free_memory():
        print(f"nginx -t of {site.count:,} hosts does not fit into memory", file=sys.stderr)
        return {}
    return site.measure_nginx()


def main():
    arguments = read_arguments()
    for program in (RPC, RPCD, LOOKUP):
        if not program.exists():
            stop_with(f"{program} is not built; run make bench")
    if SANITIZED:
        stop_with("rpc and rpcd are built with a sanitizer; their times mean nothing")
    results = {}
    ports = Ports()
    with tempfile.TemporaryDirectory(prefix="rpc-bench.") as folder:
        if not arguments.json:
            version = nginx_version() if find_nginx() is not None else "no nginx to compare with"
            print(f"Cost of many virtual hosts; {version}")
        for count in arguments.counts:
            site = Site(folder, count, ports.reserve())
            results[count] = site.measure(arguments.runs)
            nginx = measure_nginx(site, arguments)
            if arguments.json:
                print(json.dumps({"hosts": count, "rpc": results[count], "nginx": nginx}))
            else:
                print_site(count, results[count], nginx)
        locations = measure_locations(folder)
    ports.release()
    if arguments.json:
        print(json.dumps({"prefixes": PREFIXES, "rpc": locations}))
        return 0
    print_locations(locations)
    if GROWTH_FROM in results and GROWTH_TO in results:
        print_growth(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
