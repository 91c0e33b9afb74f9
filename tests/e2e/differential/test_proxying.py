"""What backends are asked, after every way to get there, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "proxying", requests=1800, outcomes=1000, proxied=1500, places=170,
    statuses={200: 750, 201: 200, 301: 250, 302: 200},
    known=("own-default-redirect",))
