"""Generated configurations that concentrate on maps, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-maps", requests=1500, outcomes=950, proxied=500, places=160,
    statuses={200: 700, 302: 70, 404: 150, 500: 100})
