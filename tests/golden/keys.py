"""The rights of the private keys that tests of `rpc lint --certs` read: git does not keep them."""

import pathlib

CERTIFICATES = pathlib.Path(__file__).resolve().parent / "test-certificates"


def protect():
    """Only the owner may read keys, but for the one that is there to be read by everybody."""
    for key in CERTIFICATES.glob("*.key"):
        key.chmod(0o644 if key.name == "readable.key" else 0o600)
