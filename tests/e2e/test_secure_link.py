"""secure_link in both its ways, compared with nginx: good links and all that is nearly one."""

import base64
import hashlib
import time

import pytest

from lab import Client

HTTP = """
server {
    listen {host}:{port};
    secure_link $arg_md5,$arg_expires;
    secure_link_md5 "$secure_link_expires$uri secret";
    location /timed/ { return 200 "[$secure_link][$secure_link_expires]"; }
    location /expires-first/ { return 200 "[$secure_link_expires][$secure_link]"; }
    location /plain/ {
        secure_link $arg_md5;
        secure_link_md5 "$uri secret";
        return 200 "[$secure_link][$secure_link_expires]";
    }
    location /moved/ {
        set $before "$secure_link";
        rewrite ^/moved(.*)$ /plain$1 last;
    }
    location /redirected/ {
        set $before "$secure_link";
        error_page 418 /later;
        return 418;
    }
    location /later { return 200 "[$before][$secure_link][$secure_link_expires]"; }
    location /half/ { secure_link $arg_md5; secure_link_md5 ""; return 200 "[$secure_link]"; }
    location /secret/ {
        secure_link_secret word;
        if ($secure_link = "") { return 403; }
        return 200 "[$secure_link]";
        location /secret/nested/ { return 200 "nested [$secure_link]"; }
        location /secret/back/ { secure_link $arg_md5; return 200 "back [$secure_link]"; }
    }
}
server { listen {host}:{port}; server_name none.example; location / { return 200 "[$secure_link]"; } }
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP)


def digest_of(text):
    return base64.urlsafe_b64encode(hashlib.md5(text.encode()).digest()).decode()


def variants(text):
    good = digest_of(text)
    bare = good.rstrip("=")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sloppy = bare[:-1] + last[last.index(bare[-1]) ^ 1]
    return [good, bare, sloppy, bare + "=", bare + "=x", bare + "==x", bare[:-1], bare + "A", bare + "AA", bare.lower(),
            bare.replace("-", "+").replace("_", "/"), "", "=" + bare, bare[:10] + "=" + bare[10:], "." + bare[1:],
            digest_of(text + "x")]


def timed(path):
    now = int(time.time())
    times = ["", "0", "1", "01", str(now - 1000), str(now + 1000), str(2 ** 63 - 1), str(2 ** 63), "9" * 30, "-1", "1x",
             "%201", "1,2"]
    return [f"{path}?md5={md5}&expires={expires}" for expires in times
            for text in (f"{expires}{path.partition('?')[0]} secret", f"{path} secret") for md5 in variants(text)]


def plain(path):
    return [f"{path}?md5={md5}" for md5 in variants(f"{path} secret") + variants("")]


def hexadecimal(link, secret="word"):
    return hashlib.md5((link + secret).encode()).hexdigest()


def secret(prefix):
    links = ["a", "a/b.html", "a?x=1", "%61", "a//b", "a/../b", "?"]
    made = []
    for link in links:
        good = hexadecimal(link)
        for digits in (good, good.upper(), good[:-1], good + "0", "g" + good[1:], hexadecimal(link, "other"), ""):
            made.append(f"{prefix}/{digits}/{link}")
    return made + [f"{prefix}/{hexadecimal('')}/", f"{prefix}/{hexadecimal('')}", f"{prefix}/", prefix + "/x"]


def ask_all(address, targets, host="example.com"):
    with Client(address) as client:
        answers = [(target, client.ask(target, host=host)) for target in targets]
    return [(target, answer.status, answer.body if answer.status == 200 else None) for target, answer in answers]


CASES = {
    "timed": timed("/timed/a"),
    "expires first": timed("/expires-first/a"),
    "plain": plain("/plain/a"),
    "moved": timed("/moved/a") + timed("/plain/a"),
    "redirected": timed("/redirected/a"),
    "half": plain("/half/a"),
    "secret": secret("/secret"),
    "nested": secret("/secret/nested") + secret("/secret/back"),
}


@pytest.mark.parametrize("name", CASES)
def test_finds_good_what_nginx_does(pair, name):
    theirs, ours = pair.both(lambda address: ask_all(address, CASES[name]))
    assert ours == theirs


def test_has_good_links_among_them(pair):
    """Lest nothing but refusals be compared."""
    _, ours = pair.both(lambda address: ask_all(address, CASES["timed"] + CASES["secret"]))
    bodies = {body[:4] for _, _, body in ours if body}
    assert {b"[1][", b"[0][", b"[][]"} <= bodies
    assert any(body == b"[a/b.html]" for _, _, body in ours)


def test_finds_nothing_where_nothing_is_configured(pair):
    theirs, ours = pair.both(lambda address: ask_all(address, ["/", "/x?md5=a"], "none.example"))
    assert ours == theirs
