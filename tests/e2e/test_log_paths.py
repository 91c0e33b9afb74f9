"""access_log with variables in its path, and open_log_file_cache, beside nginx."""

import os
import re
import signal

import pytest

from lab import wait_until

SITE = """
log_format uri '$request_uri';
%s
server {
    listen {host}:{port};
    root {folder}/www;
    access_log {folder}/plain.log uri;
    access_log {folder}/logs/$host.log uri%s;
    location / { return 204; }
    location /missing/ { root {folder}/none; return 204; }
    location /file/ { root {folder}/www/page; return 204; }
    location /top/ { root /; return 204; }
    location /alias/ { alias {folder}/www/; return 204; }
    location /named/ { alias {folder}/none/; return 204; }
    location /off/ { access_log off; access_log {folder}/logs/never.$host uri; return 204; }
    location /self/ { root {folder}/www/$arg_site; access_log {folder}/logs/$arg_site.site uri; return 204; }
    location /relative/ { access_log logs/$arg_name uri; return 204; }
    location /inner/ { access_log $log_folder/x.log uri; return 204; }
    location /if/ { access_log {folder}/logs/$arg_name uri if=$arg_if; return 204; }
    location /gone/ { access_log {folder}/no/folder/$host uri; return 204; }
}
map $host $log_folder { default /inner; }
"""

HOSTS = {"nginx": "127.0.0.2", "rpcd": "127.0.0.1"}


def prepare(daemon):
    """The folders, which anybody may write to."""
    for name in ("www", "www/one", "logs", "inner", "aside"):
        (daemon.folder / name).mkdir()
        (daemon.folder / name).chmod(0o777)
    (daemon.folder / "www/page").write_text("a file")


def start(lab, cache="", parameters="", **options):
    daemon = lab.rpcd(SITE % (cache, parameters), **options)
    prepare(daemon)
    return daemon


def start_pair(lab, cache="", parameters=""):
    pair = lab.pair(SITE % (cache, parameters))
    for daemon in (pair.nginx, pair.rpcd):
        prepare(daemon)
        daemon.expects_alerts = True
    return pair


def ask(lab, daemon, requests):
    """Requests as pairs of host and path; waits until they are logged."""
    with lab.client((HOSTS[daemon.name], lab.port)) as client:
        for host, path in requests:
            client.ask(path, host=host)


def written(daemon, folder="logs"):
    """Every file and its lines."""
    return {path.name: path.read_text().splitlines() for path in (daemon.folder / folder).iterdir()}


REQUESTS = [
    ("a.example", "/one"), ("b.example", "/two"), ("A.Example", "/three"), ("a.example:99", "/four"),
    ("a.example", "/missing/"), ("a.example", "/file/"), ("a.example", "/top/"), ("a.example", "/alias/x"),
    ("a.example", "/named/x"), ("a.example", "/off/"), ("a.example", "/self/?site=one"),
    ("a.example", "/self/?site=two"), ("a.example", "/self/"), ("a.example", "/relative/?name=r.log"),
    ("a.example", "/relative/?name=../aside/r.log"), ("a.example", "/inner/"), ("a.example", "/if/?name=no&if=0"),
    ("a.example", "/if/?name=yes&if=1"), ("a.example", "/if/?name=&if=1"), ("a.example", "/gone/"),
    ("a.example", "/if/?name=" + "n" * 300 + "&if=1"), ("a.example", "/last"),
]


@pytest.mark.parametrize("cache", ["", "open_log_file_cache max=2;",
                                   "open_log_file_cache max=100 inactive=1m min_uses=2 valid=1s;",
                                   "open_log_file_cache max=100 valid=0; open_file_cache max=9;"])
