"""Limits, priority and processors of workers, beside nginx's, and over a reload."""

import os
import pathlib
import resource

import pytest

from lab import wait_until

RETURN = 'server { listen {host}:{port}; return 200 "here"; }'


def limits(process, *names):
    lines = pathlib.Path(f"/proc/{process}/limits").read_text().splitlines()
    return [line[26:].split()[:2] for name in names for line in lines if line.startswith(name)]


def facts(daemon):
    """What the workers have, in the order of their starts."""
    return [(limits(worker, "Max open files", "Max core file size"),
             os.getpriority(os.PRIO_PROCESS, worker), sorted(os.sched_getaffinity(worker)))
            for worker in daemon.workers()]


def is_alike(ours, theirs):
    """Workers set their own limits when they have begun, so that it may take a moment."""
    return wait_until(lambda: facts(ours) == facts(theirs), "what nginx has")


def needs_processors(count):
    if os.sched_getaffinity(0) != set(range(count)) and len(os.sched_getaffinity(0)) < count:
        pytest.skip("too few processors")


@pytest.mark.parametrize("main", [
    "worker_rlimit_nofile 777;",
    "worker_rlimit_core 0;",
    "worker_rlimit_core 12m;",
    "worker_priority 5;",
    "worker_priority +3;",
    "worker_priority 0;",
    "worker_priority 100;",
    "worker_rlimit_nofile 333; worker_rlimit_core 1g; worker_priority 1;",
])
def test_limits_and_priority(lab, main):
    pair = lab.pair(RETURN, main=main, workers=2)
    is_alike(pair.rpcd, pair.nginx)
    assert [answer.status for answer in pair.ask()] == [200, 200]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may")
def test_what_root_alone_may(lab):
    pair = lab.pair(RETURN, main="worker_priority -7;")
    is_alike(pair.rpcd, pair.nginx)
    assert facts(pair.rpcd)[0][1] == -7


@pytest.mark.parametrize("masks", ["01", "10", "01 10", "10 01", '"1 0"', "auto", "auto 10", "auto 11",
                                   "auto 00", "0" * 900 + "10"])
def test_processors(lab, masks):
    needs_processors(2)
    pair = lab.pair(RETURN, main=f"worker_cpu_affinity {masks};", workers=3)
    is_alike(pair.rpcd, pair.nginx)


@pytest.mark.parametrize("main, complaint", [
    ("worker_cpu_affinity 1" + "0" * 1000 + ";", "sched_setaffinity() failed"),
    ("worker_cpu_affinity 00;", "sched_setaffinity() failed"),
    ("worker_rlimit_nofile 2147483647;", "setrlimit(RLIMIT_NOFILE"),
])
def test_goes_on_without_what_cannot_be_had(lab, main, complaint):
    pair = lab.pair(RETURN, main=main)
    for daemon in (pair.nginx, pair.rpcd):
        daemon.expects_alerts = True
        daemon.wait_for_text(complaint)
    assert [answer.status for answer in pair.ask()] == [200, 200]


def test_a_reload_changes_workers_that_run(lab):
    """And gives them back what they had when it says nothing any more, as far as that is allowed: not
    that of others than root without CAP_SYS_RESOURCE."""
    needs_processors(2)
    user = "user root;" if os.geteuid() == 0 else ""
    daemon = lab.rpcd(RETURN, workers=2, main=user)
    before, workers = facts(daemon), daemon.workers()
    main = "worker_rlimit_nofile 444; worker_rlimit_core 0; worker_priority 4; worker_cpu_affinity 01 10;"
    lab.reload(daemon, RETURN, workers=2, main=user + main)
    assert daemon.workers() == workers
    assert facts(daemon) == [([["444", "444"], ["0", "0"]], 4, [cpu]) for cpu in (0, 1)]
    lab.reload(daemon, RETURN, workers=2, main=user)
    assert daemon.workers() == workers
    if os.geteuid() == 0:
        assert [cpus for _, _, cpus in facts(daemon)] == [cpus for _, _, cpus in before]
        assert [priority for _, priority, _ in facts(daemon)] == [0, 0]
    if facts(daemon) != before:
        daemon.wait_for_text("setrlimit(RLIMIT_NOFILE) failed (1: Operation not permitted) for worker process")


def test_new_workers_of_a_reload_have_them_too(lab):
    daemon = lab.rpcd(RETURN, workers=1, main="worker_priority 2;")
    daemon.worker_count = 2
    daemon.reload(lab.text_for(daemon, RETURN, workers=2, main="worker_priority 6;"))
    wait_until(lambda: [priority for _, priority, _ in facts(daemon)] == [6, 6], "the priority of both")


def test_connections_beyond_the_limit_are_told(lab):
    """Both limits count: the supervisor's own, and the one that workers are given."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if not 0 < limit < 100_000:  # nginx has memory for all connections, whether they come or not
        pytest.skip("the limit of open files is too high for this")
    pair = lab.pair(RETURN, main=f"worker_rlimit_nofile {limit + 1};", events=f"worker_connections {limit + 2};")
    for daemon in (pair.nginx, pair.rpcd):
        daemon.expects_alerts = True
        daemon.wait_for_text(f"{limit + 2} worker_connections exceed open file resource limit: {limit + 1}")
