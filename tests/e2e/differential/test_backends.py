"""What backends get, and what becomes of their answers, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "backends", requests=3200, outcomes=1900, proxied=3200, places=35, statuses={200: 880, 302: 2300, 404: 30})
