"""What a client finds urgent (RFC 9218): of several answers on one connection the urgent one goes
first, whether the request's field says so or a frame that follows it."""

import struct

import pytest

from lab.http2_client import INITIAL_WINDOW_SIZE, Http2Client, frame

SITE = """
http2 on;
server {
    listen {port};
    set $piece 0123456789abcdef0123456789abcdef;
    set $row $piece$piece$piece$piece$piece$piece$piece$piece$piece$piece;
    set $page $row$row$row$row$row$row$row$row$row$row;
    set $leaf $page$page$page$page$page$page$page$page$page$page;
    return 200 $leaf$leaf$leaf$leaf$leaf$leaf$leaf$leaf$leaf$leaf;
}
"""

SIZE = 320_000
FIRST_WINDOW = 65_535
PRIORITY_UPDATE = 0x10


def priority_update(stream, value):
    return frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", stream) + value)


def race(lab, first, second, update=None):
    """Asks twice while the connection's window is used up by the first answer; opens it far enough
    for one of both and something, and returns the streams' bodies by then."""
    lab.rpcd(SITE)
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 1 << 20)], opens_windows=False,
                     timeout=5.0) as client:
        one = client.request("/", headers=first)
        while one not in client.streams or len(client.streams[one].body) < FIRST_WINDOW:
            client.read_frame()
        two = client.request("/", headers=second)
        if update is not None:
            client.send(priority_update(two, update))
        while two not in client.streams or not client.streams[two].heads:
            client.read_frame()
        client.open_window(0, SIZE + 20_000)
        while sum(len(stream.body) for stream in client.streams.values()) < FIRST_WINDOW + SIZE:
            client.read_frame()
        return len(client.streams[one].body), len(client.streams[two].body)


def test_one_after_the_other(lab):
    """As a field says that does not say that turns are taken."""
    one, two = race(lab, [("priority", "u=3")], [("priority", "u=3")])
    assert one == SIZE and two < SIZE


@pytest.mark.parametrize("first, second, update", [
    ("u=7", "u=0", None),
    ("u=3", "u=2", None),
    ("u=7", "u=7", b"u=1"),
], ids=["fields", "near", "frame"])
def test_the_urgent_one_goes_first(lab, first, second, update):
    one, two = race(lab, [("priority", first)], [("priority", second)], update)
    assert two > one, "what was asked for later was more urgent"


@pytest.mark.parametrize("fields", [[("priority", "u=3, i")], [("priority", "i=?1")], []],
                         ids=["field", "default urgency", "no field"])
def test_turns(lab, fields):
    one, two = race(lab, fields, fields)
    assert FIRST_WINDOW + 50_000 < one < SIZE
    assert 50_000 < two < SIZE


@pytest.mark.parametrize("update", [b"", b"u=9", b"u=", b"i=?2, u=-1, \xff", b"u=1;x=y, a=(b c)"])
def test_frames_that_say_nothing(lab, update):
    """What is not understood has no effect; the connection goes on."""
    one, two = race(lab, [("priority", "u=1")], [("priority", "u=1")], update)
    assert one == SIZE and two < SIZE
