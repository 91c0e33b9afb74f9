"""The daemons: rpcd on a compiled table, and nginx on the same text, each in a folder of its own.

Both run in the foreground in a session of their own, so that everything they start can be counted
and, if need be, killed."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from lab.wait import wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BUILD = (REPOSITORY / os.environ.get("RPC_BUILD", "build")).resolve()
PEERS = (REPOSITORY / os.environ.get("RPC_PEERS", "build/peers")).resolve()
RPC = BUILD / "rpc"
RPCD = BUILD / "rpcd"

# Reports that a sanitizer writes to standard error.
SANITIZER_REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior")
PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z_0-9]+)\}")


def find_nginx():
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = shutil.which("nginx", path=path)
    if found:
        return found
    unpacked = PEERS / "usr/sbin/nginx"
    return str(unpacked) if unpacked.exists() else None


def is_sanitized():
    return RPCD.exists() and b"__asan_init" in RPCD.read_bytes()


SANITIZED = is_sanitized()
# Sanitized programs are slower; so is a machine that does other things.
PATIENCE = 60.0 if SANITIZED else 30.0


def fill_in(text, values):
    """Replaces {name} for the names given; all other braces are the configuration's own."""
    def replace(match):
        return str(values.get(match.group(1), match.group()))
    return PLACEHOLDER.sub(replace, text)


def session_members(session):
    """Ids of the processes in a session that are alive."""
    members = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = pathlib.Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(entry))
    return members


class Daemon:
    """What both daemons have in common: a folder, a process, its workers, logs and end."""

    name = "daemon"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.expects_alerts = False
        self.worker_count = 1

    def launch(self, command, environment=None, is_ready=None):
        stdout = open(self.folder / "stdout", "ab")
        stderr = open(self.folder / "stderr", "ab")
        with stdout, stderr:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                start_new_session=True, env={**os.environ, **(environment or {})})
        wait_until(lambda: self.is_alive() and (is_ready or self.has_pid_file)(),
                   f"{self.name}'s start", PATIENCE)

    def is_alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: "
                                 f"{self.text('stderr')}{self.text('error.log')}")
        return True

    def has_pid_file(self):
        """The pid file is written once every listener is bound."""
        return self.text(f"{self.name}.pid").strip() != ""

    def text(self, name):
        path = self.folder / name
        return path.read_text(errors="backslashreplace") if path.exists() else ""

    def lines(self, name="access.log"):
        return self.text(name).splitlines()

    def wait_for_line(self, count=1, name="access.log"):
        """Waits until a log has that many lines, and returns the last of them."""
        wait_until(lambda: len(self.lines(name)) >= count, f"line {count} of {name}")
        return self.lines(name)[count - 1]

    def wait_for_text(self, needle, name="error.log"):
        wait_until(lambda: needle in self.text(name), f"{needle!r} in {name} of {self.name}")

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """Ids of the workers, once all of them have been started."""
        return wait_until(lambda: len(self.children()) == self.worker_count and self.children(),
                          f"{self.worker_count} workers of {self.name}", PATIENCE)

    def children(self):
        """Ids of the workers there are at this moment."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return sorted(int(child) for child in children.split())

    def connections(self):
        """How many connections the workers have, to clients and to backends."""
        workers = self.workers()
        listed = subprocess.run(["ss", "-Htnp"], capture_output=True, text=True, check=True).stdout
        return sum(f"pid={worker}," in line for line in listed.splitlines() for worker in workers)

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=PATIENCE):
        return self.process.wait(seconds)

    def stop(self, number=signal.SIGQUIT):
        """Asks it to end, and insists that it ends by itself, with status 0, leaving nothing."""
        if self.process is None or self.process.poll() is not None:
            return
        self.send_signal(number)
        status = self.wait()
        assert status == 0, f"{self.name} ended with {status}: {self.text('stderr')}"
        left = session_members(self.pid)
        assert not left, f"{self.name} left processes behind: {left}"

    def check(self):
        """What must not have happened, whatever the test was about."""
        report = self.text("stderr")
        assert not SANITIZER_REPORT.search(report), f"a sanitizer's report:\n{report}"
        if not self.expects_alerts:
            errors = self.text("error.log") + report
            bad = [line for line in errors.splitlines()
                   if "[alert]" in line or "[emerg]" in line or "[crit]" in line]
            assert not bad, "unexpected in the error log:\n" + "\n".join(bad)

    def kill(self):
        """The last resort; also takes what a dead supervisor left."""
        if self.process is None:
            return
        for member in session_members(self.pid):
            try:
                os.kill(member, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(PATIENCE)


class Rpcd(Daemon):
    name = "rpcd"

    def __init__(self, folder, method):
        super().__init__(folder)
        self.method = method

    def configuration(self, http, main="", events="", workers=1, level="info"):
        # As root the workers become nobody; sanitizers cannot look for leaks in such a process.
        user = "user root;" if SANITIZED and os.geteuid() == 0 and "user " not in main else ""
        return f"""
worker_processes {workers};
pid {self.name}.pid;
error_log error.log {level};
{user}
{main}
events {{ use {self.method}; {events} }}
http {{
{http}
}}
"""

    def compile(self, text, table="site.rpt", source="site.conf"):
        """Writes the configuration and compiles it into the folder."""
        (self.folder / source).write_text(text)
        result = subprocess.run([RPC, "compile", source, "-o", table], cwd=self.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, f"rpc compile: {result.returncode}\n{text}\n" \
            f"{result.stdout}{result.stderr}"
        return self.folder / table

    def start(self, table="site.rpt", arguments=(), is_ready=None):
        self.launch([RPCD, "-p", self.folder, *arguments, self.folder / table],
                    {"UBSAN_OPTIONS": "print_stacktrace=1"}, is_ready)
        return self

    def mapped_tables(self, process):
        """What tells the tables apart that a process has mapped: a reload brings a new one."""
        maps = pathlib.Path(f"/proc/{process}/maps").read_text()
        return {line.split()[4] for line in maps.splitlines() if "rpcd-table" in line}

    def reload(self, text=None):
        """Compiles a new table, puts it in the place of the old one, and asks for a reload."""
        if text is not None:
            self.compile(text, "new.rpt")
            os.rename(self.folder / "new.rpt", self.folder / "site.rpt")
        self.send_signal(signal.SIGHUP)


class Nginx(Daemon):
    name = "nginx"

    def configuration(self, http, main="", events="", workers=1, level="info"):
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log error.log {level};
{user}
{main}
events {{ {events} }}
http {{
client_body_temp_path temporary;
proxy_temp_path temporary;
fastcgi_temp_path temporary;
uwsgi_temp_path temporary;
scgi_temp_path temporary;
{http}
}}
"""

    def start(self, text):
        (self.folder / "nginx.conf").write_text(text)
        self.launch([find_nginx(), "-p", f"{self.folder}/", "-c", self.folder / "nginx.conf",
                     "-e", "error.log"])
        return self
