"""Which server answers a host, and its captures, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "names", requests=200, outcomes=90, proxied=10, places=18,
    statuses={200: 120, 301: 25, 302: 25})
