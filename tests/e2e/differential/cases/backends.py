"""What backends get instead of what the client sent, and what becomes of fields of their answers."""

from differential.case import ask, case, server

REPLACED = case("backends-redirects", r"""
map $http_x_r $mapped { default http://mapped.example; none ""; }
proxy_redirect http://outer/ /from-outer/;
upstream group { server 127.0.0.1:{a}; }
""" + server(r"""
    location /inherits/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{a}; }
    location /default/ { add_header X-Location default always; proxy_pass http://group/new/; proxy_redirect default; }
    location /off/ { add_header X-Location off always; proxy_pass http://group/new/; proxy_redirect off;
        location /off/in/ { add_header X-Location off-in always; proxy_pass http://group/new/; }
        location /off/on/ { add_header X-Location off-on always; proxy_pass http://group/new/; proxy_redirect default; } }
    location /several/ { add_header X-Location several always; proxy_pass http://group/new/;
        proxy_redirect http://group/new/a /first/a; proxy_redirect default; proxy_redirect http://group/ /last/; proxy_redirect / /own/; }
    location /literal/ { add_header X-Location literal always; proxy_pass http://group; proxy_redirect http://group/ https://$host:$arg_p/; }
    location /empty/ { add_header X-Location empty always; proxy_pass http://group; proxy_redirect http://group/ ""; }
    location /any/ { add_header X-Location any always; proxy_pass http://group; proxy_redirect "" $mapped; }
    location /variable/ { add_header X-Location variable always; proxy_pass http://group; proxy_redirect $mapped/ /$mapped; proxy_redirect http://$proxy_host/ /host/; }
    location /regex/ { add_header X-Location "regex $1 $path" always; proxy_pass http://group;
        proxy_redirect ~^(http)://group/(?<path>[^?]*)\??(.*)$ $1s://$host/$path?was=$3; }
    location /regex-case/ { add_header X-Location "case $1" always; proxy_pass http://group; proxy_redirect ~*^HTTP://GROUP(/.*) $1; }
    location /regex-then/ { add_header X-Location "then $1" always; proxy_pass http://group;
        proxy_redirect ~nothing(.) /x$1; proxy_redirect ~/(new|moved)(.*)$ /there/$1$2; proxy_redirect ~(.) /never; }
    location ~ ^/captured/(.) { add_header X-Location captured always; proxy_pass http://group; proxy_redirect http://group/ /$1/; }
    location /if/ { add_header X-Location if always; proxy_redirect http://group/ /plain/;
        if ($arg_p) { add_header X-Location if-in always; proxy_pass http://127.0.0.1:{b}; } proxy_pass http://group; }
"""), ask("/inherits/x /default/x /off/x /off/in/x /off/on/x /several/x /literal/x?p=8 /empty/x /any/x /variable/x /regex/x /regex-case/x /regex-then/x "
          "/captured/x /if/x /if/x?p=1", ["one.example", "one.example:99"], headers=tuple(
              (("X-Answer", "302"), ("X-To", to), ("X-Refresh", refresh), *extra)
              for to in ("/moved", "http://group/new/moved?a=http://group/", "http://group/new/a", "http://GROUP/x", "http://outer/x",
                         "http://mapped.example/y", "SELF", "SELF/new/x", "")
              for refresh in ("5; url=http://group/new/x", "0;URL=/moved", "3", "url=")
              for extra in ((), (("X-R", "none"),)))))

SET_COOKIES = (
    "n=v", "n=v; Path=/", "n=v; path=/new/x; Domain=back.example", "n=v;Domain=.Back.Example;PATH=/new", "name", "=v; path=/new", "n=",
    "n=v; Secure; HttpOnly; SameSite=None", "n=v; secure; SECURE; samesite=lax", "n=v;; path = /new ; ", "a=b=c; domain=other.example; path=",
    "Session=1; path=/new; expires=Thu, 01 Jan 2037 00:00:00 GMT", "n=v; domain; path", "  n = v ; Domain = back.example", "n=v; SameSite",
    "session=x; samesite=strict; httponly", "")

