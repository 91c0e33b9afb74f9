"""Certificates made by openssl: authorities, what they sign, what they revoke."""

import contextlib
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile


@contextlib.contextmanager
def certificate_folder():
    """A folder for what is made once for a file of tests. Workers may look into it."""
    folder = tempfile.mkdtemp(prefix="rpc-certificates-")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def openssl(*arguments, folder):
    result = subprocess.run(["openssl", *map(str, arguments)], cwd=folder,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, f"openssl {arguments}: {result.stderr}"
    return result.stdout


class Certificate:
    """A certificate with its key, as files `pem` and `key`; `chain` has what stands above it,
    too, short of the root."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.pem = self.folder / f"{name}.pem"
        self.key = self.folder / f"{name}.key"
        self.chain = self.folder / f"{name}.chain.pem"

    def server_context(self, **options):
        """For backends: with `authority` clients must show a certificate of its."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        authority = options.get("authority")
        if authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(authority.pem)
        if "version" in options:
            context.minimum_version = context.maximum_version = options["version"]
        return context


class Authority(Certificate):
    """Issues certificates; an authority of its own kind when `parent` is given."""

    def __init__(self, folder, name, parent=None):
        super().__init__(folder, name)
        self._make_key()
        if parent is None:
            openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN={name}", "-days", 30,
                    "-out", self.pem, folder=folder)
            self.chain.write_bytes(b"")
        else:
            parent.sign(self, f"/CN={name}", "basicConstraints=critical,CA:TRUE")
        self.index = self.folder / f"{name}.index"
        self.index.write_text("")
        self.configuration = self.folder / f"{name}.cnf"
        self.configuration.write_text(
            f"[ca]\ndefault_ca=it\n[it]\ndatabase={self.index}\ncertificate={self.pem}\n"
            f"private_key={self.key}\ndefault_md=sha256\ndefault_crl_days=30\n")

    def _make_key(self, certificate=None, algorithm="EC"):
        key = (certificate or self).key
        parameter = {"EC": "ec_paramgen_curve:P-256", "RSA": "rsa_keygen_bits:2048"}[algorithm]
        openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", parameter, "-out", key,
                folder=self.folder)
        key.chmod(0o600)

    def sign(self, certificate, subject, extensions, dates=("-days", "30")):
        request = self.folder / f"{certificate.name}.csr"
        added = self.folder / f"{certificate.name}.ext"
        added.write_text(extensions + "\n")
        openssl("req", "-new", "-key", certificate.key, "-subj", subject, "-out", request,
                folder=self.folder)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key,
                "-CAcreateserial", "-extfile", added, *dates, "-out", certificate.pem,
                folder=self.folder)
        certificate.chain.write_bytes(certificate.pem.read_bytes() + self.chain.read_bytes())

    def issue(self, name, names=("DNS:backend.test",), subject="/CN=somebody", algorithm="EC",
              extensions=None, **options):
        """A certificate for those names, or with extensions of its own; `dates` are arguments of
        openssl x509."""
        certificate = Certificate(self.folder, name)
        self._make_key(certificate, algorithm)
        if extensions is None:
            extensions = (f"subjectAltName={','.join(names)}" if names else
                          "basicConstraints=CA:FALSE")
        self.sign(certificate, subject, extensions, **options)
        return certificate

    def revoke(self, *certificates):
        """The file of the list of what is revoked."""
        for certificate in certificates:
            openssl("ca", "-config", self.configuration, "-revoke", certificate.pem,
                    folder=self.folder)
        listed = self.folder / f"{self.name}.crl"
        openssl("ca", "-config", self.configuration, "-gencrl", "-out", listed, folder=self.folder)
        return listed
