"""if with every operator, alone and with others, as by nginx."""

from differential.family import compared

test_answers_are_nginxs, test_enough_was_exercised = compared(
    "conditions", requests=1400, outcomes=500, proxied=250, places=90,
    statuses={200: 1000, 302: 15, 403: 15, 404: 50, 421: 100})
