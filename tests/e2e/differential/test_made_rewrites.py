"""Generated configurations that concentrate on rewrites, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-rewrites", requests=1500, outcomes=1000, proxied=700, places=110,
    statuses={200: 800, 301: 50, 302: 100, 500: 20})
