"""Generated configurations that concentrate on everything, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-everything", requests=1500, outcomes=900, proxied=500, places=140,
    statuses={200: 600, 301: 30, 302: 40, 403: 50, 404: 100, 500: 80, 502: 50})