def test_lines_as_nginx(lab, cache):
    pair = start_pair(lab, cache)
    complaints = []
    for daemon in (pair.nginx, pair.rpcd):
        for _ in range(3):
            ask(lab, daemon, REQUESTS)
        daemon.stop()  # which writes all there is
        text = daemon.text("error.log").replace(str(daemon.folder), "FOLDER")
        complaints.append(sorted(re.findall(r"\[(\w+)\] \d+#\d+: \*\d+ (.*? failed \(.*?\) while logging request), client", text)))
    for folder in ("logs", "inner", "aside"):
        assert written(pair.rpcd, folder) == written(pair.nginx, folder), folder
    assert complaints[0] == complaints[1]
    assert len(complaints[1]) >= 3 * 6
    assert written(pair.rpcd)["b.example.log"] == ["/two"] * 3
    assert "two.site" not in written(pair.rpcd) and "one.site" in written(pair.rpcd)


def test_files_are_the_workers(lab):
    """Opened with its rights, and with the mode of a log."""
    if os.geteuid() != 0:
        pytest.skip("takes root")
    daemon = lab.rpcd(SITE % ("", ""), main="user nobody;")
    prepare(daemon)
    ask(lab, daemon, [("a.example", "/one")])
    daemon.wait_for_line(1, "logs/a.example.log")
    status = (daemon.folder / "logs/a.example.log").stat()
    assert status.st_uid == 65534 and status.st_mode & 0o777 == 0o644


def test_an_unwritable_folder_loses_lines_but_no_request(lab):
    if os.geteuid() != 0:
        pytest.skip("takes root")
    daemon = lab.rpcd(SITE % ("open_log_file_cache max=10;", ""), main="user nobody;")
    daemon.expects_alerts = True
    prepare(daemon)
    (daemon.folder / "logs").chmod(0o755)
    ask(lab, daemon, [("a.example", "/one")])
    daemon.wait_for_text("[crit]")
    daemon.wait_for_text(f'open() "{daemon.folder}/logs/a.example.log" failed (13: Permission denied)')
    (daemon.folder / "logs").chmod(0o777)
    ask(lab, daemon, [("a.example", "/two")])
    assert daemon.wait_for_line(1, "logs/a.example.log") == "/two"


