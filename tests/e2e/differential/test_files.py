"""try_files before a backend, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "files", requests=800, outcomes=400, proxied=350, places=38,
    statuses={200: 550, 403: 15, 404: 35, 410: 15, 500: 25, 503: 30, "closed": 15})
