"""h2o as one more peer for HTTP/2: the same backend, headers and certificate in its own language."""

import os
import pathlib
import shutil

from lab.daemon import Daemon, fill_in

CONFIGURATION = """
num-threads: 1
pid-file: h2o.pid
error-log: error.log
user: {user}
http2-idle-timeout: 60
proxy.preserve-host: ON
proxy.timeout.keepalive: 60000
listen:
  host: 127.0.0.1
  port: {h2c_port}
listen:
  host: 127.0.0.1
  port: {h2_port}
  ssl:
    certificate-file: {folder}/site.pem
    key-file: {folder}/site.key
    minimum-version: TLSv1.2
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:{backend}/
"""


def find_h2o():
    return shutil.which("h2o")


class H2o(Daemon):
    name = "h2o"

    def start(self, values):
        user = "root" if os.geteuid() == 0 else "nobody"
        path = pathlib.Path(self.folder, "h2o.conf")
        path.write_text(fill_in(CONFIGURATION, {**values, "user": user}))
        self.launch([find_h2o(), "-m", "worker", "-c", path])
        return self
