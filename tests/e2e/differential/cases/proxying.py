"""What the backend is asked: URIs of proxy_pass after every way to get there, and headers made of
variables that the decision language computes."""

from differential.case import ask, case, header_sets, server

WAYS = r"""
    location /direct/{w}/ {{ add_header X-Location direct-{w} always; {set} proxy_pass {target}; }}
    location = /exact/{w} {{ add_header X-Location exact-{w} always; {set} proxy_pass {target}; }}
    location ^~ /caret/{w}/ {{ add_header X-Location caret-{w} always; {set} proxy_pass {target}; }}
    location /last/{w}/ {{ add_header X-Location last-{w} always; rewrite ^/last/(.*)$ /direct/$1 last; }}
    location /break/{w}/ {{ add_header X-Location break-{w} always; {set} rewrite ^/break/(.*)$ /broken/$1 break; proxy_pass {target}; }}
    location /keep/{w}/ {{ add_header X-Location keep-{w} always; {set} rewrite ^/none/(.*)$ /broken/$1 break; proxy_pass {target}; }}
    location /page/{w}/ {{ add_header X-Location page-{w} always; error_page 404 /direct/{w}/page; return 404; }}
    location /args/{w}/ {{ add_header X-Location args-{w} always; {set} set $args n=1; proxy_pass {target}; }}
    location /outer/{w}/ {{ add_header X-Location outer-{w} always; {set} proxy_pass {target};
        location /outer/{w}/inner/ {{ add_header X-Location inner-{w} always; {set} proxy_pass {target}; }} }}
"""

TARGETS = {
    "plain": "http://127.0.0.1:{a}", "slash": "http://127.0.0.1:{a}/", "uri": "http://127.0.0.1:{a}/new",
    "uri-slash": "http://127.0.0.1:{a}/new/", "args": "http://127.0.0.1:{a}/new?fixed=1", "group": "http://group",
    "group-uri": "http://group/in/", "host": "http://127.0.0.1:$port", "host-uri": "http://127.0.0.1:$port/v",
    "host-request": "http://127.0.0.1:$port$request_uri", "host-args": "http://127.0.0.1:$port/v?$args", "whole": "$whole",
    "group-variable": "http://$group", "group-path": "http://$group$uri", "path": "http://127.0.0.1:{a}/p/$arg_a",
    "is-args": "http://127.0.0.1:{a}$uri$is_args$args", "escaped": "http://127.0.0.1:{a}/a%20b/",
}

# Where a fixed URI cannot be part of proxy_pass.
WITHOUT_URI = r"""
    location /if/{w}/ {{ add_header X-Location if-{w} always; {set} if ($arg_a) {{ proxy_pass {target}; }} proxy_pass http://127.0.0.1:{{c}}; }}
    location ~ ^/regex/{w}/ {{ add_header X-Location regex-{w} always; {set} proxy_pass {target}; }}
    location /named/{w}/ {{ add_header X-Location named-{w} always; error_page 404 = @{w}; return 404; }}
    location @{w} {{ add_header X-Location at-{w} always; {set} proxy_pass {target}; }}
"""


def ways(name, target):
    """Locations that get to a backend, each its own way."""
    has_uri = "/" in target.partition("://")[2] and "$" not in target
    assignments = "set $port {a}; set $group group; set $whole http://127.0.0.1:{a}/w;" if "$" in target else ""
    return (WAYS if has_uri else WAYS + WITHOUT_URI).format(w=name, target=target, set=assignments)


URIS = case("proxying-uris", "upstream group { server 127.0.0.1:{b}; }\n" + server("".join(
    ways(name, target) for name, target in TARGETS.items())),
    ask([f"/{way}/{name}{rest}" for name in TARGETS for way in
         ("direct", "exact", "caret", "last", "break", "keep", "page", "args", "if", "outer", "regex", "named")
         for rest in ("", "/", "/x", "/x%20y?a=1", "/inner/z?b", "/x//%2F+?a=b%20c")
         if way in ("direct", "last", "break", "exact", "if", "outer") or rest not in ("", "/")]),
    ask("/direct/uri/x /break/uri/x /if/host/?a=1 /last/plain/x /page/uri/x /named/plain/x", methods=["POST", "HEAD", "DELETE"],
        bodies=[b"", b"some body"]))

