"""rewrite, set, return and break, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "rewrites", requests=1100, outcomes=700, proxied=200, places=110,
    statuses={200: 550, 301: 90, 302: 170, 404: 50, 410: 2, 500: 30, "closed": 2},
    known=("whole-request-line",))
