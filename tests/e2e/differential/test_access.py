"""allow, deny, satisfy, limit_except and internal, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "access", requests=600, outcomes=200, proxied=230, places=60,
    statuses={200: 280, 403: 200, 404: 40, 405: 15})
