"""Generated configurations that concentrate on everything, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-everything", requests=2200, outcomes=1400, proxied=650, places=190,
    statuses={200: 1000, 301: 50, 302: 40, 403: 55, 404: 190, 500: 35, 502: 80})