HEADERS = case("proxying-headers", r"""
map $http_x_a $mapped { "" none; default "mapped $http_x_a"; }
map $uri $from_uri { ~^/(?<first>[^/]+)/(?<second>.*)$ "$second then $first"; default ""; }
map $arg_upgrade $connection_value { default ""; 1 upgrade; }
proxy_set_header X-Outer "http $mapped";
upstream group { server 127.0.0.1:{a}; }
""" + server(r"""
    set $s "set:$arg_a";
    location /inherits/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{a}; }
    location /own/ { add_header X-Location own always; proxy_set_header X-Own "$mapped|$s|$from_uri"; proxy_pass http://127.0.0.1:{a}; }
    location /host/ { add_header X-Location host always; proxy_set_header Host $host; proxy_pass http://group; }
    location /host-variable/ { add_header X-Location host-variable always; proxy_set_header Host $arg_h.example; proxy_pass http://group/x/; }
    location /host-mapped/ { add_header X-Location host-mapped always; proxy_set_header Host "$mapped"; proxy_pass http://group; }
    location /default-host/ { add_header X-Location default-host always; set $g group; proxy_set_header X-P "$proxy_host:$proxy_port"; proxy_pass http://$g; }
    location /removed/ { add_header X-Location removed always; proxy_set_header X-A ""; proxy_set_header X-B $arg_none; proxy_pass http://127.0.0.1:{a}; }
    location ~ ^/capture/(.)(.*)$ { add_header X-Location capture always; proxy_set_header X-Captures "$1|$2"; proxy_pass http://127.0.0.1:{a}; }
    location ~ ^/lost/(.)(.*)$ { add_header X-Location lost always; set $asked "$from_uri"; proxy_set_header X-Captures "$1|$2|$asked"; proxy_pass http://127.0.0.1:{a}; }
    location /rewritten/ { add_header X-Location rewritten always; rewrite ^/rewritten/(.*)$ /host/$1 last; }
    location /set-late/ { add_header X-Location set-late always; proxy_set_header X-S $s; proxy_pass http://127.0.0.1:{a}; set $s late; }
    location /if/ { add_header X-Location if always; proxy_set_header X-S $s; if ($arg_a) { set $s changed; } proxy_pass http://127.0.0.1:{a}; }
    location /all/ { add_header X-Location all always;
        proxy_set_header X-All "$request_method $uri $args $document_uri $query_string $host $server_name $server_port $scheme $request_uri $is_args $request";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Real-IP $remote_addr;
        proxy_pass http://127.0.0.1:{a}; }
    location /connection/ { add_header X-Location connection always; proxy_set_header X-Connection "$connection_value"; proxy_pass http://127.0.0.1:{a}; }
    location /response/ { add_header X-Location response always; add_header X-Up "$upstream_http_x_from|$upstream_status|$sent_http_x_from" always;
        add_header X-Mapped "$mapped" always; proxy_pass http://127.0.0.1:{b}; }
    location /hidden/ { add_header X-Location hidden always; proxy_hide_header X-From; add_header X-From "mine $mapped" always; proxy_pass http://127.0.0.1:{b}; }
"""),
    ask("/inherits/x /own/x /own/x?a=1 /host/x /host-variable/?h=h /host-variable/ /host-mapped/ /default-host/x /removed/x /capture/abc "
        "/capture/a%20b /lost/abc /lost/a/b /rewritten/x?y /set-late/?a=1 /if/?a=1 /if/ /all/x?y=z /all/a%20b /connection/ "
        "/connection/?upgrade=1 /response/x /response/answer-404 /hidden/x", headers=header_sets("X-A", "one", "", "t w")
        + header_sets("X-Forwarded-For", "10.0.0.1")),
    ask("/all/x /own/x", ["one.example", "ONE.example:99", "other"], ["GET", "POST"], sources=["127.0.0.1", "127.0.0.77"]))

# A backend's own redirect, as the client gets it.
REDIRECTS = case("proxying-redirects", "upstream group { server 127.0.0.1:{a}; }\n" + server(r"""
    location /plain/ { add_header X-Location plain always; proxy_pass http://127.0.0.1:{a}; }
    location /uri/ { add_header X-Location uri always; proxy_pass http://127.0.0.1:{a}/new/; }
    location /group/ { add_header X-Location group always; proxy_pass http://group; }
    location /group-uri/ { add_header X-Location group-uri always; proxy_pass http://group/new/; }
    location /variable/ { add_header X-Location variable always; set $port {a}; proxy_pass http://127.0.0.1:$port/new/; }
    location ~ ^/regex/ { add_header X-Location regex always; proxy_pass http://127.0.0.1:{a}; }
    location = /exact { add_header X-Location exact always; proxy_pass http://127.0.0.1:{a}/new; }
    location /rewritten/ { add_header X-Location rewritten always; rewrite ^/rewritten/(.*)$ /other/$1 break; proxy_pass http://127.0.0.1:{a}/new/; }
    location /page/ { add_header X-Location page always; error_page 404 = @named; return 404; }
    location @named { add_header X-Location named always; proxy_pass http://127.0.0.1:{a}; }
    location /nested/ { add_header X-Location nested always; proxy_pass http://127.0.0.1:{a}/new/;
        location /nested/in/ { add_header X-Location nested-in always; proxy_pass http://127.0.0.1:{b}; } }
    location /inherited/ { add_header X-Location inherited always; if ($arg_b) { proxy_pass http://127.0.0.1:{b}; }
        proxy_pass http://127.0.0.1:{a}; }
"""), ask("/plain/x /uri/x /group/x /group-uri/x /variable/x /regex/x /exact /rewritten/x /page/x /nested/x /nested/in/x /inherited/x /inherited/x?b=1",
          ["one.example", "one.example:99"], headers=tuple(
              (("X-Answer", status), ("X-To", to)) for status in ("302", "301", "201") for to in
              ("/moved", "/new/moved", "http://127.0.0.1:1/x", "http://group/x", "http://group/new/x?y=/new/", "https://group/new/x",
               "http://else.example/", "moved", "//group/new/x", "http://GROUP/new/x", "", "SELF/x", "SELF/new/x?y", "SELF", "SELF/newer"))))

CASES = (URIS, HEADERS, REDIRECTS)
