"""Load while something else happens."""

import threading

from lab.http import Client, Incomplete


class Load:
    """Clients that ask on and on, on kept connections, and note what goes wrong. `ask` asks once."""

    def __init__(self, port, count, allowed, ask=Client.ask):
        self.port = port
        self.ask = ask
        self.allowed = allowed
        self.answered = 0  # once it is over
        self.asked = 0     # roughly, while it lasts
        self.failures = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        answered = 0
        try:
            with Client(self.port) as client:
                while not self.stop.is_set():
                    response = self.ask(client)
                    if response.status != 200 or response.body not in self.allowed:
                        self.failures.append(response.start)
                    answered += 1
                    self.asked += 1
        except (Incomplete, OSError) as error:
            self.failures.append(repr(error))
        self.answered += answered

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
