"""The file a table came from, once rpcd runs: whatever is done to it reaches nobody who is served,
and a reload says what is wrong with it."""

import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from lab import wait_until
from lab.daemon import RPC, RPCD, session_members
from lab.http import ask_raw, request_bytes
from lab.load import Load

# So many that the table fills hundreds of pages, and requests go to all of them.
SERVERS = 2000
SITE = "keepalive_requests 1000000;\n" + "\n".join(
    f'server {{ listen {{port}}; server_name s{number}.example; location /{number}/ '
    f'{{ add_header X-Padding "{number * 7919 % 100003}-{"x" * 40}"; return 200 "%s"; }} }}'
    for number in range(SERVERS))


def site(answer):
    return SITE.replace("%s", answer)


def ask_anyone(client):
    number = random.randrange(SERVERS)
    return client.ask(f"/{number}/", host=f"s{number}.example")


def body(lab, number=0):
    return ask_raw(lab.port, request_bytes(f"/{number}/", host=f"s{number}.example")).body


def overwrite(path, data):
    """In place: the file stays the one it was, as whoever mapped it would see."""
    with open(path, "r+b") as file:
        file.write(data)


# What is done to a file that must not be touched while it is used, and what a reload says of it.
DAMAGES = {
    "truncated to nothing": (lambda path, good: os.truncate(path, 0), "it is empty"),
    "truncated to a page": (lambda path, good: os.truncate(path, 4096),
                            "its size is more than the file holds"),
    "truncated by a byte": (lambda path, good: os.truncate(path, len(good) - 1),
                            "its size is more than the file holds"),
    "overwritten": (lambda path, good: overwrite(path, b"\xff" * len(good)), "not a table"),
    "overwritten in its middle": (
        lambda path, good: overwrite(path, good[:len(good) // 2] + b"\xff" * 64),
        "the file is damaged"),
    "longer": (lambda path, good: overwrite(path, good + b"\0" * 4096),
               "followed by what is no signature"),
    "removed": (lambda path, good: os.unlink(path), "No such file"),
}


def refused_reload(daemon, reason):
    before = len(daemon.text("error.log"))
    daemon.send_signal(signal.SIGHUP)
    wait_until(lambda: "the previous table stays" in daemon.text("error.log")[before:], "a refusal")
    assert reason in daemon.text("error.log")[before:]


@pytest.fixture(params=["", "master_process off;"], ids=["workers", "single process"])
def daemon(lab, request):
    daemon = lab.rpcd(site("old"), main=request.param, workers=1 if request.param else 2)
    daemon.expects_alerts = True
    if not request.param:
        daemon.workers()
    return daemon


def processes(daemon):
    return session_members(daemon.pid)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_to_the_file_under_load(lab, daemon, name):
    damage, reason = DAMAGES[name]
    path = daemon.folder / "site.rpt"
    good = path.read_bytes()
    before = processes(daemon)
    with Load(lab.port, 4, {b"old"}, ask_anyone) as load:
        wait_until(lambda: load.asked > 100, "some load")
        damage(path, good)
        asked = load.asked
        wait_until(lambda: load.asked > asked + 500, "requests after the damage")
        refused_reload(daemon, reason)
        asked = load.asked
        wait_until(lambda: load.asked > asked + 500, "requests after the reload")
    assert load.failures == []
    assert processes(daemon) == before


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_to_the_file_while_idle(lab, daemon, name):
    """Nobody has asked yet, so next to nothing of the table has been looked at."""
    damage, reason = DAMAGES[name]
    path = daemon.folder / "site.rpt"
    before = processes(daemon)
    damage(path, path.read_bytes())
    for number in range(0, SERVERS, 50):
        assert body(lab, number) == b"old"
    refused_reload(daemon, reason)
    for number in range(7, SERVERS, 50):
        assert body(lab, number) == b"old"
    assert processes(daemon) == before
    path.unlink(missing_ok=True)
    daemon.reload(daemon.text("site.conf").replace("old", "new"))
    wait_until(lambda: body(lab) == b"new", "a sound table")


def test_a_worker_that_starts_when_the_file_is_gone(lab):
    daemon = lab.rpcd(site("old"))
    daemon.expects_alerts = True
    os.truncate(daemon.folder / "site.rpt", 0)
    worker = daemon.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: daemon.children() not in ([], [worker]), "a new worker")
    for number in range(0, SERVERS, 50):
        assert body(lab, number) == b"old"


def test_nobody_keeps_the_file_open_or_mapped(lab):
    """That is why nothing done to it can matter."""
    daemon = lab.rpcd(site("old"), workers=2)
    lab.reload(daemon, site("new"), workers=2)
    for process in [daemon.pid, *daemon.workers()]:
        folder = pathlib.Path("/proc", str(process))
        assert "site.rpt" not in (folder / "maps").read_text()
        assert "rpcd-table" in (folder / "maps").read_text()
        assert not [link for link in (folder / "fd").iterdir() if "site.rpt" in os.readlink(link)]


def test_a_file_that_is_rewritten_again_and_again(lab):
    """Reloads meet it half written. Each takes the whole of one table, or refuses."""
    daemon = lab.rpcd(site("old"))
    daemon.expects_alerts = True
    path = daemon.folder / "site.rpt"
    tables = [path.read_bytes(), daemon.compile(
        daemon.text("site.conf").replace("old", "new"), "other.rpt").read_bytes()]
    assert len(tables[0]) == len(tables[1])
    stop = threading.Event()

    def rewrite():
        step = len(tables[0]) // 7
        while not stop.is_set():
            for table in tables:
                for begin in range(0, len(table), step):
                    with open(path, "r+b") as file:
                        file.seek(begin)
                        file.write(table[begin:begin + step])
                    time.sleep(0.001)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        with Load(lab.port, 2, {b"old", b"new"}, ask_anyone) as load:
            for _ in range(40):
                daemon.send_signal(signal.SIGHUP)
                time.sleep(0.02)
    finally:
        stop.set()
        writer.join()
    assert load.failures == []
    assert "the file is damaged" in daemon.text("error.log")


def test_rpc_reads_the_file_once(lab):
    """What rpc does with a table it does in memory of its own; the file is not mapped either."""
    daemon = lab.new_rpcd()
    path = daemon.compile(lab.text_for(daemon, site("old")))
    expected = subprocess.run([RPC, "dump", path], capture_output=True, timeout=60, check=True)
    with subprocess.Popen([RPC, "dump", path], stdout=subprocess.PIPE) as process:
        begin = process.stdout.read(100)
        os.truncate(path, 0)
        assert begin + process.stdout.read() == expected.stdout
    assert process.returncode == 0


# --- Signatures ---

RETURN = 'server { listen {port}; return 200 "%s"; }'


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def make_key(folder, name):
    private, public = folder / f"{name}.pem", folder / f"{name}-public.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


@pytest.fixture
def keys(lab):
    return make_key(lab.folder("keys"), "right"), make_key(lab.folder("keys"), "wrong")


def rpc_sign(path, key, output=None):
    subprocess.run([RPC, "sign", path, "--key", key, *(["-o", output] if output else [])],
                   check=True, capture_output=True, timeout=60)


def start_refused(daemon, *arguments):
    result = subprocess.run([RPCD, "-p", daemon.folder, *arguments, daemon.folder / "site.rpt"],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def compiled(lab, answer, **options):
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, RETURN % answer, **options))
    return daemon


