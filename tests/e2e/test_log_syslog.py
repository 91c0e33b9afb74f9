"""access_log and error_log to syslog servers, beside nginx."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from lab import wait_until
from lab.syslog import SyslogReceiver

HOSTS = {"nginx": "127.0.0.2", "rpcd": "127.0.0.1"}

SITE = """
log_format line '$request_method $request_uri';
server {
    listen {host}:{port};
    access_log syslog:server={host}:{syslog}%s line;
    access_log {folder}/plain.log line;
    return 204;
}
"""


def ask(lab, host, paths, **options):
    with lab.client((host, lab.port)) as client:
        for path in paths:
            client.ask(path, **options)


@contextlib.contextmanager
def udp_pair(lab):
    port = lab.new_port()
    receivers = {name: SyslogReceiver((host, port)) for name, host in HOSTS.items()}
    try:
        yield port, receivers
    finally:
        for receiver in receivers.values():
            receiver.close()


def without_time(message):
    """The RFC's time, which has no zero in front of the day, and the pieces around it."""
    match = re.match(r"(<\d+>)[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d (.*)", message, re.DOTALL)
    assert match, message
    return match.group(1) + match.group(2)


PARAMETERS = ["", ",tag=proxy_1", ",tag=", ",nohostname", ",facility=kern", ",facility=local0,severity=debug",
              ",facility=cron,nohostname,severity=emerg,tag=" + "a" * 32, ",severity=error"]


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_messages_as_nginx(lab, parameters):
    with udp_pair(lab) as (port, receivers):
        lab.pair(SITE % parameters, syslog=port)
        got = {}
        for name, host in HOSTS.items():
            ask(lab, host, ["/one", "/two?x=%20"])
            got[name] = [without_time(message) for message in receivers[name].wait_for(2)]
        assert got["rpcd"] == got["nginx"]
        assert got["rpcd"][0].endswith(": GET /one")


def test_the_address_may_be_a_name(lab):
    with udp_pair(lab) as (port, receivers):
        lab.rpcd(SITE.replace("{host}:{syslog}%s", "localhost:{syslog}"), syslog=port)
        ask(lab, "127.0.0.1", ["/named"])
        receivers["rpcd"].wait_for_text("GET /named")


def test_the_usual_port_is_514(lab):
    try:
        receiver = SyslogReceiver(("127.0.0.1", 514))
    except OSError:
        pytest.skip("port 514 is not to be had")
    with contextlib.closing(receiver):
        lab.rpcd(SITE.replace("{host}:{syslog}%s", "localhost"))
        ask(lab, "127.0.0.1", ["/usual"])
        receiver.wait_for_text("GET /usual")


def test_ipv6(lab):
    with contextlib.closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as receiver:
        receiver.bind(("::1", 0))
        receiver.settimeout(10)
        lab.rpcd(SITE.replace("{host}:{syslog}%s", "[::1]:{syslog}"), syslog=receiver.getsockname()[1])
        ask(lab, "127.0.0.1", ["/six"])
        assert receiver.recv(4096).endswith(b": GET /six")


def test_all_bytes_of_a_line_arrive(lab):
    """Also those that end lines: one message is one datagram."""
    site = SITE.replace("'$request_method", "escape=none '$uri $request_method") % ""
    with udp_pair(lab) as (port, receivers):
        lab.pair(site, syslog=port)
        path = "/" + "".join(f"%{byte:02x}" for byte in range(1, 256))
        got = []
        for name, host in HOSTS.items():
            ask(lab, host, [path])
            got.append(without_time(receivers[name].wait_for(1)[0]))
        assert got[0] == got[1]
        assert "\n" in got[1] and "\xff" in got[1]


def test_long_lines_as_nginx(lab):
    """There is no limit but that of a datagram."""
    head = "large_client_header_buffers 4 64k; http2_max_field_size 32k;".split(" http2")[0]
    with udp_pair(lab) as (port, receivers):
        lab.pair(head + SITE % "", syslog=port)
        got = []
        for name, host in HOSTS.items():
            ask(lab, host, ["/" + "x" * 40000, "/short"])
            got.append([without_time(message) for message in receivers[name].wait_for(2)])
        assert got[0] == got[1]
        assert len(got[1][0]) > 40000


def test_a_line_that_is_no_datagram_is_lost(lab):
    site = "large_client_header_buffers 4 128k;" + SITE % ""
    with udp_pair(lab) as (port, receivers):
        pair = lab.pair(site, syslog=port)
        pair.rpcd.expects_alerts = pair.nginx.expects_alerts = True
        for name, host in HOSTS.items():
            ask(lab, host, ["/" + "x" * 100000, "/after"])
            assert without_time(receivers[name].wait_for(1)[0]).endswith("GET /after")
        pair.rpcd.wait_for_text("1 lines of log \"syslog:127.0.0.1:%d\" were lost: Message too long" % port)


ERRORS = """
error_log syslog:server={host}:{syslog}%s info;
server {
    listen {host}:{port};
    server_name example.com;
    location / { proxy_pass http://127.0.0.1:{refused}; }
    location /info { return 204; }
    location /warn { limit_req zone=one; limit_req_log_level warn; proxy_pass http://127.0.0.1:{refused}; }
}
limit_req_zone $binary_remote_addr zone=one:64k rate=1r/m;
"""


