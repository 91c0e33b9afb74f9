"""What the end-to-end tests are made of: daemons under test, scripted backends, raw clients.

A test sees one Lab (fixture `lab`), which hands out ports and folders, starts daemons and backends,
and afterwards stops all of it and fails the test when something was left behind: a process that did
not end by itself with status 0, a sanitizer's report, an alert in the error log."""

from lab.backend import Backend, answer
from lab.http import Client, Incomplete, Response, SecureClient, ask, client_context
from lab.lab import Lab
from lab.wait import wait_until, wait_until_still

__all__ = ["Backend", "Client", "Incomplete", "Lab", "Response", "SecureClient", "answer", "ask",
           "client_context", "wait_until", "wait_until_still"]
