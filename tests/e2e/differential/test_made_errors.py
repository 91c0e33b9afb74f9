"""Generated configurations that concentrate on errors, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-errors", requests=1500, outcomes=950, proxied=480, places=90,
    statuses={200: 700, 302: 60, 403: 100, 404: 80, 500: 50})
