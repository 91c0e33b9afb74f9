"""geo by networks and ranges, of every kind of address, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "geo", requests=180, outcomes=80, proxied=8, places=6,
    statuses={200: 170, 301: 7, 403: 2})
