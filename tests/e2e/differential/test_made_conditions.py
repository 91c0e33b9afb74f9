"""Generated configurations that concentrate on conditions, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-conditions", requests=1500, outcomes=950, proxied=450, places=140,
    statuses={200: 600, 302: 100, 404: 120, 500: 80})
