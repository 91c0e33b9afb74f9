"""HTTP/2 backends by python3-h2, which see the frames that reach them and answer as they are told,
rightly or wrongly."""

import dataclasses
import struct

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (ConnectionTerminated, DataReceived, PingAckReceived, RequestReceived,
                       StreamEnded, StreamReset, TrailersReceived, WindowUpdated)
from h2.settings import SettingCodes, Settings

from lab.http import Incomplete

GOAWAY, RST_STREAM, PING, SETTINGS, HEADERS, DATA, CONTINUATION = 7, 3, 6, 4, 1, 0, 9
NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE = 0, 1, 7, 8, 11


def frame(kind, flags, stream, payload=b""):
    """A frame as bytes, sensible or not."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


@dataclasses.dataclass
class Request:
    stream: int
    headers: list
    body: bytes = b""
    ended: bool = False

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def names(self):
        return [name for name, _ in self.headers]


class Server:
    """The backend's end of one connection that speaks HTTP/2."""

    def __init__(self, connection, settings=None):
        self.wire = connection
        self.backend = connection.backend
        self.requests = {}   # by stream
        self.given = 0       # of them, to who asked for the next
        self.resets = {}     # stream: error code
        self.pongs = 0
        self.goaway = None   # error code
        self.has_ended = False  # has said goodbye itself
        self.consumes = True  # opens windows for what it has read
        self.h2 = H2Connection(H2Configuration(
            client_side=False, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        if settings:
            self.h2.local_settings = Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.wire.send(self.h2.data_to_send())

    def goodbye(self):
        self.h2.close_connection()
        self.flush()
        self.has_ended = True

    def raw(self, data):
        self.flush()
        self.wire.send(data)

    def step(self):
        """Waits for some bytes and takes them in. Incomplete at the connection's end."""
        data = self.wire.socket.recv(65536)
        if not data:
            raise Incomplete("the connection has ended")
        self.wire.received += data
        if self.has_ended:
            return
        for event in self.h2.receive_data(data):
            self.take(event)
        self.flush()

    def take(self, event):
        if isinstance(event, RequestReceived):
            request = Request(event.stream_id, event.headers)
            self.requests[event.stream_id] = request
            self.backend.record(request)
        elif isinstance(event, DataReceived):
            self.requests[event.stream_id].body += event.data
            if self.consumes and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.requests[event.stream_id].ended = True
        elif isinstance(event, StreamReset):
            self.resets[event.stream_id] = event.error_code
        elif isinstance(event, PingAckReceived):
            self.pongs += 1
        elif isinstance(event, ConnectionTerminated):
            self.goaway = event.error_code

    def until(self, condition):
        """Takes in what comes until there is an answer other than False, 0 or b""."""
        while not (result := condition()) and result is not None:
            self.step()
        return result

    def head(self):
        """The next request, its body perhaps not read yet."""
        self.until(lambda: len(self.requests) > self.given)
        self.given += 1
        return list(self.requests.values())[self.given - 1]

    def request(self):
        request = self.head()
        self.until(lambda: request.ended)
        return request

    def respond(self, request, body=b"ok", status="200", headers=(), trailers=None, end=True):
        has_more = bool(body) or trailers is not None or not end
        self.h2.send_headers(request.stream, [(":status", status), *headers],
                             end_stream=not has_more)
        if body:
            self.send_body(request, body, end=end and trailers is None)
        if trailers is not None:
            self.h2.send_headers(request.stream, trailers, end_stream=True)
        self.flush()

    def send_body(self, request, body, end=True):
        """As the windows let it, and the proxy wants it."""
        while True:
            room = self.until(lambda: self.room_for(request))
            if room is None:
                return
            part = body[:min(room, self.h2.max_outbound_frame_size)]
            body = body[len(part):]
            self.h2.send_data(request.stream, part, end_stream=end and not body)
            self.flush()
            if not body:
                return

    def room_for(self, request):
        """How much of a body may be sent now; None: nobody wants it any more."""
        return None if request.stream in self.resets else self.h2.local_flow_control_window(request.stream)

    def interim(self, request, status, headers=()):
        self.h2.send_headers(request.stream, [(":status", status), *headers])
        self.flush()


def speaking(reply, settings=None):
    """A handler for lab.backend: `reply(server, request)` for every request that is whole."""
    def handler(connection):
        server = Server(connection, settings)
        while True:
            reply(server, server.request())
    return handler


def answering(body=b"ok", **options):
    return speaking(lambda server, request: server.respond(request, body, **options))


__all__ = ["Server", "Request", "SettingCodes", "StreamReset", "TrailersReceived", "WindowUpdated",
           "answering", "frame", "speaking"]
