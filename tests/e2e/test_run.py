"""rpc run, and the samples: every one is linted, and those that can be are compiled and started."""

import pathlib
import re
import signal
import subprocess

import pytest

from lab import wait_until
from lab.daemon import PATIENCE, REPOSITORY, RPC, session_members
from lab.http import ask_raw, request_bytes
from lab.proxy_header import line
from lab.sample import Sample

SAMPLES = sorted((REPOSITORY / "samples").glob("*.conf"))
BAD_SAMPLES = sorted((REPOSITORY / "samples/bad").glob("*.conf"))
# Those with directives that only lint understands yet.
NOT_RUN = set()
# What needs certificates has tests of its own: test_tls_samples.py, test_client_certificates.py.
SERVED = [path for path in SAMPLES
          if path.name not in NOT_RUN and "ssl_certificate" not in path.read_text()]


def rpc(*arguments, **options):
    return subprocess.run([RPC, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, **options)


def answers(port):
    try:
        return ask_raw(port, request_bytes())
    except OSError:
        return None


def test_rpc_run(lab):
    folder = lab.folder("run")
    (folder / "site.conf").write_text(f'server {{ listen {lab.port}; return 200 "run"; }}')
    process = subprocess.Popen([RPC, "run", "site.conf"], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        response = wait_until(lambda: answers(lab.port), "an answer", PATIENCE)
        assert response.body == b"run"
        process.send_signal(signal.SIGQUIT)
        assert process.wait(PATIENCE) == 0
        assert session_members(process.pid) == []
    finally:
        process.kill()
        process.communicate()


def test_rpc_run_of_a_bad_configuration(lab):
    folder = lab.folder("run")
    (folder / "site.conf").write_text("server { lissten 80; }")
    result = rpc("run", "site.conf", cwd=folder)
    assert result.returncode == 2
    assert "lissten" in result.stderr
    assert "listen" in result.stderr


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_have_no_findings(path):
    result = rpc("lint", str(path))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", BAD_SAMPLES, ids=lambda path: path.name)
def test_bad_samples_have_findings(path):
    result = rpc("lint", "--fail-on", "info", str(path))
    assert result.returncode == 1, result.stdout + result.stderr
    assert path.name in result.stdout


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_compile(path, tmp_path):
    result = rpc("compile", str(path), "-o", str(tmp_path / "site.rpt"))
    errors = set(re.findall(r"error\[(\w+)\]", result.stdout + result.stderr))
    assert errors == ({"RPC0400"} if path.name in NOT_RUN else set())
    assert (result.returncode == 0) == (errors == set())


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_samples_serve(lab, path):
    """With the ports they listen on replaced by free ones."""
    sample = Sample(lab, path)
    sample.start()
    name = re.search(r"server_name\s+([\w.]+)", sample.text)
    host = name.group(1) if name else "localhost"
    for port in sample.ports.values():
        is_announced = re.search(rf"listen\s+[\d.:]*{port} .*proxy_protocol", sample.text)
        request = (line() if is_announced else b"") + request_bytes("/", host=host)
        assert 200 <= ask_raw(port, request).status < 600


def test_every_bad_sample_is_named_for_what_it_shows():
    assert len(BAD_SAMPLES) >= 5
    for path in BAD_SAMPLES:
        assert pathlib.Path(path).read_text().lstrip().startswith("#"), f"{path} says not what it shows"
