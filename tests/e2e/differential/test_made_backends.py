"""Generated configurations that concentrate on what backends get and answer, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "made-backends", requests=2200, outcomes=1900, proxied=1000, places=250,
    statuses={200: 1250, 302: 350, 403: 50, 404: 300, 500: 45, 502: 70, 503: 25})
