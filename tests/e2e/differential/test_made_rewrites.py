"""Generated configurations that concentrate on rewrites, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-rewrites", requests=2200, outcomes=1400, proxied=850, places=180,
    statuses={200: 1100, 302: 130, 404: 200, 500: 50, 502: 50})
