"""gRPC by its own library on both sides of rpcd: calls of all four kinds, their metadata, their
failures, cancelling and deadlines."""

import threading
import time
from concurrent import futures

import pytest

grpc = pytest.importorskip("grpc")

HTTP = """
upstream calls { server 127.0.0.1:{backend}; keepalive 16; }
server {
    listen {port}; http2 on; http2_max_concurrent_streams 256;
    client_max_body_size 0;
    location / { grpc_pass grpc://calls; }
    location /gone/ { error_page 502 = @gone; grpc_pass grpc://127.0.0.1:{nobody}; }
    location @gone { default_type application/grpc; add_header grpc-status 14; add_header grpc-message gone;
                     return 204; }
}
"""


class Service(grpc.GenericRpcHandler):
    """What a call does stands in the last part of its name."""

    def __init__(self):
        self.cancelled = threading.Event()

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        return {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Count": grpc.unary_stream_rpc_method_handler(self.count),
            "Sum": grpc.stream_unary_rpc_method_handler(self.sum),
            "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
            "Endless": grpc.unary_stream_rpc_method_handler(self.endless),
            "Early": grpc.stream_unary_rpc_method_handler(self.early),
        }.get(name)

    def echo(self, request, context):
        context.send_initial_metadata([("x-initial", "1")])
        context.set_trailing_metadata([("x-trailing", "2"), ("x-bytes-bin", b"\0\1\xff"),
                                       ("x-seen", dict(context.invocation_metadata()).get("x-sent", ""))])
        return request

    def fail(self, request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no: %~ß")

    def count(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number * 100

    def sum(self, requests, context):
        return b"%d" % sum(len(request) for request in requests)

    def talk(self, requests, context):
        for request in requests:
            yield request[::-1]

    def endless(self, request, context):
        context.add_callback(self.cancelled.set)
        while context.is_active():
            yield b"x"
            time.sleep(0.01)

    def early(self, requests, context):
        next(requests)
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")


@pytest.fixture
def service(lab):
    handler = Service()
    server = grpc.server(futures.ThreadPoolExecutor(64), handlers=[handler],
                         options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    handler.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    lab.rpcd(HTTP, backend=handler.port, nobody=lab.new_port())
    yield handler
    server.stop(None).wait()


@pytest.fixture
def channel(lab, service):
    with grpc.insecure_channel(f"127.0.0.1:{lab.port}", options=[
            ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
            ("grpc.enable_retries", 0)]) as channel:
        yield channel


def test_unary(channel):
    call = channel.unary_unary("/test.Test/Echo")
    for size in (0, 1, 1000, 100_000, 3_000_000):
        answer, done = call.with_call(b"x" * size, metadata=[("x-sent", "sent")], timeout=20)
        assert answer == b"x" * size
        assert ("x-initial", "1") in done.initial_metadata()
        trailing = dict(done.trailing_metadata())
        assert trailing["x-trailing"] == "2" and trailing["x-bytes-bin"] == b"\0\1\xff"
        assert trailing["x-seen"] == "sent"


def test_many_at_once(channel):
    call = channel.unary_unary("/test.Test/Echo")
    waiting = [(number, call.future(b"%d" % number * 1000, timeout=30)) for number in range(400)]
    for number, future in waiting:
        assert future.result() == b"%d" % number * 1000


def test_failures(channel):
    for method, code, details in (("Fail", grpc.StatusCode.FAILED_PRECONDITION, "no: %~ß"),
                                  ("Unknown", grpc.StatusCode.UNIMPLEMENTED, "Method not found!")):
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(f"/test.Test/{method}")(b"x", timeout=20)
            assert caught.value.code() == code and caught.value.details() == details


def test_stream_of_the_server(channel):
    parts = list(channel.unary_stream("/test.Test/Count")(b"3000", timeout=20))
    assert parts == [b"%d" % number * 100 for number in range(3000)]


def test_stream_of_the_client(channel):
    call = channel.stream_unary("/test.Test/Sum")
    assert call((b"x" * 1000 for _ in range(3000)), timeout=20) == b"3000000"


def test_both_streams(channel):
    """Each message is answered before the next is sent."""
    answered = threading.Semaphore(1)

    def messages():
        for number in range(200):
            assert answered.acquire(timeout=10)
            yield b"message %d" % number * 50

    received = []
    for message in channel.stream_stream("/test.Test/Talk")(messages(), timeout=30):
        received.append(message[::-1])
        answered.release()
    assert received == [b"message %d" % number * 50 for number in range(200)]


def test_cancelling_reaches_the_server(channel, service):
    call = channel.unary_stream("/test.Test/Endless")(b"")
    assert next(call) == b"x"
    call.cancel()
    assert service.cancelled.wait(10)
    assert channel.unary_unary("/test.Test/Echo")(b"on", timeout=10) == b"on"


def test_deadlines(channel, service):
    with pytest.raises(grpc.RpcError) as caught:
        list(channel.unary_stream("/test.Test/Endless")(b"", timeout=0.5))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert service.cancelled.wait(10)


def test_an_answer_before_the_end_of_the_stream(channel):
    def messages():
        for _ in range(1000):
            yield b"x" * 10_000
            time.sleep(0.001)
    for _ in range(3):
        with pytest.raises(grpc.RpcError) as caught:
            channel.stream_unary("/test.Test/Early")(messages(), timeout=20)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_nobody_there(channel):
    """Clients are told in terms of theirs."""
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/gone/Echo")(b"x", timeout=20)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE and caught.value.details() == "gone"