def descriptors(daemon):
    worker = daemon.workers()[0]
    folder = f"/proc/{worker}/fd"
    names = []
    for name in os.listdir(folder):
        try:
            names.append(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:
            pass
    return sorted(os.path.basename(name) for name in names if "/logs/" in name)


def test_files_are_kept_open(lab):
    daemon = start(lab, "open_log_file_cache max=2;")
    for count, host in enumerate(["a", "b", "a", "c"], 1):
        ask(lab, daemon, [(host, "/x")])
        daemon.wait_for_line(count, "plain.log")
    wait_until(lambda: descriptors(daemon) == ["a.log", "c.log"], "the two that were used last")
    daemon.send_signal(signal.SIGUSR1)
    wait_until(lambda: descriptors(daemon) == [], "none")
    ask(lab, daemon, [("c", "/y")])
    wait_until(lambda: descriptors(daemon) == ["c.log"], "one")
    assert written(daemon)["c.log"] == ["/x", "/y"]


def test_without_a_cache_none_is(lab):
    daemon = start(lab)
    ask(lab, daemon, [("a", "/x"), ("a", "/y")])
    daemon.wait_for_line(2, "logs/a.log")
    assert descriptors(daemon) == []


def test_min_uses(lab):
    daemon = start(lab, "open_log_file_cache max=10 min_uses=2;")
    for count, expected in ((1, []), (2, ["a.log"])):
        ask(lab, daemon, [("a", "/x")])
        daemon.wait_for_line(count, "logs/a.log")
        wait_until(lambda: descriptors(daemon) == expected, str(expected))


def test_a_moved_file_is_noticed(lab):
    """After `valid`; nginx loses the line that finds out. USR1 makes it known at once."""
    daemon = start(lab, "open_log_file_cache max=10 valid=1s;")
    ask(lab, daemon, [("a", "/one")])
    daemon.wait_for_line(1, "logs/a.log")
    os.rename(daemon.folder / "logs/a.log", daemon.folder / "logs/old")

    def is_new():
        ask(lab, daemon, [("a", "/more")])
        return (daemon.folder / "logs/a.log").exists()

    wait_until(is_new, "the new file")
    daemon.stop()
    lines = written(daemon)
    assert len(lines["old"]) + len(lines["a.log"]) == len(daemon.lines("plain.log"))


@pytest.mark.parametrize("cache", ["", "open_log_file_cache max=10 valid=1h;"])
def test_reopening_and_reloading(lab, cache):
    daemon = start(lab, cache)
    ask(lab, daemon, [("a", "/one")])
    daemon.wait_for_line(1, "logs/a.log")
    os.rename(daemon.folder / "logs/a.log", daemon.folder / "logs/first")
    os.rename(daemon.folder / "plain.log", daemon.folder / "old")
    daemon.send_signal(signal.SIGUSR1)
    wait_until(lambda: (daemon.folder / "plain.log").exists() and descriptors(daemon) == [], "reopened logs")
    ask(lab, daemon, [("a", "/two")])
    daemon.wait_for_line(1, "logs/a.log")
    os.rename(daemon.folder / "logs/a.log", daemon.folder / "logs/second")
    lab.reload(daemon, SITE % (cache, ""))
    ask(lab, daemon, [("a", "/three")])
    daemon.wait_for_line(1, "logs/a.log")
    assert written(daemon) == {"first": ["/one"], "second": ["/two"], "a.log": ["/three"]}


def test_off_inside(lab):
    daemon = start(lab, "open_log_file_cache max=10;", "; open_log_file_cache off")
    ask(lab, daemon, [("a", "/x")])
    daemon.wait_for_line(1, "logs/a.log")
    assert descriptors(daemon) == []


def test_links_are_refused_where_they_are(lab):
    """With disable_symlinks nginx finds no root, whatever there is, and logs nothing."""
    daemon = start(lab, "disable_symlinks on from={folder};")
    daemon.expects_alerts = True
    os.symlink(daemon.folder / "aside/target", daemon.folder / "logs/a.log")
    ask(lab, daemon, [("a", "/x"), ("b", "/y")])
    daemon.wait_for_line(1, "logs/b.log")
    daemon.wait_for_text(f'"{daemon.folder}/logs/a.log" failed (40: Too many levels of symbolic links)')
    assert not (daemon.folder / "aside/target").exists()


def test_a_name_with_a_zero_byte_is_none(lab):
    """nginx cuts the name there."""
    daemon = lab.rpcd("""log_format uri '$request_uri';
        server { listen {port}; root {folder}; access_log {folder}/$remote_user.log uri;
            access_log {folder}/plain.log uri; return 204; }""")
    daemon.expects_alerts = True
    with lab.client() as client:
        client.ask("/x", headers=[("Authorization", "Basic YQBiOnB3")])  # a NUL b
    daemon.wait_for_line(1, "plain.log")
    daemon.wait_for_text("failed (2: No such file or directory)")
    assert not (daemon.folder / "a").exists()


def test_a_full_disk_is_reported_once(lab):
    with lab.small_disk() as disk:
        os.chmod(disk, 0o777)
        text = (SITE % ("", "")).replace("{folder}/logs/$host", f"{disk}/$host")
        daemon = lab.rpcd(text)
        prepare(daemon)
        daemon.expects_alerts = True
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        ask(lab, daemon, [("a", f"/{number}") for number in range(20)])
        daemon.wait_for_line(20, "plain.log")
        daemon.wait_for_text("[alert]")
        daemon.wait_for_text(f'write() to "{disk}/a.log" failed (28: No space left on device)')
        assert daemon.text("error.log").count("write() to") == 1
        (disk / "filler").unlink()
        ask(lab, daemon, [("a", "/last")])
        wait_until(lambda: (disk / "a.log").read_text() == "/last\n", "the line")
        daemon.stop()