COOKIES = case("backends-cookies", r"""
map $http_x_f $flag { default ""; s secure; l samesite=lax; n nosecure; x nonsense; }
proxy_cookie_path /new /outer;
""" + server(r"""
    location /inherits/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{a}; }
    location /off/ { add_header X-Location off always; proxy_cookie_path off; proxy_cookie_domain off; proxy_cookie_flags off; proxy_pass http://127.0.0.1:{a}; }
    location /path/ { add_header X-Location path always; proxy_cookie_path /new/x /deep/; proxy_cookie_path / /$http_x_f/; proxy_pass http://127.0.0.1:{a}; }
    location /path-regex/ { add_header X-Location "path-regex $1" always; proxy_cookie_path ~^/([a-z]+)(.*)$ /$1-$2; proxy_cookie_path ~*NEVER /never; proxy_pass http://127.0.0.1:{a}; }
    location /path-case/ { add_header X-Location path-case always; proxy_cookie_path ~*^/NEW /case; proxy_cookie_path /New /never; proxy_pass http://127.0.0.1:{a}; }
    location /domain/ { add_header X-Location domain always; proxy_cookie_domain back.example front.example; proxy_cookie_domain .other.example .$host; proxy_pass http://127.0.0.1:{a}; }
    location /domain-regex/ { add_header X-Location "domain-regex $name" always; proxy_cookie_domain ~\.?(?<name>[A-Z]+)\.example$ $name.org; proxy_pass http://127.0.0.1:{a}; }
    location /domain-variable/ { add_header X-Location domain-variable always; proxy_cookie_domain $http_x_d $host; proxy_pass http://127.0.0.1:{a}; }
    location /flags/ { add_header X-Location flags always; proxy_cookie_flags n secure httponly samesite=strict; proxy_cookie_flags ~ses samesite=none; proxy_pass http://127.0.0.1:{a}; }
    location /unflag/ { add_header X-Location unflag always; proxy_cookie_flags ~ nosecure nohttponly nosamesite; proxy_pass http://127.0.0.1:{a}; }
    location /both/ { add_header X-Location both always; proxy_cookie_flags n secure nosecure; proxy_cookie_flags ~S samesite=lax samesite=strict; proxy_pass http://127.0.0.1:{a}; }
    location /flag-variable/ { add_header X-Location flag-variable always; proxy_cookie_flags $http_x_c $flag httponly; proxy_pass http://127.0.0.1:{a}; }
    location /no-flag/ { add_header X-Location no-flag always; proxy_cookie_flags ~ $flag; proxy_pass http://127.0.0.1:{a}; }
    location /all/ { add_header X-Location all always; proxy_cookie_domain back.example $host; proxy_cookie_path ~(.*) $1/; proxy_cookie_flags ~^n$ secure; proxy_pass http://127.0.0.1:{a}; }
"""), ask("/inherits/x /off/x /path/x /path-regex/x /path-case/x /domain/x /domain-regex/x /domain-variable/x /flags/x /unflag/x /both/x /flag-variable/x /no-flag/x /all/x",
          headers=tuple((("X-Set-Cookie", cookie), *extra) for cookie in SET_COOKIES for extra in
                        ((), (("X-F", "s"), ("X-C", "n"), ("X-D", "back.example")), (("X-F", "x"), ("X-C", "N"), ("X-D", "")))))
    + ask("/inherits/x /flags/x /all/x", headers=((("X-Set-Cookie", "a=1; path=/new"), ("X-Set-Cookie", "n=2; domain=back.example"),
                                                   ("X-F", "l"), ("X-C", "a")),)))

SENT = case("backends-sent", r"""
map $http_x_m $method { default ""; ~^[A-Z]+$ $http_x_m; }
""" + server(r"""
    proxy_set_body "outer $request_method";
    location /inherits/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{a}; }
    location /method/ { add_header X-Location method always; proxy_method PUT; proxy_pass http://127.0.0.1:{a}; }
    location /method-of/ { add_header X-Location method-of always; proxy_method X$method; proxy_set_body "$uri $args"; proxy_pass http://127.0.0.1:{a}; }
    location /nothing/ { add_header X-Location nothing always; proxy_set_body ""; proxy_pass http://127.0.0.1:{a}; }
    location /captured/ { add_header X-Location captured always; rewrite ^/captured/(.*)$ /new/$1 break; proxy_set_body "$1|$request_uri"; proxy_pass http://127.0.0.1:{a}; }
    location /page/ { add_header X-Location page always; proxy_intercept_errors on; error_page 404 /method/page; proxy_pass http://127.0.0.1:{b}; }
""") + server(r"""
    location / { add_header X-Location passed always; proxy_pass http://127.0.0.1:{a}; }
    location /kept/ { add_header X-Location kept always; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:{a};
        location /kept/in/ { add_header X-Location kept-in always; proxy_method GET; proxy_pass http://127.0.0.1:{a}; } }
    location /page/ { add_header X-Location kept-page always; proxy_intercept_errors on; error_page 404 /passed; proxy_pass_request_body off;
        proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:{b}; }
""", "two.example"),
    ask("/inherits/x /method/x /method-of/x?a=%20b /nothing/x /captured/a%20b /page/x /page/answer-404",
        methods=["GET", "POST", "HEAD", "PATCH"], headers=((), (("X-M", "GET"),)), bodies=[None, b"", b"the client's"]),
    ask("/kept/x /kept/in/x /page/x /page/answer-404", ["two.example"], ["GET", "POST", "HEAD"], bodies=[None, b"", b"the client's"]))