def test_a_start_wants_the_right_signature(lab, keys):
    (private, public), (wrong, _) = keys
    daemon = compiled(lab, "signed")
    path = daemon.folder / "site.rpt"
    required = ("--require-signature", public)
    assert "it is not signed" in start_refused(daemon, *required)
    rpc_sign(path, wrong)
    assert "it is signed with another key" in start_refused(daemon, *required)
    assert "it is signed with another key" in start_refused(daemon, "-t", *required)
    rpc_sign(path, private)
    daemon.start(arguments=required)
    assert ask_raw(lab.port, request_bytes()).body == b"signed"


def test_a_signed_table_needs_no_key(lab, keys):
    daemon = compiled(lab, "signed")
    rpc_sign(daemon.folder / "site.rpt", keys[0][0])
    daemon.start()
    assert ask_raw(lab.port, request_bytes()).body == b"signed"


def test_a_key_file_that_is_none(lab, keys):
    (private, public), _ = keys
    daemon = compiled(lab, "x")
    missing = daemon.folder / "missing.pem"
    assert "No such file" in start_refused(daemon, "--require-signature", missing)
    assert "is a private key" in start_refused(daemon, "--require-signature", private)
    missing.write_bytes(public.read_bytes()[:40])
    assert "is damaged" in start_refused(daemon, "--require-signature", missing)
    openssl("genpkey", "-algorithm", "ed448", "-out", daemon.folder / "ed448.pem")
    openssl("pkey", "-in", daemon.folder / "ed448.pem", "-pubout", "-out", missing)
    assert "ED448" in start_refused(daemon, "--require-signature", missing)