def normalise(message):
    """Without what differs from one run to the next."""
    message = re.sub(r"\d+#\d+: \*\d+", "N#N: *N", without_time(message))
    message = re.sub(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "DATE", message)
    message = re.sub(r"limiting requests, excess: [\d.]+", "limiting", message)
    return re.sub(r"127\.0\.0\.[12]", "HOST", message)


@pytest.mark.parametrize("parameters", ["", ",severity=crit,facility=user,tag=e"])
def test_error_logs_as_nginx(lab, parameters):
    """The severity is that of the line, whatever the parameter says."""
    with udp_pair(lab) as (port, receivers):
        lab.pair(ERRORS % parameters, syslog=port, refused=lab.new_port())
        got = {}
        for name, host in HOSTS.items():
            ask(lab, host, ["/refused", "/warn", "/warn"])
            got[name] = [normalise(receivers[name].wait_for_text(text))
                         for text in ("connect() failed", "limiting requests")]
        assert got["rpcd"] == got["nginx"]


def test_error_lines_are_as_long_as_nginxs(lab):
    """2047 bytes behind the head, wherever the line is cut."""
    with udp_pair(lab) as (port, receivers):
        lab.pair(ERRORS % "", syslog=port, refused=lab.new_port())
        sizes = []
        for name, host in HOSTS.items():
            ask(lab, host, ["/" + "x" * 3000])
            message = without_time(receivers[name].wait_for_text("connect() failed"))
            sizes.append(len(message.partition(": ")[2]))
        assert sizes == [2047, 2047]


def test_the_process_tells_its_server(lab):
    """What supervisor and workers say of themselves goes there, too."""
    with udp_pair(lab) as (port, receivers):
        daemon = lab.rpcd(SITE % "", main=f"error_log syslog:server=127.0.0.1:{port},tag=main notice;",
                          syslog=lab.new_port())
        receivers["rpcd"].wait_for_text("start worker process")
        lab.reload(daemon, SITE % "", main=f"error_log syslog:server=127.0.0.1:{port},tag=main notice;",
                   syslog=lab.new_port())
        message = receivers["rpcd"].wait_for_text("reloaded")
        assert without_time(message).startswith(f"<189>{os.uname().nodename.lower()} main: ")


UNIX = SITE.replace("server={host}:{syslog}%s", "server=unix:{folder}/socket,nohostname")


def test_a_unix_socket_that_is_replaced(lab):
    """It need not be there at first. nginx loses the message that finds out; nothing is lost here."""
    daemon = lab.rpcd(UNIX)
    daemon.expects_alerts = True
    path = str(daemon.folder / "socket")
    ask(lab, "127.0.0.1", ["/nobody"])
    daemon.wait_for_text("lines of log \"syslog:unix:%s\" were lost: No such file or directory" % path)
    for number in range(3):
        with contextlib.closing(SyslogReceiver(path)) as receiver:
            ask(lab, "127.0.0.1", [f"/{number}/a", f"/{number}/b"])
            assert [message.split()[-1] for message in receiver.wait_for(2)] == [f"/{number}/a", f"/{number}/b"]
        os.unlink(path)


def test_unix_sockets_as_nginx(lab):
    pair = lab.pair(UNIX)
    got = []
    for daemon, host in ((pair.nginx, "127.0.0.2"), (pair.rpcd, "127.0.0.1")):
        with contextlib.closing(SyslogReceiver(str(daemon.folder / "socket"))) as receiver:
            ask(lab, host, ["/one"])
            got.append(without_time(receiver.wait_for(1)[0]))
    assert got[0] == got[1]
    assert got[1] == "<190>nginx: GET /one"


def test_a_server_that_reads_nothing_stops_nobody(lab):
    """Its queue is full after a few; what it has no room for is lost, and counted."""
    daemon = lab.rpcd(UNIX)
    daemon.expects_alerts = True
    with contextlib.closing(SyslogReceiver(str(daemon.folder / "socket"))) as receiver:
        count = 2000
        for _ in range(4):
            with lab.client(("127.0.0.1", lab.port)) as client:
                for number in range(count // 4):
                    assert client.ask(f"/{number}/" + "x" * 100).status == 204
        daemon.wait_for_line(count, "plain.log")
        daemon.wait_for_text("were lost: Resource temporarily unavailable")
        first = len(receiver.receive())
        assert first > 0
        # It goes on where there is room again.
        ask(lab, "127.0.0.1", ["/again"])
        receiver.wait_for_text("/again")
        assert len(daemon.text("error.log").split("were lost")) == 2


def ask_in_one_turn(lab, daemon, count):
    """Requests of as many clients, which the worker finds all at once."""
    worker = daemon.workers()[0]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(lab.client()) for _ in range(count)]
        for client in clients:
            assert client.ask("/before").status == 204
        daemon.wait_for_line(count, "plain.log")
        os.kill(worker, signal.SIGSTOP)
        for number, client in enumerate(clients):
            client.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        os.kill(worker, signal.SIGCONT)
        for client in clients:
            client.response()


