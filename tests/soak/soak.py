#!/usr/bin/python3
"""The soak: everything at once, for long. Clients of every kind, backends that misbehave; one
backend of three is killed and restarted every second, workers are killed, the configuration is
reloaded, logs are reopened. Not a byte may be wrong, nothing may break that nobody killed, and in
the end nothing is left: no descriptor, no temporary file, no leak (under AddressSanitizer)."""

import argparse
import base64
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from clients import Judge, start_clients  # noqa: E402
from files import Files  # noqa: E402
from lab import Lab, wait_until  # noqa: E402
from lab.certificates import Authority  # noqa: E402
from lab.daemon import SANITIZED  # noqa: E402
from lab.http import accepts  # noqa: E402

WORKERS = 2
BACKENDS = 5  # the last two are not killed; the last speaks TLS
KILLED = 3
RELOAD_SECONDS, WORKER_KILL_SECONDS, BACKEND_KILL_SECONDS = 3.0, 7.0, 1.0
QUIET_SECONDS = 30.0


class Backends:
    """Processes that are killed and come back on their ports."""

    def __init__(self, lab):
        self.ports = [lab.new_port() for _ in range(BACKENDS)]
        self.authority = Authority(lab.folder("certificates"), "authority")
        self.certificate = self.authority.issue("server", ["DNS:secret.test"])
        self.processes = [self.start(port) for port in self.ports]
        for port in self.ports:
            wait_until(lambda: accepts(port), "a backend's start")

    def start(self, port):
        secrets = [self.certificate.pem, self.certificate.key] if port == self.ports[-1] else []
        return subprocess.Popen([sys.executable, HERE / "backend.py", str(port), *secrets],
                                stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, index):
        self.processes[index].kill()
        self.processes[index].wait()

    def revive(self, index):
        self.processes[index] = self.start(self.ports[index])
        wait_until(lambda: accepts(self.ports[index]), "a backend's return")

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


class Chaos:
    """Does what an operator, a crash and a bad day do, in turns, until told to stop."""

    def __init__(self, daemon, texts, backends, judge):
        self.daemon = daemon
        self.texts = texts
        self.backends = backends
        self.judge = judge
        self.counts = {"reloads": 0, "killed workers": 0, "killed backends": 0, "reopened logs": 0}

    def reload(self):
        self.counts["reloads"] += 1
        self.daemon.reload(self.texts[self.counts["reloads"] % len(self.texts)])
        if self.counts["reloads"] % 3 == 0:
            self.counts["reopened logs"] += 1
            self.daemon.send_signal(signal.SIGUSR1)

    def kill_worker(self):
        workers = self.daemon.workers()
        self.counts["killed workers"] += 1
        self.judge.worker_kills.append(time.monotonic())
        os.kill(workers[self.counts["killed workers"] % len(workers)], signal.SIGKILL)
        wait_until(lambda: self.daemon.children() != workers, "the worker's end")
        self.daemon.workers()
        self.judge.worker_kills.append(time.monotonic())

    def kill_backend(self):
        index = self.counts["killed backends"] % KILLED
        self.counts["killed backends"] += 1
        self.judge.backend_kills.append(time.monotonic())
        self.backends.kill(index)
        self.judge.backend_kills.append(time.monotonic())
        time.sleep(0.3)
        self.backends.revive(index)

    def run(self, seconds):
        deeds = [[self.reload, RELOAD_SECONDS, 0.0], [self.kill_worker, WORKER_KILL_SECONDS, 0.0],
                 [self.kill_backend, BACKEND_KILL_SECONDS, 0.0]]
        begin = now = time.monotonic()
        for deed in deeds:
            deed[2] = begin + deed[1]
        while now < begin + seconds:
            for deed in deeds:
                if deed[2] <= now:
                    deed[0]()
                    deed[2] = time.monotonic() + deed[1]
            show_progress(now - begin, seconds, self.judge)
            time.sleep(0.05)
            now = time.monotonic()


