"""Generated configurations that concentrate on maps, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-maps", requests=2200, outcomes=1400, proxied=850, places=190,
    statuses={200: 1100, 301: 40, 302: 110, 404: 180, 500: 70, 502: 80})