@pytest.mark.parametrize("main", ["", "master_process off;"], ids=["workers", "single process"])
def test_reloads_want_the_right_signature(lab, keys, main):
    (private, public), (wrong, _) = keys
    daemon = compiled(lab, "old", main=main)
    daemon.expects_alerts = True
    path = daemon.folder / "site.rpt"
    rpc_sign(path, private)
    signed = path.read_bytes()
    daemon.start(arguments=("--require-signature", public))
    # The key was read at the start; what becomes of its file does not matter.
    public.unlink()
    unsigned = daemon.compile(lab.text_for(daemon, RETURN % "new", main=main), "new.rpt")

    def put(data):
        (daemon.folder / "next.rpt").write_bytes(data)
        os.rename(daemon.folder / "next.rpt", path)

    def is_refused(data, reason):
        put(data)
        refused_reload(daemon, reason)
        assert ask_raw(lab.port, request_bytes()).body == b"old"

    plain = unsigned.read_bytes()
    is_refused(plain, "site.rpt: not to be trusted: it is not signed")
    is_refused(plain + signed[-112:], "it is not what was signed")
    rpc_sign(unsigned, wrong, daemon.folder / "wrong.rpt")
    is_refused((daemon.folder / "wrong.rpt").read_bytes(), "it is signed with another key")
    rpc_sign(unsigned, private)
    new = unsigned.read_bytes()
    is_refused(new[:-1] + bytes([new[-1] ^ 1]), "it is not what was signed")
    is_refused(new + new[-112:], "it is not signed")
    put(new)
    daemon.send_signal(signal.SIGHUP)
    wait_until(lambda: ask_raw(lab.port, request_bytes()).body == b"new", "the signed table")


def test_keys_are_changed_one_after_the_other(lab, keys):
    """A file of two keys, so that tables signed with either are taken while one replaces the other."""
    (old, old_public), (new, new_public) = keys
    daemon = compiled(lab, "old")
    both = daemon.folder / "both.pem"
    both.write_text(old_public.read_text() + new_public.read_text())
    rpc_sign(daemon.folder / "site.rpt", old)
    daemon.start(arguments=("--require-signature", both))
    daemon.compile(lab.text_for(daemon, RETURN % "new"), "new.rpt")
    rpc_sign(daemon.folder / "new.rpt", new)
    os.rename(daemon.folder / "new.rpt", daemon.folder / "site.rpt")
    daemon.reload()
    wait_until(lambda: ask_raw(lab.port, request_bytes()).body == b"new", "the new key's table")


def test_the_signature_is_one_that_others_can_verify(lab, keys):
    """All bytes but the last 64 are the message, those are the signature."""
    (private, public), _ = keys
    daemon = compiled(lab, "x")
    path = daemon.folder / "site.rpt"
    rpc_sign(path, private)
    data = path.read_bytes()
    (daemon.folder / "message").write_bytes(data[:-64])
    (daemon.folder / "signature").write_bytes(data[-64:])
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in",
            daemon.folder / "message", "-sigfile", daemon.folder / "signature")
