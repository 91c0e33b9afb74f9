"""The differential tests' own worth: that a difference is seen, that nginx agrees with itself, that
there are enough requests, and that every kind of statement decides some of the answers."""

import collections

import pytest

from lab.daemon import REPOSITORY

from differential import ablation, families, known, outcome, tree
from differential.case import PRELUDE, Case, Request, ask
from differential.compare import run
from differential.side import start_nginx

# A kind of statement has to change this many answers by being left out.
CHANGED = 3
# There is one kind of rule so far, so that any and all are the same. nginx announces a body that it keeps
# back, unless it is told not to, and then the backend cannot tell whether one comes.
WITHOUT_EFFECT = {"satisfy", "proxy_pass_request_body"}


@pytest.fixture
def impatient_bench(bench):
    """Without a timeout in the text some requests are never answered."""
    patient, bench.patience = bench.patience, 0.5
    yield bench
    bench.patience = patient


def test_there_are_enough_requests():
    assert sum(len(case.requests) for case in families.all_cases()) >= 15000


def test_cases_have_names_of_their_own_and_are_the_same_every_time():
    cases = families.all_cases()
    assert len({case.name for case in cases}) == len(cases)
    assert families.all_cases() == cases


def test_text_survives_being_taken_apart():
    for case in families.all_cases():
        statements = tree.parse(case.http)
        assert tree.parse(tree.render(statements)) == statements, case.name


@pytest.mark.parametrize("case", families.all_cases()[::9], ids=str)
def test_nginx_agrees_with_itself(bench, case):
    for result in run(bench, case, (start_nginx, start_nginx)):
        assert result.nginx == result.other, str(result)


BASE = PRELUDE + """
map $arg_k $mapped { a one; default two; }
server {
    listen {host}:{port};
    add_header X-Location server always;
    location /text { add_header X-Location text always; return 200 "$mapped"; }
    location /status { return 404; }
    location /redirect { return 302 /there; }
    location /proxy/ { proxy_set_header X-K "$mapped"; proxy_pass http://127.0.0.1:{a}/new/; }
}
"""

# A change of the configuration, the request that tells, and the field it shows in.
PLANTED = [
    ("a one", "a other", "/text?k=a", "body"),
    ("X-Location text", "X-Location changed", "/text", "markers"),
    ("add_header X-Location text always;", "", "/text", "markers"),
    ("return 404", "return 410", "/status", "status"),
    ("/there", "/elsewhere", "/redirect", "location"),
    ("/new/", "/other/", "/proxy/x", "backend"),
    ('X-K "$mapped"', 'X-K "$mapped."', "/proxy/x", "backend"),
    ("{a}/new/", "{b}/new/", "/proxy/x", "backend"),
    ("location /text {", "location = /text {", "/text/x", "status"),
]


@pytest.mark.parametrize("old, new, target, field", PLANTED)
def test_a_difference_is_seen(bench, old, new, target, field):
    assert old in BASE
    case = Case("planted", BASE, (Request(target),))
    result, = run(bench, case, (start_nginx, start_nginx), (BASE, BASE.replace(old, new)))
    assert getattr(result.nginx, field) != getattr(result.other, field)
    assert any(line.split()[0] == field for line in outcome.difference(result.nginx, result.other))


def test_bodies_methods_and_sources_reach_the_backend(bench):
    case = Case("reach", BASE, ask("/proxy/x", methods=["POST"], bodies=[b"12345"], headers=((("X-A", "b"),),))
                + ask("/text", sources=["127.0.0.9"]))
    posted, _ = run(bench, case, (start_nginx, start_nginx))
    assert posted.nginx.backend[0].startswith("a: POST /new/x [")
    assert "[x-a: b]" in posted.nginx.backend[0] and posted.nginx.backend[0].endswith("5 bytes b'12345'")


def leave_out_until_enough(ablate, cases):
    """Leaves out statements of each kind, of small cases first, until enough answers have changed."""
    of_kind = collections.defaultdict(list)
    for case in sorted(cases, key=lambda case: len(case.requests)):
        for statements, statement, kind in ablate.candidates(case):
            of_kind[kind].append((case, statements, statement))
            ablate.present[kind] += 1
    for kind, found in of_kind.items():
        for case, statements, statement in found:
            if ablate.changed[kind] >= CHANGED:
                break
            ablate.leave_out(case, statements, statement, kind)


def test_every_kind_of_statement_decides_answers(impatient_bench):
    ablate = ablation.Ablation(impatient_bench)
    leave_out_until_enough(ablate, [case for family in families.BY_HAND for case in families.cases_of(family)])
    print(ablate.report())
    assert len(ablate.present) >= 100
    # What nginx does not take without is not counted as left out.
    idle = [kind for kind, tried in ablate.tried.items()
            if ablate.changed[kind] < CHANGED and kind not in WITHOUT_EFFECT]
    assert not idle, f"statements of these kinds change nothing: {idle}\n{ablate.report()}"


def test_known_differences_are_few_and_documented():
    assert len(known.KNOWN) <= 10
    documented = (REPOSITORY / "docs/nginx.md").read_text()
    for row in known.KNOWN:
        assert f"| `{row.name}` |" in documented and len(row.reason) > 40, row.name
