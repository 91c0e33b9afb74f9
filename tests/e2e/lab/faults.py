"""A backend that goes wrong on demand: the path of a request names the fault, `/fault/NAME`. Everything
else it answers soundly, so that the same process shows what a fault does to its neighbours.

    /who            the backend's name
    /sum/SIZE       a body of that size with its checksum

Runs in a thread of the test, or as a program that can be killed:  faults.py PORT NAME"""

import asyncio
import hashlib
import random
import socket
import struct
import sys
import threading


def body_of(size):
    """The same bytes for the same size, different ones for every other."""
    return random.Random(size).randbytes(size)


def checked(response):
    """Whether a body is the one that was sent."""
    return hashlib.sha256(response.body).hexdigest() == response.get("X-Sum")


class Conversation:
    """One connection from the proxy."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.is_open = True
        self.is_doomed = False  # to be closed when the next request begins

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body, extra=b""):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), extra)
        await self.send(head + body)

    def close(self):
        self.is_open = False
        self.writer.close()

    def reset(self):
        self.is_open = False
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait(self):
        """Until the proxy gives up."""
        while await self.reader.read(65536):
            pass
        self.close()


FAULTS = {}


def fault(function):
    FAULTS[function.__name__.replace("_", "-")] = function
    return function


HALF = b"HTTP/1.1 200 OK\r\nContent-Le"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@fault
async def silence(talk):
    await talk.wait()


@fault
async def close_at_once(talk):
    talk.close()


@fault
async def reset_at_once(talk):
    talk.reset()


@fault
async def half_head(talk):
    await talk.send(HALF)
    await talk.wait()


@fault
async def half_head_close(talk):
    await talk.send(HALF)
    talk.close()


@fault
async def half_head_reset(talk):
    await talk.send(HALF)
    await asyncio.sleep(0.05)
    talk.reset()


@fault
async def half_body(talk):
    await talk.send(LENGTH + b"x" * 50)
    await talk.wait()


@fault
async def half_body_close(talk):
    await talk.send(LENGTH + b"x" * 50)
    talk.close()


@fault
async def half_body_reset(talk):
    await talk.send(LENGTH + b"x" * 50)
    await asyncio.sleep(0.05)
    talk.reset()


@fault
async def half_chunk_close(talk):
    await talk.send(CHUNKED + b"64\r\n" + b"x" * 50)
    talk.close()


@fault
async def no_last_chunk(talk):
    await talk.send(CHUNKED + b"5\r\nxxxxx\r\n")
    talk.close()


@fault
async def garbage_chunks(talk):
    await talk.send(CHUNKED + b"5\r\nxxxxx\r\n" + b"\xff\x00garbage\r\n" * 10)
    await talk.wait()


@fault
async def too_long_chunk(talk):
    await talk.send(CHUNKED + b"5\r\nxxxxxyyyyy\r\n0\r\n\r\n")
    await talk.wait()


@fault
async def more_than_length(talk):
    """What follows would be the next answer, if it were taken for one."""
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"
                    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")


@fault
async def more_than_length_later(talk):
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")
    await asyncio.sleep(0.05)
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")


@fault
async def length_and_chunks(talk):
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nxxxxx\r\n0\r\n\r\n")
    await talk.wait()


@fault
async def two_lengths(talk):
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx")
    await talk.wait()


@fault
async def huge_head(talk):
    await talk.send(b"HTTP/1.1 200 OK\r\n")
    try:
        for number in range(20_000):
            await talk.send(b"X-Field-%d: %s\r\n" % (number, b"x" * 100))
    except OSError:
        talk.is_open = False
        return
    await talk.wait()


@fault
async def no_head(talk):
    await talk.send(b"HTTP/1.1 2xx OK\r\n\r\n")
    await talk.wait()


@fault
async def slow_drip(talk):
    """The head in time, then never silent for as long as the time-out."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n":
        await talk.send(bytes([byte]))
        await asyncio.sleep(0.001)
    for byte in b"whole":
        await asyncio.sleep(0.2)
        await talk.send(bytes([byte]))


@fault
async def slow_head(talk):
    """Never silent for long, but not complete in time either."""
    try:
        await talk.send(b"HTTP/1.1 200 OK\r\nX-Field: ")
        for _ in range(1000):
            await talk.send(b"x")
            await asyncio.sleep(0.01)
    except OSError:
        talk.close()


@fault
async def too_slow_drip(talk):
    """Silent for longer, between the bytes of a body."""
    await talk.send(LENGTH)
    for _ in range(3):
        await talk.send(b"x")
        await asyncio.sleep(0.02)
    await talk.wait()


@fault
async def closed_on_reuse(talk):
    """A sound answer; but the connection ends when the next request comes in on it."""
    await talk.answer(b"whole")
    talk.is_doomed = True


class FaultyBackend:
    def __init__(self, name, is_faulty=True, port=0):
        self.name = name.encode()
        self.is_faulty = is_faulty
        self.resets_on_accept = False
        self.connections = 0
        self.port = port
        self.is_ready = threading.Event()

    def start(self):
        """In a thread; returns once it listens."""
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),), daemon=True).start()
        assert self.is_ready.wait(10)
        return self

    async def serve(self):
        server = await asyncio.start_server(self.talk, "127.0.0.1", self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self.ended = asyncio.Event()
        self.is_ready.set()
        await self.ended.wait()
        server.close()
        await asyncio.Event().wait()  # the thread ends with the tests, not within a conversation

    def close(self):
        self.loop.call_soon_threadsafe(self.ended.set)

    async def talk(self, reader, writer):
        self.connections += 1
        talk = Conversation(reader, writer)
        if self.resets_on_accept:
            talk.reset()
        try:
            while talk.is_open:
                await self.take_request(talk)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def take_request(self, talk):
        head = await talk.reader.readuntil(b"\r\n\r\n")
        if talk.is_doomed:
            talk.reset()
            return
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await talk.reader.readexactly(int(line[15:]))
        await self.reply(talk, head.split(b" ")[1].decode().split("/")[1:])

    async def reply(self, talk, path):
        if path[0] == "fault" and self.is_faulty:
            await FAULTS[path[1]](talk)
        elif path[0] == "sum":
            body = body_of(int(path[1]))
            await talk.answer(body, b"X-Sum: %s\r\n" % hashlib.sha256(body).hexdigest().encode())
        else:
            await talk.answer(self.name)


class FullBacklog:
    """Listens, accepts nothing, and has no room for another connection."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def close(self):
        for filler in self.fillers + [self.socket]:
            filler.close()


if __name__ == "__main__":
    asyncio.run(FaultyBackend(sys.argv[2], False, int(sys.argv[1])).serve())
