"""Tools around the differential tests, for looking into a difference and at what the cases are worth.
Run them in tests/e2e:

    python3 -m differential list                      cases and the number of their requests
    python3 -m differential show CASE                 its configuration and requests
    python3 -m differential run [CASE…]               compare, print every difference (as the tests do)
    python3 -m differential minimise CASE [WORD]      the smallest configuration that still differs,
                                                      for the first request that differs (with WORD in it)
    python3 -m differential coverage [CASE…]          leaves out each statement in turn and counts the
                                                      answers that change, by kind of statement
    python3 -m differential ask FILE REQUEST…         both answers to targets on the inside of an http
                                                      block; a REQUEST may be "POST /x Host-name"

RPC_DIFFERENTIAL=self puts a second nginx in the place of rpcd."""

import sys

from differential import triage

if __name__ == "__main__":
    sys.exit(triage.main(sys.argv[1:], __doc__))
