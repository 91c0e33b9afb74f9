"""HTTP/2 as frames: a client that sends the frames it is told to, with python3-hpack for fields.

As in lab.http nothing is helpful: no rule of the protocol is kept unless the test keeps it. What
arrives is sorted by stream; windows are opened for what was read unless the test says not to."""

import dataclasses
import struct
import time

import hpack

from lab.http import Incomplete, Wire, connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 1, 1, 4, 8, 32

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, \
    FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, \
    ENHANCE_YOUR_CALM = range(12)

MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, ENABLE_CONNECT_PROTOCOL = 3, 4, 5, 8


def memory(daemon):
    """Bytes that the daemon's workers have of their own."""
    total = 0
    for worker in daemon.workers():
        for line in open(f"/proc/{worker}/smaps_rollup"):
            if line.startswith("Private_Dirty:"):
                total += int(line.split()[1]) * 1024
    return total


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@dataclasses.dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


@dataclasses.dataclass
class Stream:
    """What has arrived on one stream."""
    heads: list = dataclasses.field(default_factory=list)  # lists of (name, value), interim first
    body: bytearray = dataclasses.field(default_factory=bytearray)
    frames: list = dataclasses.field(default_factory=list)  # sizes of DATA frames
    trailers: list = None
    has_ended: bool = False
    reset: int = None  # the error code of RST_STREAM

    @property
    def head(self):
        return self.heads[-1]

    @property
    def status(self):
        return int(dict(self.head)[":status"])

    def get(self, name):
        return dict(self.head).get(name)


class Http2Client(Wire):
    def __init__(self, address, settings=(), opens_windows=True, timeout=20.0, receive_buffer=None,
                 wrap=None, begin=True):
        connected = connect(address, timeout, receive_buffer)
        super().__init__(wrap(connected) if wrap else connected, timeout)
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.opens_windows = opens_windows
        self.streams = {}
        self.settings = {}
        self.pongs = []
        self.opened = {}  # by stream: how far WINDOW_UPDATE has opened windows for us
        self.goaways = []  # (last stream, error code)
        self.next_stream = 1
        if begin:
            self.begin(settings)

    # --- out ---

    def begin(self, settings=()):
        payload = b"".join(struct.pack(">HI", key, value) for key, value in settings)
        self.send(PREFACE + frame(SETTINGS, payload=payload))

    def fields(self, path="/", method="GET", headers=(), authority="site.example", scheme="http"):
        pseudo = [(":method", method), (":path", path), (":scheme", scheme)]
        if authority is not None:
            pseudo.append((":authority", authority))
        return pseudo + list(headers)

    def head_frames(self, fields, stream, end=True, size=16384):
        """HEADERS and, for what is larger than one frame, CONTINUATION."""
        block = self.encoder.encode(fields)
        pieces = [block[i:i + size] for i in range(0, len(block), size)] or [b""]
        flags = END_STREAM if end else 0
        frames = b""
        for number, piece in enumerate(pieces):
            last = END_HEADERS if number == len(pieces) - 1 else 0
            frames += frame(CONTINUATION if number else HEADERS, flags | last, stream, piece)
            flags = 0
        return frames

    def request(self, path="/", method="GET", headers=(), body=None, end=True, fields=None,
                **options):
        """Sends a request in one piece, and returns its stream. `body`: within the first window."""
        stream = self.next_stream
        self.next_stream += 2
        fields = fields or self.fields(path, method, headers, **options)
        data = self.head_frames(fields, stream, end and body is None)
        if body is not None:
            data += self.data_frames(stream, body, end)
        self.send(data)
        return stream

    def data_frames(self, stream, body, end=True, size=16384):
        pieces = [body[i:i + size] for i in range(0, len(body), size)] or [b""]
        return b"".join(frame(DATA, END_STREAM if end and number == len(pieces) - 1 else 0, stream,
                              piece) for number, piece in enumerate(pieces))

    def send_data(self, stream, body, end=True):
        self.send(self.data_frames(stream, body, end))

    def send_frame(self, kind, flags=0, stream=0, payload=b""):
        self.send(frame(kind, flags, stream, payload))

    def open_window(self, stream, size):
        self.send_frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))

    def reset_stream(self, stream, code=CANCEL):
        self.send_frame(RST_STREAM, 0, stream, struct.pack(">I", code))

    # --- in ---

    def read_frame(self):
        head = self.read_exactly(9)
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        received = Frame(kind, flags, stream, self.read_exactly(size))
        self.note(received)
        return received

    def note(self, received):
        stream = self.streams.setdefault(received.stream, Stream()) if received.stream else None
        if received.kind == HEADERS:
            self.note_head(received, stream)
        elif received.kind == DATA:
            self.note_data(received, stream)
        elif received.kind == RST_STREAM:
            stream.reset = struct.unpack(">I", received.payload)[0]
        elif received.kind == SETTINGS and not received.flags & ACK:
            for i in range(0, len(received.payload), 6):
                key, value = struct.unpack(">HI", received.payload[i:i + 6])
                self.settings[key] = value
            self.send_frame(SETTINGS, ACK)
        elif received.kind == PING and received.flags & ACK:
            self.pongs.append(received.payload)
        elif received.kind == PING:
            self.send_frame(PING, ACK, 0, received.payload)
        elif received.kind == WINDOW_UPDATE:
            size = struct.unpack(">I", received.payload)[0]
            self.opened[received.stream] = self.opened.get(received.stream, 0) + size
        elif received.kind == GOAWAY:
            self.goaways.append(struct.unpack(">II", received.payload[:8]))

    def note_head(self, received, stream):
        assert received.flags & END_HEADERS, "CONTINUATION is not expected of a server here"
        fields = [(str(name), str(value))
                  for name, value in self.decoder.decode(received.payload)]
        assert all(name == name.lower() for name, _ in fields)
        if fields and fields[0][0] == ":status":
            stream.heads.append(fields)
        else:
            stream.trailers = fields
        stream.has_ended = bool(received.flags & END_STREAM)

    def note_data(self, received, stream):
        stream.body += received.payload
        stream.frames.append(len(received.payload))
        stream.has_ended = bool(received.flags & END_STREAM)
        if self.opens_windows and received.payload:
            self.open_window(0, len(received.payload))
            if not stream.has_ended:
                self.open_window(received.stream, len(received.payload))

    def response(self, stream):
        """What came on the stream, once it has ended or was reset."""
        while True:
            noted = self.streams.get(stream)
            if noted and (noted.has_ended or noted.reset is not None):
                return noted
            self.read_frame()

    def ask(self, path="/", **options):
        return self.response(self.request(path, **options))

    def ping(self, payload=b"12345678"):
        """Returns once all that was sent before has been seen to."""
        count = len(self.pongs)
        self.send_frame(PING, 0, 0, payload)
        while len(self.pongs) == count:
            self.read_frame()

    def read_goodbye(self):
        """Reads up to the end of the connection; returns the error code of the last GOAWAY."""
        try:
            while True:
                self.read_frame()
        except (Incomplete, ConnectionResetError):
            pass
        return self.goaways[-1][1] if self.goaways else None

    def read_for(self, seconds):
        """Takes what comes within that time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.buffer and not self.fill():
                    return
                self.socket.settimeout(20.0)
                self.read_frame()
            except TimeoutError:
                return
            finally:
                self.socket.settimeout(20.0)
