"""Generated configurations that concentrate on conditions, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-conditions", requests=2200, outcomes=1450, proxied=600, places=190,
    statuses={200: 1000, 302: 140, 404: 150, 500: 70, 502: 45, 503: 70})
