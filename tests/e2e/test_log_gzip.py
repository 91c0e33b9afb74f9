"""access_log with gzip: files that zcat reads at any time."""

import gzip
import os
import signal

import pytest

from lab import wait_until

SITE = """
log_format uri '$request_uri';
server {
    listen {host}:{port};
    access_log {folder}/access.gz uri %s;
    access_log {folder}/plain.log uri;
    return 204;
}
"""


def start(lab, parameters, **options):
    return lab.rpcd(SITE % parameters, **options)


def ask(lab, count, first=0, host="127.0.0.1", size=0):
    paths = [f"/{number}/" + "x" * size for number in range(first, first + count)]
    with lab.client((host, lab.port)) as client:
        for path in paths:
            client.ask(path)
    return paths


def read(daemon, name="access.gz"):
    """What zcat says of it; it complains of what is no gzip file, or only a part of one."""
    return gzip.decompress((daemon.folder / name).read_bytes()).decode().splitlines()


def members(daemon):
    return (daemon.folder / "access.gz").read_bytes().count(b"\x1f\x8b\x08")


@pytest.mark.parametrize("parameters", ["gzip", "gzip=1", "gzip=9", "gzip buffer=16k", "buffer=16k gzip"])
def test_what_was_held_back_is_a_member(lab, parameters):
    daemon = start(lab, parameters)
    paths = ask(lab, 5)
    daemon.wait_for_line(5, "plain.log")
    assert (daemon.folder / "access.gz").read_bytes() == b""
    daemon.stop()
    assert read(daemon) == paths
    assert members(daemon) == 1


@pytest.mark.parametrize("parameters", ["gzip", "gzip=3 buffer=1k", "gzip buffer=150"])
def test_members_as_nginx(lab, parameters):
    """As many, with the same lines; a line that no buffer holds is one by itself."""
    pair = lab.pair(SITE % parameters)
    for host, daemon in (("127.0.0.2", pair.nginx), ("127.0.0.1", pair.rpcd)):
        ask(lab, 100, host=host, size=80)
        daemon.wait_for_line(100, "plain.log")
        daemon.stop()
    assert read(pair.rpcd) == read(pair.nginx) == pair.rpcd.lines("plain.log")
    assert members(pair.rpcd) == members(pair.nginx)
    assert (pair.rpcd.folder / "access.gz").stat().st_size <= (pair.nginx.folder / "access.gz").stat().st_size


def test_lines_that_no_buffer_holds_are_members(lab):
    """nginx writes an empty one in front of each."""
    daemon = start(lab, "gzip=9 buffer=50")
    ask(lab, 10, size=80)
    daemon.wait_for_line(10, "plain.log")
    wait_until(lambda: members(daemon) == 10, "the members")
    assert read(daemon) == daemon.lines("plain.log")


def test_a_buffer_of_64k_is_the_usual_one(lab):
    pair = lab.pair(SITE % "gzip")
    count = 0
    for host, daemon in (("127.0.0.2", pair.nginx), ("127.0.0.1", pair.rpcd)):
        ask(lab, 35, host=host, size=1900)
        daemon.wait_for_line(35, "plain.log")
        wait_until(lambda: members(daemon) == 1, "the first member")
        assert count in (0, len(read(daemon)))
        count = len(read(daemon))
    assert 30 < count < 35


def test_a_member_in_time(lab):
    daemon = start(lab, "gzip flush=100ms")
    for count in (1, 2):
        ask(lab, 1, first=count)
        wait_until(lambda: members(daemon) == count, "a member")
    assert read(daemon) == ["/1/", "/2/"]


def test_workers_and_reopening(lab):
    daemon = start(lab, "gzip buffer=200", workers=2)
    for number in range(30):
        ask(lab, 3, first=number * 3)
    daemon.wait_for_line(90, "plain.log")
    os.rename(daemon.folder / "access.gz", daemon.folder / "old.gz")
    daemon.send_signal(signal.SIGUSR1)
    wait_until(lambda: (daemon.folder / "access.gz").exists(), "the new file")
    ask(lab, 10, first=1000)
    daemon.wait_for_line(100, "plain.log")
    daemon.stop()
    lines = read(daemon, "old.gz") + read(daemon)
    assert sorted(lines) == sorted(daemon.lines("plain.log"))
    assert read(daemon)[-1].startswith("/10")


@pytest.mark.parametrize("parameters", ["", "buffer=4k", "gzip=9", "gzip=2 buffer=32k"])
def test_a_reload_ends_the_member(lab, parameters):
    daemon = start(lab, "gzip=2 buffer=16k")
    ask(lab, 1)
    daemon.wait_for_line(1, "plain.log")
    lab.reload(daemon, SITE.replace("access.gz", "access.gz" if "gzip" in parameters else "text") % parameters)
    wait_until(lambda: members(daemon) == 1, "the member")
    ask(lab, 1, first=1)
    daemon.wait_for_line(2, "plain.log")
    daemon.stop()
    assert (read(daemon) + daemon.lines("text")) == ["/0/", "/1/"]


def test_a_killed_worker_takes_its_buffer_alone(lab):
    daemon = start(lab, "gzip buffer=64k")
    daemon.expects_alerts = True
    ask(lab, 5)
    daemon.wait_for_line(5, "plain.log")
    worker = daemon.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: daemon.children() and worker not in daemon.children(), "another worker")
    paths = ask(lab, 5, first=5)
    daemon.wait_for_line(10, "plain.log")
    daemon.stop()
    assert read(daemon) == paths


def test_a_full_disk_loses_lines_but_no_request(lab):
    with lab.small_disk() as disk:
        daemon = start(lab, "gzip buffer=1k")
        text = (SITE % "gzip=1 buffer=1k").replace("{folder}/access.gz", f"{disk}/access.gz")
        lab.reload(daemon, text)
        wait_until((disk / "access.gz").exists, "the log there")
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        daemon.expects_alerts = True
        ask(lab, 60, size=100)
        daemon.wait_for_line(60, "plain.log")
        daemon.wait_for_text(f'lines of log "{disk}/access.gz" were lost: No space left on device', "stderr")
        (disk / "filler").unlink()
        paths = ask(lab, 60, first=100, size=100)
        daemon.wait_for_line(120, "plain.log")
        daemon.stop()
        assert gzip.decompress((disk / "access.gz").read_bytes()).decode().splitlines()[-1] == paths[-1]


def test_a_pipe_gets_whole_members(lab):
    """No more at once than the kernel keeps together, though the buffer is larger."""
    daemon = lab.new_rpcd()
    os.mkfifo(daemon.folder / "pipe")
    reader = os.open(daemon.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    text = (SITE % "gzip=1 buffer=32k").replace("access.gz", "pipe")
    daemon.compile(daemon.configuration(text.replace("{host}", "127.0.0.1").replace("{port}", str(lab.port)).replace(
        "{folder}", str(daemon.folder))))
    daemon.start()
    paths = []
    for number in range(10):  # random enough not to become much shorter
        paths += [f"/{os.urandom(500).hex()}"]
        with lab.client() as client:
            client.ask(paths[-1])
    daemon.wait_for_line(10, "plain.log")
    daemon.stop()
    data = b""
    while piece := os.read(reader, 65536):
        data += piece
    os.close(reader)
    assert gzip.decompress(data).decode().splitlines() == paths
    assert data.count(b"\x1f\x8b\x08") >= 3