def test_a_queue_that_is_full_for_a_moment_loses_nothing(lab):
    """More in one turn than a unix socket's queue holds."""
    daemon = lab.rpcd(UNIX)
    with contextlib.closing(SyslogReceiver(str(daemon.folder / "socket"))) as receiver:
        threading.Thread(target=receiver.wait_for, args=(120,)).start()
        ask_in_one_turn(lab, daemon, 60)
        wait_until(lambda: len(receiver.messages) == 120, "all of them")
        assert sorted(message.split()[-1] for message in receiver.messages[60:]) == \
            sorted(f"/{n}" for n in range(60))


def test_a_port_that_nobody_listens_at(lab):
    """Requests go on; the log says so, once."""
    daemon = lab.rpcd(SITE % "", syslog=lab.new_port())
    daemon.expects_alerts = True
    ask(lab, "127.0.0.1", [f"/{number}" for number in range(100)])
    daemon.wait_for_line(100, "plain.log")
    daemon.wait_for_text("were lost: Connection refused")
    assert daemon.text("error.log").count("were lost") == 1


def test_losses_of_the_only_error_log_go_to_standard_error(lab):
    main = f"error_log syslog:server=127.0.0.1:{lab.new_port()} info;"
    daemon = lab.new_rpcd()
    text = daemon.configuration("server { listen %d; return 204; }" % lab.port, main)
    daemon.compile(text.replace("error_log error.log info;", ""))
    daemon.start()
    daemon.expects_alerts = True
    for number in range(3):
        with lab.client() as client:
            client.send(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")
            client.response()
    daemon.wait_for_text("were lost: Connection refused", "stderr")


def test_one_call_sends_what_a_turn_brought(lab):
    """One sendmmsg for pipelined requests of one turn."""
    with udp_pair(lab) as (port, receivers):
        daemon = lab.rpcd(SITE % "", syslog=port)
        worker = daemon.workers()[0]
        trace = daemon.folder / "trace"
        command = ["strace", "-f", "-e", "trace=sendmmsg,socket,connect", "-o", str(trace), "-p", str(worker)]
        try:
            tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
        except FileNotFoundError:
            pytest.skip("no strace")
        wait_until(lambda: "TracerPid:\t0" not in open(f"/proc/{worker}/status").read(), "the tracer")
        ask_in_one_turn(lab, daemon, 20)
        receivers["rpcd"].wait_for(40)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
        calls = trace.read_text()
        assert calls.count("socket(") == calls.count("connect(") == 1
        # 20 by themselves, and then together what came together.
        assert 21 <= calls.count("sendmmsg(") <= 25


def test_reopening_and_reloading_keep_what_is_sent(lab):
    with udp_pair(lab) as (port, receivers):
        daemon = lab.rpcd(SITE % "", syslog=port, workers=2)
        for number in range(10):
            ask(lab, "127.0.0.1", [f"/{number}"])
            if number % 3 == 0:
                os.rename(daemon.folder / "plain.log", daemon.folder / f"old{number}")
                daemon.send_signal(signal.SIGUSR1)
                wait_until(lambda: (daemon.folder / "plain.log").exists(), "the new file")
            elif number % 3 == 1:
                lab.reload(daemon, SITE % ",tag=other", syslog=port, workers=2)
        messages = receivers["rpcd"].wait_for(10)
        assert sorted(message.split()[-1] for message in messages) == [f"/{n}" for n in range(10)]
        assert any(" other: " in message for message in messages)


def test_a_reload_to_another_server(lab):
    with udp_pair(lab) as (port, receivers):
        other = lab.new_port()
        daemon = lab.rpcd(SITE % "", syslog=port)
        ask(lab, "127.0.0.1", ["/old"])
        receivers["rpcd"].wait_for(1)
        with contextlib.closing(SyslogReceiver(("127.0.0.1", other))) as receiver:
            lab.reload(daemon, SITE % "", syslog=other)
            ask(lab, "127.0.0.1", ["/new"])
            assert receiver.wait_for(1)[0].endswith("/new")


def test_a_name_that_does_not_resolve(lab):
    """As in nginx it stops a start; a reload keeps the old table. No name server need be asked about
    this one: no part of a name is that long."""
    name = "x" * 64 + ".invalid"
    unknown = SITE.replace("{host}:{syslog}%s", name)
    with udp_pair(lab) as (port, receivers):
        daemon = lab.rpcd(SITE % "", syslog=port)
        daemon.expects_alerts = True
        daemon.reload(lab.text_for(daemon, unknown, syslog=port))
        daemon.wait_for_text('cannot reload, the previous table stays: cannot find syslog server "' + name)
        ask(lab, "127.0.0.1", ["/still"])
        receivers["rpcd"].wait_for_text("/still")


def test_a_quick_end_sends_what_there_is(lab):
    with udp_pair(lab) as (port, receivers):
        daemon = lab.rpcd(SITE % "", syslog=port)
        ask(lab, "127.0.0.1", ["/last"])
        daemon.stop(signal.SIGTERM)
        receivers["rpcd"].wait_for_text("/last")
