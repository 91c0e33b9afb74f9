"""allow, deny, satisfy, limit_except and internal: who may, and what they see who may not."""

from differential.case import ask, case, server

SOURCES = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.8", "127.0.1.1", "127.1.2.3", "::1"]
BOTH = "{host}:{port}; listen [::1]:{port6}"

RULES = case("access-rules", server(r"""
    deny 127.0.0.8;
    location / { add_header X-Location root always; proxy_pass http://127.0.0.1:{a}; }
    location /all/ { add_header X-Location all always; allow all; proxy_pass http://127.0.0.1:{a}; }
    location /none/ { add_header X-Location none always; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /one/ { add_header X-Location one always; allow 127.0.0.1; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /order/ { add_header X-Location order always; deny 127.0.0.2; allow 127.0.0.0/30; allow 127.0.0.2; deny 127.0.0.0/16;
        proxy_pass http://127.0.0.1:{a}; }
    location /masks/ { add_header X-Location masks always; allow 127.0.0.4/31; deny 127.0.0.0/24; allow 127.0.1.0/24; deny 127.0.0.0/8;
        proxy_pass http://127.0.0.1:{a}; }
    location /six/ { add_header X-Location six always; allow ::1; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /six-net/ { add_header X-Location six-net always; deny ::/64; allow all; proxy_pass http://127.0.0.1:{a}; }
    location /unix/ { add_header X-Location unix always; deny unix:; proxy_pass http://127.0.0.1:{a}; }
    location /only-unix/ { add_header X-Location only-unix always; allow unix:; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /zero/ { add_header X-Location zero always; deny 0.0.0.0/0; proxy_pass http://127.0.0.1:{a}; }
    location /host-bits/ { add_header X-Location host-bits always; allow 127.0.0.99/24; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /return/ { add_header X-Location return always; deny all; return 200 "returned"; }
    location /rewrite/ { add_header X-Location rewrite always; deny all; rewrite ^/rewrite/(.*)$ /one/$1 last; }
    location /outer/ {
        add_header X-Location outer always;
        allow 127.0.0.1; deny all;
        proxy_pass http://127.0.0.1:{a};
        location /outer/inherits/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{a}; }
        location /outer/replaces/ { add_header X-Location replaces always; deny 127.0.0.1; proxy_pass http://127.0.0.1:{a}; }
        location ~ \.x$ { add_header X-Location outer-x always; allow all; proxy_pass http://127.0.0.1:{a}; }
    }
    location /page/ { add_header X-Location page always; error_page 403 /denied; deny 127.0.0.1; proxy_pass http://127.0.0.1:{a}; }
    location /page-named/ { add_header X-Location page-named always; error_page 403 = @denied; deny 127.0.0.0/29; proxy_pass http://127.0.0.1:{a}; }
    location /page-denied/ { add_header X-Location page-denied always; error_page 403 /none/x; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /denied { add_header X-Location denied always; return 200 "denied $remote_addr $uri"; }
    location @denied { add_header X-Location at-denied always; proxy_set_header X-Denied $remote_addr; proxy_pass http://127.0.0.1:{b}; }
    location @denied-too { add_header X-Location at-denied-too always; deny 127.0.0.3; proxy_pass http://127.0.0.1:{b}; }
    location /page-named-too/ { add_header X-Location page-named-too always; error_page 403 = @denied-too; deny 127.0.0.0/24;
        proxy_pass http://127.0.0.1:{a}; }
    location /if/ { add_header X-Location if always; deny 127.0.0.2; if ($arg_a) { set $x 1; } proxy_pass http://127.0.0.1:{a}; }
    location /try/ { add_header X-Location try always; deny 127.0.0.2; try_files /no @denied; proxy_pass http://127.0.0.1:{a}; }
    location /internal/ { add_header X-Location internal always; internal; deny all; proxy_pass http://127.0.0.1:{a}; }
""", listen=BOTH),
    ask([f"/{location}/x" for location in
         ("", "all", "none", "one", "order", "masks", "six", "six-net", "unix", "only-unix", "zero", "host-bits", "return",
          "rewrite", "outer", "outer/inherits", "outer/replaces", "page", "page-named", "page-denied", "page-named-too", "if",
          "try", "internal")] + ["/outer/y.x", "/if/x?a=1"], sources=SOURCES))

