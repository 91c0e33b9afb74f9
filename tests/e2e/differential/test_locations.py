"""Which location answers a path, and automatic slashes, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "locations", requests=500, outcomes=320, proxied=110, places=75,
    statuses={200: 360, 301: 20, 302: 35, 404: 20})