# Targets of X-Accel-Redirect, those that nginx finds unsafe among them.
ACCELERATED = ("/text", "/text?a=b?c", "/internal/x", "/proxied/a%20b?c=%20d", "/proxied//x/./y", "@named", "@none", "/none", "", "?a=b",
               "relative", "/proxied/../text", "/proxied/%2e%2e/text", "..", "../x", "/..", "/..x", "/proxied/%3Fx?y", "/proxied/%zz%4", "/redirect",
               "/error", "/error-page", "/accel/again", "/proxied/answer-404", "/proxied/answer-302", "/upload", "/slash", "http://else.example/x", "/proxied/x#y",
               "/rewritten/x", "/no-content", "/method")

LEFT = case("backends-accelerated", r"""
""" + server(r"""
    location /accel/ { add_header X-Location accel always; proxy_pass http://127.0.0.1:{b}; }
    location /rewritten-fields/ { add_header X-Location rewritten-fields always; proxy_cookie_path /left /right; proxy_hide_header Set-Cookie;
        proxy_hide_header Cache-Control; proxy_pass http://127.0.0.1:{b}/accel/; }
    location /ignored/ { add_header X-Location ignored always; proxy_ignore_headers Expires x-accel-redirect; proxy_pass http://127.0.0.1:{b}/accel/; }
    location /inherits/ { add_header X-Location outer always; proxy_ignore_headers Vary; proxy_ignore_headers X-Accel-Redirect; proxy_pass http://127.0.0.1:{b}/accel/;
        location /inherits/in/ { add_header X-Location inherits always; proxy_pass http://127.0.0.1:{b}/accel/; }
        location /inherits/not/ { add_header X-Location inherits-not always; proxy_ignore_headers Set-Cookie; proxy_pass http://127.0.0.1:{b}/accel/; } }
    location /shown/ { add_header X-Location shown always; proxy_ignore_headers X-Accel-Redirect; proxy_pass_header X-Accel-Redirect; proxy_pass http://127.0.0.1:{b}/accel/; }
    location /intercepted/ { add_header X-Location intercepted always; proxy_intercept_errors on; error_page 404 /text; error_page 503 @named; proxy_pass http://127.0.0.1:{b}/accel/; }
    location /pages/ { add_header X-Location pages always; error_page 404 500 /text; proxy_pass http://127.0.0.1:{b}/accel/; }
    location /named-in/ { add_header X-Location named-in always; error_page 404 @accel; return 404; }
    location @accel { add_header X-Location at-accel always; proxy_pass http://127.0.0.1:{b}; }
    location /text { add_header X-Location "text $request_method $uri $args" always; return 200 "text"; }
    location /internal/ { add_header X-Location internal always; internal; return 200 "internal $uri"; }
    location /proxied/ { add_header X-Location "proxied $args" always; proxy_pass http://127.0.0.1:{a}; }
    location @named { add_header X-Location named always; proxy_pass http://127.0.0.1:{a}; }
    location /redirect { add_header X-Location redirect always; return 302 /there; }
    location /error { add_header X-Location error always; return 403; }
    location /error-page { add_header X-Location error-page always; error_page 410 /text; return 410; }
    location /upload { add_header X-Location upload always; client_max_body_size 5; proxy_pass http://127.0.0.1:{a}; }
    location /slash/ { add_header X-Location slash always; proxy_pass http://127.0.0.1:{a}; }
    location /rewritten/ { add_header X-Location rewritten always; rewrite ^ /internal/rewritten; }
    location /no-content { add_header X-Location no-content always; return 204; }
    location /method { add_header X-Location method always; limit_except GET { deny all; } proxy_pass http://127.0.0.1:{a}; }
"""),
    ask("/accel/x", headers=tuple((("X-Accel", target), *bare) for target in ACCELERATED for bare in ((), (("X-Bare", "1"),)))),
    ask("/rewritten-fields/x /ignored/x /inherits/x /inherits/in/x /inherits/not/x /shown/x /intercepted/x /intercepted/answer-404 /intercepted/answer-503 "
        "/pages/x /named-in/accel",
        headers=tuple((("X-Accel", target),) for target in ("/text", "/proxied/x", "@named", "/none", "..", "/error"))),
    ask("/accel/x", methods=["POST", "HEAD", "PUT"], bodies=[None, b"", b"some body"],
        headers=tuple((("X-Accel", target),) for target in ("/text", "/proxied/x?y", "@named", "/upload", "/method", "..", "/internal/x"))))

CASES = (REPLACED, COOKIES, SENT, LEFT)