def show_progress(passed, seconds, judge):
    if sys.stderr.isatty():
        print(f"\r{passed:4.0f} of {seconds} s, {sum(judge.acts.values())} exchanges, "
              f"{len(judge.wrongs)} wrong ", end="", file=sys.stderr, flush=True)


def descriptors(process):
    """What a process has open."""
    found = []
    for path in pathlib.Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(os.readlink(path))
        except OSError:
            pass  # closed meanwhile
    return sorted(found)


def count_at_rest(daemon):
    """How much each worker has open, once that is the same in all of them and stays so; else 0."""
    counts = set()
    for _ in range(5):
        counts |= {len(descriptors(worker)) for worker in daemon.workers()}
        time.sleep(0.1)
    return counts.pop() if len(counts) == 1 else 0


def check_rest(daemon, before, judge):
    """Once all clients have left, the daemon is as it was before they came."""
    try:
        wait_until(lambda: count_at_rest(daemon) == before, "the end of all connections",
                   QUIET_SECONDS, 0.2)
    except AssertionError:
        for worker in daemon.workers():
            judge.wrong("descriptors", f"{descriptors(worker)}, {before} before")
    left = [path.name for path in daemon.folder.rglob("*") if path.is_file()
            and path.parent != daemon.folder]
    if left:
        judge.wrong("temporary files", left)


def passwords(lab):
    """A file of them, one of each kind that takes no time."""
    path = lab.folder("passwords") / "users"
    hashed = base64.b64encode(hashlib.sha1(b"right").digest()).decode()
    path.write_text(f"ann:{{PLAIN}}right\nbob:{{SHA}}{hashed}\n")
    path.chmod(0o644)
    return path


def soak(lab, seconds, judge):
    backends = Backends(lab)
    try:
        site = (HERE / "site.conf").read_text()
        values = {f"backend{i}": port for i, port in enumerate(backends.ports)}
        values["echo"] = lab.new_port()
        values["authority"] = backends.authority.pem
        files = Files(lab.folder("files"))
        values |= {"files": files.folder, "announced": lab.new_port(), "passwords": passwords(lab)}
        daemon = lab.rpcd(site, workers=WORKERS, level="error", weight=1, **values)
        daemon.expects_alerts = True  # a killed worker is one
        texts = [lab.text_for(daemon, site, workers=WORKERS, level="error", weight=weight, **values)
                 for weight in (2, 1)]
        before = wait_until(lambda: count_at_rest(daemon), "workers at rest")
        stop = threading.Event()
        ports = {"plain": lab.port, "announced": values["announced"]}
        join = start_clients(ports, values["echo"], judge, stop)
        replacing = threading.Thread(target=files.keep_replacing, args=(stop,))
        replacing.start()
        chaos = Chaos(daemon, texts, backends, judge)
        try:
            chaos.run(seconds)
        finally:
            stop.set()
            replacing.join()
            join()
        chaos.reload()  # what open_file_cache has open ends with its generation
        check_rest(daemon, before, judge)
        return chaos.counts
    finally:
        backends.close()


def report(judge, counts):
    print(f"\n{'':24}{'done':>10}{'broken off':>12}")
    for name in sorted(judge.acts | judge.breaks):
        print(f"{name:24}{judge.acts.get(name, 0):>10}{judge.breaks.get(name, 0):>12}")
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for wrong in judge.wrongs[:20]:
        print(f"WRONG {wrong[:300]}")
    print(f"soak: {'passed' if not judge.wrongs else 'FAILED'}, {len(judge.wrongs)} wrong"
          f"{', under AddressSanitizer' if SANITIZED else ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    lab = Lab()
    judge = Judge()
    failed = True
    try:
        counts = soak(lab, options.seconds, judge)
        failed = bool(judge.wrongs)
    finally:
        lab.close(failed)  # fails on what a sanitizer says, on processes that are left
    report(judge, counts)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
