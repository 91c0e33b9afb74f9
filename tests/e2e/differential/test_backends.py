"""What backends get, and what becomes of their answers, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "backends", requests=3400, outcomes=2050, proxied=3400, places=52,
    statuses={200: 980, 302: 2300, 403: 7, 404: 80, 413: 3, 500: 16, 503: 6})
