"""Generated configurations that concentrate on errors, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-errors", requests=2200, outcomes=1300, proxied=850, places=140,
    statuses={200: 1000, 301: 25, 403: 280, 404: 180, 500: 30, 502: 60})
