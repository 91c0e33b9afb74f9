"""error_page for whatever fails, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "errors", requests=550, outcomes=260, proxied=140, places=55,
    statuses={200: 70, 206: 8, 302: 20, 404: 150, 410: 25, 418: 20, 500: 30, 502: 15, 503: 15, 504: 3, "closed": 6},
    known=("type-of-304", "one-location", "body-of-redirected"))
