"""map and split_clients, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "maps", requests=430, outcomes=240, proxied=45, places=27,
    statuses={200: 350, 302: 25, 429: 5, 502: 4})