LEVELS = case("access-levels", "allow 127.0.0.1; allow ::1; deny 127.0.0.2; deny 127.0.0.3;\n" + "".join([
    server("location / { add_header X-Location inherits-root always; proxy_pass http://127.0.0.1:{a}; }"
           "location /l/ { add_header X-Location inherits-l always; allow 127.0.0.2; deny all; proxy_pass http://127.0.0.1:{a}; }",
           "inherits.example", BOTH),
    server("allow 127.0.0.2; deny all;"
           "location / { add_header X-Location replaces-root always; proxy_pass http://127.0.0.1:{a}; }"
           "location /l/ { add_header X-Location replaces-l always; allow all; proxy_pass http://127.0.0.1:{a}; }"
           "if ($arg_r) { return 200 'before access'; }", "replaces.example", BOTH),
    server("error_page 403 =200 /page; location /page { add_header X-Location page always; return 200 page; }"
           "location / { add_header X-Location paged always; proxy_pass http://127.0.0.1:{a}; }", "paged.example", BOTH),
    server("error_page 403 /page; deny all; location /page { add_header X-Location page2 always; proxy_pass http://127.0.0.1:{a}; }"
           "location / { add_header X-Location paged2 always; proxy_pass http://127.0.0.1:{a}; }", "paged-deny.example", BOTH),
]), ask("/ /l/x /page /?r=1", ["inherits.example", "replaces.example", "paged.example", "paged-deny.example"],
        sources=["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "::1"]))

# IPv4 clients of an IPv6 socket are IPv4 clients, unless there are rules for IPv6 alone.
MAPPED = case("access-mapped", """
geo $place { default elsewhere; 127.0.0.0/8 local; 127.0.0.2 two; ::1 six; ::/0 any-six; }
geo $remote_addr $place_of_text { default elsewhere; 127.0.0.0/8 local; ::/0 any-six; }
geo $in_range { ranges; default elsewhere; 127.0.0.1-127.0.0.2 first-two; }
""" + server("""
    location / { add_header X-Location root always; return 200 "$remote_addr|$place|$place_of_text|$in_range"; }
    location /four/ { add_header X-Location four always; allow 127.0.0.2; deny 127.0.0.0/8; proxy_pass http://127.0.0.1:{a}; }
    location /six/ { add_header X-Location six always; allow ::1; deny ::/0; proxy_pass http://127.0.0.1:{a}; }
    location /six-deny/ { add_header X-Location six-deny always; deny ::/0; proxy_pass http://127.0.0.1:{a}; }
    location /six-mapped/ { add_header X-Location six-mapped always; deny ::ffff:127.0.0.2/128; proxy_pass http://127.0.0.1:{a}; }
    location /both/ { add_header X-Location both always; deny 127.0.0.2; allow ::/0; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /both-six/ { add_header X-Location both-six always; allow 127.0.0.9; deny ::/0; proxy_pass http://127.0.0.1:{a}; }
    location /all/ { add_header X-Location all always; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /one-six/ { add_header X-Location one-six always; deny ::1; proxy_pass http://127.0.0.1:{a}; }
    location /headers/ { add_header X-Location headers always; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Real-IP $remote_addr; proxy_pass http://127.0.0.1:{a}; }
""", listen="{host}:{port}; listen [::]:{port6} ipv6only=off"),
    ask("/ /four/x /six/x /six-deny/x /six-mapped/x /both/x /both-six/x /all/x /one-six/x /headers/x",
        sources=["127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "::ffff:127.0.0.9", "::1"]))

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MKCOL", "LOCK", "MADE-UP"]

EXCEPT = case("access-limit-except", server(r"""
    location / { add_header X-Location root always; proxy_pass http://127.0.0.1:{a}; }
    location /get/ { add_header X-Location get always; limit_except GET { deny all; } proxy_pass http://127.0.0.1:{a}; }
    location /head/ { add_header X-Location head always; limit_except HEAD { deny all; } proxy_pass http://127.0.0.1:{a}; }
    location /post/ { add_header X-Location post always; limit_except POST PUT { deny all; } proxy_pass http://127.0.0.1:{a}; }
    location /some/ { add_header X-Location some always; limit_except GET POST { allow 127.0.0.2; deny all; }
        proxy_pass http://127.0.0.1:{a}; }
    location /pass/ { add_header X-Location pass always; limit_except GET { proxy_pass http://127.0.0.1:{b}; }
        proxy_pass http://127.0.0.1:{a}; }
    location /pass-uri/ { add_header X-Location pass-uri always; limit_except GET { proxy_pass http://127.0.0.1:{b}; }
        proxy_pass http://127.0.0.1:{a}/new/; }
    location /inherits/ { add_header X-Location inherits always; allow 127.0.0.1; deny all; limit_except GET { }
        proxy_pass http://127.0.0.1:{a}; }
    location /replaces/ { add_header X-Location replaces always; deny 127.0.0.1; limit_except GET { allow all; }
        proxy_pass http://127.0.0.1:{a}; }
    location /return/ { add_header X-Location return always; limit_except GET { deny all; } return 200 "returned"; }
    location /return-allowed/ { add_header X-Location return-allowed always; limit_except GET { allow all; } return 200 "returned"; }
    location /if/ { add_header X-Location if always; limit_except GET { deny all; }
        if ($arg_a) { return 200 "condition"; } proxy_pass http://127.0.0.1:{a}; }
    location /page/ { add_header X-Location page always; error_page 403 =405 /not-allowed; limit_except GET { deny all; }
        proxy_pass http://127.0.0.1:{a}; }
    location /page-named/ { add_header X-Location page-named always; error_page 403 = @not; limit_except GET { deny all; }
        proxy_pass http://127.0.0.1:{a}; }
    location = /not-allowed { add_header X-Location not-allowed always; return 200 "not allowed $request_method"; }
    location @not { add_header X-Location at-not always; proxy_pass http://127.0.0.1:{b}; }
    location /outer/ {
        add_header X-Location outer always;
        limit_except GET { deny all; }
        proxy_pass http://127.0.0.1:{a};
        location /outer/inner/ { add_header X-Location inner always; proxy_pass http://127.0.0.1:{a}; }
        location /outer/own/ { add_header X-Location own always; limit_except POST { deny all; } proxy_pass http://127.0.0.1:{a}; }
    }
    location /rewrite/ { add_header X-Location rewrite always; limit_except GET { deny all; } rewrite ^/rewrite/(.*)$ /get/$1 last; }
    location /to-get/ { add_header X-Location to-get always; rewrite ^/to-get/(.*)$ /get/$1 last; }
    location /try/ { add_header X-Location try always; limit_except GET { allow all; } try_files /no @not; proxy_pass http://127.0.0.1:{a}; }
    location ~ ^/regex/ { add_header X-Location regex always; limit_except GET { deny 127.0.0.1; } proxy_pass http://127.0.0.1:{a}; }
    location /headers/ { add_header X-Location headers always; proxy_set_header X-Set yes; limit_except GET { allow all; }
        proxy_pass http://127.0.0.1:{a}; }
"""), ask([f"/{location}/x" for location in
           ("get", "head", "post", "some", "pass", "pass-uri", "inherits", "replaces", "return", "return-allowed", "if", "page",
            "page-named", "outer", "outer/inner", "outer/own", "rewrite", "to-get", "try", "regex", "headers")], methods=METHODS),
    ask("/some/x /inherits/x /replaces/x /regex/x", methods=["GET", "POST", "PUT"], sources=["127.0.0.2", "127.0.0.3"]),
    ask("/if/x?a=1", methods=["GET", "POST"]))

SATISFY = case("access-satisfy", server(r"""
    location /any/ { add_header X-Location any always; satisfy any; allow 127.0.0.1; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /all/ { add_header X-Location all always; satisfy all; allow 127.0.0.1; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /any-no-rule/ { add_header X-Location any-no-rule always; satisfy any; proxy_pass http://127.0.0.1:{a}; }
    location /any-no-match/ { add_header X-Location any-no-match always; satisfy any; deny 127.0.0.7; proxy_pass http://127.0.0.1:{a}; }
    location /any-except/ { add_header X-Location any-except always; satisfy any; limit_except GET { deny all; }
        proxy_pass http://127.0.0.1:{a}; }
    location /any-page/ { add_header X-Location any-page always; satisfy any; deny all; error_page 403 = @page; proxy_pass http://127.0.0.1:{a}; }
    location @page { add_header X-Location page always; return 200 "page $uri"; }
    location /any-outer/ { add_header X-Location any-outer always; satisfy any; deny 127.0.0.2;
        proxy_pass http://127.0.0.1:{a};
        location /any-outer/inner/ { add_header X-Location any-inner always; proxy_pass http://127.0.0.1:{a}; } }
"""), ask([f"/{location}/x" for location in ("any", "all", "any-no-rule", "any-no-match", "any-except", "any-page", "any-outer",
                                            "any-outer/inner")],
          methods=["GET", "POST"], sources=["127.0.0.1", "127.0.0.2", "127.0.0.7"]))

INTERNAL = case("access-internal", server(r"""
    location /internal/ { add_header X-Location internal always; internal; return 200 "internal $uri|$args"; }
    location = /internal/exact { add_header X-Location exact always; internal; proxy_pass http://127.0.0.1:{a}; }
    location ~ \.secret$ { add_header X-Location secret always; internal; return 200 "secret $uri"; }
    location /last/ { add_header X-Location last always; rewrite ^/last/(.*)$ /internal/$1 last; }
    location /none/ { add_header X-Location none always; rewrite ^/none/(.*)$ /internal/$1; }
    location /break/ { add_header X-Location break always; rewrite ^/break/(.*)$ /internal/$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /redirect/ { add_header X-Location redirect always; rewrite ^/redirect/(.*)$ /internal/$1 redirect; }
    location /page/ { add_header X-Location page always; error_page 404 /internal/page; return 404; }
    location /try/ { add_header X-Location try always; try_files /no /internal/tried?x=1; proxy_pass http://127.0.0.1:{a}; }
    location /named/ { add_header X-Location named always; error_page 404 = @named; return 404; }
    location @named { add_header X-Location at-named always; rewrite ^/named/(.*)$ /internal/$1 last; }
    location /outer/ { add_header X-Location outer always; internal; return 200 "outer";
        location /outer/inner/ { add_header X-Location inner always; return 200 "inner"; } }
    location /if/ { add_header X-Location if always; if ($arg_a) { rewrite ^/if/(.*)$ /internal/$1 last; } return 200 "no"; }
    location /proxied/ { add_header X-Location proxied always; proxy_intercept_errors on; error_page 404 /internal/exact;
        proxy_pass http://127.0.0.1:{b}; }
    location / { add_header X-Location root always; error_page 404 /internal/404; internal; }
"""), ask("/internal/ /internal/x /internal/exact /x.secret /internal/x.secret /last/x /last/exact /last/x.secret /none/x "
          "/none/exact /break/x /redirect/x /page/ /try/ /try/?y=1 /named/x /named/exact /outer/ /outer/inner/ /if/x /if/x?a=1 "
          "/proxied/x /proxied/answer-404 / /other /last", methods=["GET", "POST", "HEAD"]))

CASES = (RULES, LEVELS, MAPPED, EXCEPT, SATISFY, INTERNAL)
