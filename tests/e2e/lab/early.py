"""A client of TLS 1.3 that sends early data, and its part of the handshake when it is told to: OpenSSL by
ctypes, as Python's ssl cannot."""

import ctypes
import ctypes.util
import socket

LIBRARY = ctypes.CDLL(ctypes.util.find_library("ssl"))
CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto"))
POINTER = ctypes.c_void_p


def call(library, name, *arguments, result=ctypes.c_int):
    function = getattr(library, name)
    function.restype = result
    return function(*arguments)


def pointer(library, name, *arguments):
    return POINTER(call(library, name, *arguments, result=POINTER))


class EarlyClient:
    """Remembers the latest session; one connection at a time."""

    def __init__(self, address, name=b"a.test"):
        self.address = address
        self.name = name
        self.context = pointer(LIBRARY, "SSL_CTX_new", pointer(LIBRARY, "TLS_client_method"))
        self.session = None
        self.ssl = self.plain = None

    def open(self):
        self.plain = socket.create_connection(self.address, timeout=10)
        self.ssl = pointer(LIBRARY, "SSL_new", self.context)
        self.incoming = pointer(CRYPTO, "BIO_new", pointer(CRYPTO, "BIO_s_mem"))
        self.outgoing = pointer(CRYPTO, "BIO_new", pointer(CRYPTO, "BIO_s_mem"))
        # SSL_set_tlsext_host_name
        call(LIBRARY, "SSL_ctrl", self.ssl, 55, ctypes.c_long(0), ctypes.c_char_p(self.name))
        call(LIBRARY, "SSL_set_bio", self.ssl, self.incoming, self.outgoing, result=None)
        call(LIBRARY, "SSL_set_connect_state", self.ssl, result=None)
        if self.session is not None:
            assert call(LIBRARY, "SSL_set_session", self.ssl, self.session) == 1
        return self

    def close(self):
        if self.plain is not None:
            call(LIBRARY, "SSL_set_shutdown", self.ssl, 3, result=None)
            call(LIBRARY, "SSL_free", self.ssl, result=None)
            self.plain.close()
            self.plain = None

    def send(self):
        """Sends what OpenSSL wants to send."""
        buffer = ctypes.create_string_buffer(65536)
        while (size := call(CRYPTO, "BIO_read", self.outgoing, buffer, len(buffer))) > 0:
            self.plain.sendall(buffer.raw[:size])

    def receive(self):
        """Gives OpenSSL what has arrived; False at the end."""
        data = self.plain.recv(65536)
        if data:
            call(CRYPTO, "BIO_write", self.incoming, data, len(data))
        return bool(data)

    def write_early(self, data):
        written = ctypes.c_size_t()
        assert call(LIBRARY, "SSL_write_early_data", self.ssl, data, ctypes.c_size_t(len(data)),
                    ctypes.byref(written)) == 1
        assert written.value == len(data)
        self.send()

    def shake_hands(self):
        """Until our part is ready to be sent, which it is not yet."""
        while call(LIBRARY, "SSL_do_handshake", self.ssl) != 1:
            if self.session is None:
                self.send()
            assert self.receive(), "the server has closed"
        return self

    def write(self, data):
        assert call(LIBRARY, "SSL_write", self.ssl, data, len(data)) == len(data)
        self.send()

    def read(self, needle):
        """What arrives up to that, or to the end."""
        buffer = ctypes.create_string_buffer(65536)
        text = b""
        while needle not in text:
            size = call(LIBRARY, "SSL_read", self.ssl, buffer, len(buffer))
            if size > 0:
                text += buffer.raw[:size]
            elif not self.receive():
                break
        return text

    def read_once(self):
        """What there is of what has been received."""
        buffer = ctypes.create_string_buffer(65536)
        size = call(LIBRARY, "SSL_read", self.ssl, buffer, len(buffer))
        return buffer.raw[:max(size, 0)]

    def has_ticket(self):
        session = pointer(LIBRARY, "SSL_get_session", self.ssl)
        return call(LIBRARY, "SSL_SESSION_has_ticket", session) == 1

    def keep_session(self):
        self.session = pointer(LIBRARY, "SSL_get1_session", self.ssl)

    def is_accepted(self):
        """SSL_EARLY_DATA_ACCEPTED"""
        return call(LIBRARY, "SSL_get_early_data_status", self.ssl) == 2

    def is_reused(self):
        return call(LIBRARY, "SSL_session_reused", self.ssl) == 1

    def begin(self, request):
        """A whole handshake and a request, for a session."""
        self.session = None
        self.open().shake_hands().write(request)
        self.read(b"\n\n\n")
        self.keep_session()
        self.close()
