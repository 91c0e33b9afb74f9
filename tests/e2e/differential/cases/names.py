"""Which server answers, and its captures in what it does."""

from differential.case import ask, case, server

BACKEND = "http://127.0.0.1:{a}"

HOSTS = [
    "one.example", "ONE.example", "one.example.", "one.example:8080", "two.example", "x.example",
    "www.one.example", "a.b.one.example", "deep.a.b.example", "b.example", "x.b.example", "mail.org",
    "mail.example", "mail.one.example", "mail.x.y", "mail", "42.users.net", "bob.users.net",
    "bob.eu.users.net", "BOB.users.net", "users.net", "x-1.shop.test", "shop.test", "api.shop.test",
    "nothing.invalid", "10.1.2.3", "[2001:db8::1]", "", "a.very.long.name.of.a.host.one.example",
    "dotted.test", "www.dotted.test", "a.www.dotted.test", "xdotted.test", "sub.dotted.test",
]

KINDS = case("names-kinds", "".join([
    server('location / { return 200 "$host|$server_name"; }', "one.example first.example",
           marker="exact"),
    server('location / { return 200 "$host|$server_name"; }', "*.one.example", marker="leading"),
    server('location / { return 200 "$host|$server_name"; }', "*.b.one.example *.b.example b.example",
           marker="leading-longer"),
    server('location / { return 200 "$host|$server_name"; }', "mail.*", marker="trailing"),
    server('location / { return 200 "$host|$server_name"; }', "mail.one.* www.mail.*",
           marker="trailing-longer"),
    server('location / { return 200 "$host|$server_name"; }', ".dotted.test", marker="dotted"),
    server('location / { return 200 "$host|$server_name"; }', "www.dotted.test", marker="dotted-www"),
    server('location / { return 200 "$number|$1|$host"; }', r'"~^(?<number>\d+)\.users\.net$"',
           marker="regex-number"),
    server('location / { return 200 "$1|$2|$host"; }', r'"~^([a-z]+)\.(?:([a-z]{2})\.)?users\.net$"',
           marker="regex-two"),
    server('location / { return 200 "$shop|$host"; }', r"~^(?<shop>.+)\.shop\.test$ shop.test",
           marker="regex-shop"),
    server('location / { return 200 "$host"; }', "api.shop.test", marker="exact-beats-regex"),
    server('location / { return 200 "$host|$server_name"; }', "~.", marker="regex-any"),
    server('location / { return 200 "$host|$server_name"; }', '"" 10.1.2.3', marker="empty"),
    server('location / { return 200 "$host|$server_name"; }', "_",
           "{host}:{port} default_server", marker="default"),
]), ask("/ /x", HOSTS))

# Captures of the name live on as $name, while $1 belongs to whoever matched last.
CAPTURES = case("names-captures", "".join([
    server(r"""
    set $kept $1;
    location / { return 200 "$1|$2|$who|$kept"; }
    location /proxy/ { proxy_pass %s/u/$who/$1/; }
    location /set-header/ {
        proxy_set_header X-Who "$who of $domain";
        proxy_set_header Host $domain;
        proxy_pass %s;
    }
    location ~ ^/regex/(\w+) { return 200 "$1|$2|$who"; }
    location ~ ^/none/ { return 200 "$1|$2|$who"; }
    location /rewritten/ { rewrite ^/rewritten/(.*)$ /after/$1/$who last; }
    location /after/ { return 200 "$uri|$1|$who"; }
    location /condition/ {
        if ($who = bob) { return 200 "is bob"; }
        if ($who ~ ^(al)) { return 200 "like $1"; }
        return 200 "$1|$who";
    }
    location /redirect/ { return 302 http://$who.new.example$request_uri; }
    location /own/ { if ($uri ~ "^/own/(?<who>[a-z]+)$") { return 200 "now $who"; } return 200 "$who"; }
    """ % (BACKEND, BACKEND), r'"~^(?<who>\w+)\.(?<domain>[a-z.]+)$"', marker="captures"),
    server('location / { return 200 "$who|$1"; }', "exact.test", marker="exact"),
]), ask("""/ /x?y /proxy/ /proxy/a?b=c /set-header/x /regex/abc/d /none/x /rewritten/q/r?s=t
           /condition/ /redirect/a?b /own/ /own/carl /own/CARL""",
        ["bob.example", "alice.example.org", "exact.test", "BOB.Example", "x.y"]))

# Servers without a name of their own, and the default of each port.
DEFAULTS = case("names-defaults", """
server {
    listen {host}:{port};
    server_name other.example;
    add_header X-Location first always;
    location / { return 200 "$server_name|$host"; }
}
server {
    listen {host}:{port} default_server;
    add_header X-Location nameless always;
    location / { return 200 "$server_name|$host"; }
}
server {
    listen {host}:{port};
    listen [::1]:{port6};
    server_name six.example ~^six(?<n>\\d)\\.;
    add_header X-Location six always;
    location / { return 200 "$server_name|$host|$n"; }
}
server {
    listen [::1]:{port6} default_server;
    server_name only-six.example *.six.example;
    add_header X-Location only-six always;
    location / { return 301 /to$uri; }
}
""", ask("/ /a", ["other.example", "six.example", "six7.test", "only-six.example", "a.six.example",
                  "none.example", "", "SIX8.x:99"], sources=["127.0.0.1", "::1"]),
    ask("/", ["other.example", "six.example"], sources=["127.0.0.7"]))

# Redirects that nginx makes absolute: from the host of the request, not from the server's name.
ABSOLUTE = case("names-absolute-redirects",
                "server { listen {host}:{port} default_server; return 301 http://$host/default; }" + server("""
    location /dir/ { proxy_pass http://127.0.0.1:{a}; }
    location = /path { return 301 /there?x=1; }
    location = /relative { return 302 there; }
    location = /whole { return 302 http://elsewhere.example:81/x; }
    location = /https { return 302 https://$host/x; }
    location = /rewritten { rewrite ^ /there redirect; }
    location = /rewritten-host { rewrite ^ http://$http_host/there permanent; }
    location = /slashes { return 301 //evil.example/x; }
    location = /empty { return 302 ""; }
    """, "one.example *.wild.example ~^re\\.(.*)$"),
    ask("/dir /dir?q=1 /path /relative /whole /https /rewritten /rewritten?a=b /rewritten-host "
        "/slashes /empty",
        ["one.example", "one.example:1234", "x.wild.example", "re.gex", "unknown.example"]))

CASES = (KINDS, CAPTURES, DEFAULTS, ABSOLUTE)
