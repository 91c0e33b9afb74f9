"""OCSP responders: answers made by openssl, served by one that counts who asks."""

import contextlib
import socket
import subprocess
import threading

from lab.certificates import openssl

MEDIA_TYPE = "application/ocsp-response"


def serial_of(certificate):
    text = openssl("x509", "-in", certificate.pem, "-noout", "-serial", folder=certificate.folder)
    return text.strip().partition("=")[2]


def write_index(authority, certificates, status="V"):
    """What the authority says of its certificates: V they are good, R they are revoked."""
    index = authority.folder / f"{authority.name}.ocsp"
    revoked = "201101000000Z" if status == "R" else ""
    index.write_text("".join(f"{status}\t361101000000Z\t{revoked}\t{serial_of(one)}\tunknown\t"
                             f"/CN=somebody\n" for one in certificates))
    return index


def make_answer(authority, certificate, status="V", signer=None, minutes=600, name="answer",
                options=()):
    """What a responder would send about the certificate, in DER; with more options of openssl."""
    folder, signer = authority.folder, signer or authority
    index = write_index(authority, [certificate], status)
    openssl("ocsp", "-issuer", authority.pem, "-cert", certificate.pem, "-no_nonce", "-reqout",
            f"{name}.req", folder=folder)
    openssl("ocsp", "-index", index, "-CA", authority.pem, "-rsigner", signer.pem, "-rkey",
            signer.key, "-reqin", f"{name}.req", "-nmin", minutes, "-respout", f"{name}.der",
            *options, folder=folder)
    return (folder / f"{name}.der").read_bytes()


def http_answer(body, status="200 OK", media_type=MEDIA_TYPE):
    return (f"HTTP/1.0 {status}\r\nContent-Type: {media_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Responder:
    """Sends `answer` to everybody; None: says nothing, and keeps connections. It may be changed."""

    def __init__(self, answer=None, address="127.0.0.1"):
        self.answer = answer
        self.requests = []
        self.heard = 0  # answers that were read to their end, and the connection closed
        self.kept = []
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{address}:{self.port}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        request = b""
        try:
            while b"\r\n\r\n" not in request:
                data = connection.recv(4096)
                if not data:
                    return
                request += data
            self.requests.append(request.decode("latin-1"))
            if self.answer is None:
                self.kept.append(connection)
                return
            connection.sendall(self.answer)
            with contextlib.suppress(OSError):  # it may be closed already
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
            connection.close()
            self.heard += 1
        except OSError:
            pass

    def close(self):
        self.listener.close()
        for connection in self.kept:
            connection.close()


class OpensslResponder:
    """`openssl ocsp -port`, for real."""

    def __init__(self, authority, certificates, port):
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["openssl", "ocsp", "-index", write_index(authority, certificates), "-port", str(port),
             "-CA", authority.pem, "-rsigner", authority.pem, "-rkey", authority.key, "-nmin", "60",
             "-ignore_err"], cwd=authority.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while "waiting for OCSP client connections" not in self.process.stdout.readline():
            assert self.process.poll() is None
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def close(self):
        self.process.kill()
        self.process.wait()
