"""error_page: for whose errors, where to, with which status, and how often in a row."""

from differential.case import ask, case, server

RETURNED = case("errors-returned", server(r"""
    error_page 404 /pages/404;
    error_page 403 =200 /pages/403;
    error_page 410 = /pages/410;
    error_page 500 502 503 504 /pages/50x?from=$request_uri;
    error_page 418 @teapot;
    error_page 429 = @teapot;
    error_page 451 =451 @teapot;
    error_page 405 =302 /pages/405;
    error_page 406 http://errors.example/406;
    error_page 409 =301 http://errors.example/409;
    error_page 411 =303 http://errors.example/$host$uri;
    error_page 412 =200 http://errors.example/412;
    error_page 413 /pages/$arg_page;
    error_page 302 /pages/302;
    error_page 301 =200 /pages/301;
    error_page 415 "/pages/with space?a=$uri b";
    error_page 416 =404 /pages/416;
    error_page 421 $scheme://errors.example/421;
    error_page 424 /missing-page;
    error_page 426 =444 /pages/426;
    error_page 431 = @missing;
    location /pages/ { add_header X-Location pages always; return 200 "page $uri|$args|$status|$request_method|$request_uri"; }
    location = /pages/404 { add_header X-Location page-404 always; internal; return 200 "404 page $uri"; }
    location = /pages/410 { add_header X-Location page-410 always; internal; return 200 "410 page"; }
    location = /pages/416 { add_header X-Location page-416 always; return 204; }
    location = /pages/403 { add_header X-Location page-403 always; proxy_pass http://127.0.0.1:{a}; }
    location @teapot { add_header X-Location teapot always; return 200 "teapot $uri|$status|$request_method"; }
    location /return/ {
        add_header X-Location return always;
        if ($uri ~ ^/return/302) { return 302 /somewhere; }
        if ($uri ~ ^/return/301) { return 301 http://else.example/; }
        if ($uri ~ ^/return/307) { return 307 /kept; }
        return 404;
    }
    location /own/ { add_header X-Location own always; error_page 404 /pages/own; return 404; }
    location /own-none/ { add_header X-Location own-none always; error_page 498 /pages/none; return 404; }
    location /text/ { add_header X-Location text always; return 404 "a text of its own"; }
    location /redirect/ { add_header X-Location redirect always; rewrite ^/redirect/(.*)$ /pages/redirected redirect; }
    location /auto/ { add_header X-Location auto always; proxy_pass http://127.0.0.1:{a}; }
    """ + "".join(f"location = /code/{code} {{ add_header X-Location code-{code} always; return {code}; }}\n"
                  for code in (400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 418, 421,
                               424, 426, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 204, 304, 444, 499))),
    ask([f"/code/{code}" for code in (400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 418,
                                      421, 424, 426, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 204, 304, 444, 499)]
        + [f"/code/{code}?page=x&y=%20" for code in (403, 404, 411, 413, 415, 500)]
        + "/return/x /return/302 /return/301 /return/307 /own/ /own-none/ /text/ /redirect/x /auto /pages/404 /pages/410 "
          "/pages/x /none /code/x /%ff".split(), methods=["GET", "POST", "HEAD"], bodies=[None]),
    ask("/code/403 /code/418 /code/500 /own/", methods=["POST", "PUT"], bodies=[b"the body"]))

CHAINS = case("errors-chains", "".join(server(setting + r"""
    location /a { add_header X-Location a always; error_page 404 /b; return 404; }
    location /b { add_header X-Location b always; error_page 403 /c; return 403; }
    location /c { add_header X-Location c always; error_page 500 =200 /d; return 500; }
    location /d { add_header X-Location d always; return 410; }
    location /named { add_header X-Location named always; error_page 404 = @one; return 404; }
    location @one { add_header X-Location one always; error_page 403 = @two; return 403; }
    location @two { add_header X-Location two always; error_page 410 =201 /last; return 410; }
    location /last { add_header X-Location last always; return 200 "last $uri"; }
    location /self { add_header X-Location self always; error_page 404 /self; return 404; }
    location /self-named { add_header X-Location self-named always; error_page 404 @self; return 404; }
    location @self { add_header X-Location at-self always; error_page 404 @self; return 404; }
    location /ping { add_header X-Location ping always; error_page 404 /pong; return 404; }
    location /pong { add_header X-Location pong always; error_page 404 /ping; return 404; }
    location /to-redirect { add_header X-Location to-redirect always; error_page 404 /redirects; return 404; }
    location /redirects { add_header X-Location redirects always; return 301 /elsewhere; }
    location /to-rewrite { add_header X-Location to-rewrite always; error_page 404 /rewrites; return 404; }
    location /rewrites { add_header X-Location rewrites always; rewrite ^ /last last; }
    location /to-rewrite-named { add_header X-Location to-rewrite-named always; error_page 404 = @rewrites; return 404; }
    location @rewrites { add_header X-Location at-rewrites always; rewrite ^ /last last; }
    location /to-proxy { add_header X-Location to-proxy always; error_page 404 =206 /proxied/x; return 404; }
    location /proxied/ { add_header X-Location proxied always; proxy_pass http://127.0.0.1:{a}/p/; }
    location /to-proxy-named { add_header X-Location to-proxy-named always; error_page 404 = @proxied; return 404; }
    location @proxied { add_header X-Location at-proxied always; proxy_pass http://127.0.0.1:{a}; }
    location /to-bad { add_header X-Location to-bad always; error_page 404 /bad; return 404; }
    location /bad { add_header X-Location bad always; error_page 502 /last; proxy_pass http://127.0.0.1:{dead}; }
    location /to-text { add_header X-Location to-text always; error_page 404 /text; return 404; }
    location /text { add_header X-Location text always; return 503 "text with a status"; }
    location /to-same { add_header X-Location to-same always; error_page 404 /same; return 404; }
    location /same { add_header X-Location same always; return 404 "same"; }
    location /code-kept { add_header X-Location code-kept always; error_page 404 = /teapot; return 404; }
    location /teapot { add_header X-Location teapot always; return 418; }
    location /internal { add_header X-Location internal always; internal; error_page 404 /last; return 404; }
    location /fall { add_header X-Location fall always; error_page 404 /last; }
    location /outer { add_header X-Location outer always; error_page 404 /last;
        location /outer/inner { add_header X-Location inner always; return 404; }
        location /outer/replaced { add_header X-Location replaced always; error_page 403 /d; return 404; }
        location /outer/added { add_header X-Location added always; error_page 404 /d; return 404; } }
    location /conditional { add_header X-Location conditional always; error_page 404 /last;
        if ($arg_a) { return 404; } if ($arg_b) { error_page 404 /d; return 404; } return 403; }
    """, name, marker=name) for name, setting in (("off.example", ""), ("on.example", "recursive_error_pages on;"))),
    ask("""/a /b /c /d /named /self /self-named /ping /pong /to-redirect /redirects /to-rewrite /to-rewrite-named /to-proxy
           /to-proxy-named?x=y /to-bad /bad /to-text /text /to-same /same /code-kept /teapot /internal /fall /fall/x /outer
           /outer/inner /outer/replaced /outer/added /conditional /conditional?a=1 /conditional?b=1 /conditional?a=1&b=1 /none""",
        ["off.example", "on.example"], ["GET", "POST", "HEAD"]),
    ask("/to-proxy /to-proxy-named /a /named", ["off.example", "on.example"], ["POST", "PUT"], bodies=[b"some body"]))

PROXIED = case("errors-proxied", server(r"""
    error_page 502 504 /bad;
    location = /bad { add_header X-Location bad always; internal; return 200 "bad gateway $uri|$status"; }
    location /plain/ { add_header X-Location plain always; error_page 404 503 /page; proxy_pass http://127.0.0.1:{a}; }
    location /intercept/ { add_header X-Location intercept always; proxy_intercept_errors on;
        error_page 404 /page; error_page 503 =200 /page; error_page 500 = @fallback; error_page 401 @login;
        error_page 301 302 = @follow; error_page 403 http://denied.example/$uri; error_page 418 =410 @fallback;
        proxy_pass http://127.0.0.1:{a}; }
    location /intercept-none/ { add_header X-Location intercept-none always; proxy_intercept_errors on; proxy_pass http://127.0.0.1:{a}; }
    location /page { add_header X-Location page always; return 200 "page $uri|$request_uri|$request_method"; }
    location @fallback { add_header X-Location fallback always; proxy_set_header X-Fallback "$uri"; proxy_pass http://127.0.0.1:{b}; }
    location @login { add_header X-Location login always; return 302 http://login.example/?r=$request_uri; }
    location @follow { add_header X-Location follow always; set $to $upstream_http_location; return 200 "to $to"; }
    location /fallback-code/ { add_header X-Location fallback-code always; proxy_intercept_errors on; recursive_error_pages on;
        error_page 404 = @second; proxy_pass http://127.0.0.1:{a}; }
    location @second { add_header X-Location second always; proxy_intercept_errors on; error_page 404 = @third; proxy_pass http://127.0.0.1:{b}; }
    location @third { add_header X-Location third always; proxy_pass http://127.0.0.1:{c}; }
    location /dead/ { add_header X-Location dead always; proxy_pass http://127.0.0.1:{dead}; }
    location /dead-own/ { add_header X-Location dead-own always; error_page 502 = @fallback; proxy_pass http://127.0.0.1:{dead}; }
    location /dead-uri/ { add_header X-Location dead-uri always; error_page 502 =503 /page; proxy_pass http://127.0.0.1:{dead}/x/; }
    location /dead-variable/ { add_header X-Location dead-variable always; set $port {dead}; error_page 502 = @fallback;
        proxy_pass http://127.0.0.1:$port; }
    location /broken/ { add_header X-Location broken always; proxy_pass http://127.0.0.1:{a}; }
    location /slow/ { add_header X-Location slow always; proxy_read_timeout 50ms; proxy_pass http://127.0.0.1:{a}; }
    location /slow-own/ { add_header X-Location slow-own always; proxy_read_timeout 50ms; error_page 504 =200 /page;
        proxy_pass http://127.0.0.1:{a}; }
    location /rewritten/ { add_header X-Location rewritten always; proxy_intercept_errors on; error_page 404 = @fallback;
        rewrite ^/rewritten/(.*)$ /new/$1 break; proxy_pass http://127.0.0.1:{a}; }
    location /uri/ { add_header X-Location uri always; proxy_intercept_errors on; error_page 404 = @fallback;
        proxy_pass http://127.0.0.1:{a}/new/; }
    location /variable/ { add_header X-Location variable always; proxy_intercept_errors on; error_page 404 = @fallback;
        set $port {a}; proxy_pass http://127.0.0.1:$port/v$uri; }
    location /headers/ { add_header X-Location headers; add_header X-Always "$upstream_status" always; proxy_pass http://127.0.0.1:{a}; }
    location /to-intercepted { add_header X-Location to-intercepted always; error_page 404 /intercept/answer-404; return 404; }
    """), ask([f"/{location}/{rest}" for location in ("plain", "intercept", "intercept-none", "fallback-code", "rewritten", "uri",
                                                      "variable", "headers")
               for rest in ("x", "answer-404", "answer-404?q=1", "answer-503", "answer-500", "answer-401", "answer-302",
                            "answer-403", "answer-418", "answer-204", "a%20answer-404")]),
    ask("/dead/ /dead/x?y /dead-own/x /dead-uri/x /dead-variable/x /broken/answer-close "
        "/slow/answer-hang /slow/answer-hang?x /slow-own/answer-hang /bad /to-intercepted"),
    ask("/intercept/x /fallback-code/x /plain/x /rewritten/x", headers=((("X-Answer", "404"),), (("X-Answer", "500"),),
                                                                      (("X-Answer", "301"), ("X-To", "/moved/here")))),
    ask("/intercept/answer-404 /intercept/answer-500 /intercept/answer-503 /fallback-code/answer-404 /dead-own/x /dead/x "
        "/plain/answer-404", methods=["POST", "HEAD", "PUT"], bodies=[b"a body to keep"]))

# What is not found by a location but by nginx itself: nothing there, too large, a bad request.
BUILT_IN = case("errors-built-in", server(r"""
    error_page 400 /pages/400;
    error_page 404 /pages/404;
    error_page 403 = @denied;
    error_page 405 413 414 494 /pages/large;
    error_page 501 505 /pages/odd;
    client_max_body_size 8;
    location /pages/ { add_header X-Location pages always; return 200 "page $uri|$status|$request_method"; }
    location @denied { add_header X-Location denied always; return 200 "denied $uri"; }
    location /nothing { add_header X-Location nothing always; }
    location /denied { add_header X-Location denied-here always; deny all; proxy_pass http://127.0.0.1:{a}; }
    location /large { add_header X-Location large always; proxy_pass http://127.0.0.1:{a}; }
    location /large-own { add_header X-Location large-own always; client_max_body_size 4; error_page 413 =200 @denied;
        proxy_pass http://127.0.0.1:{a}; }
    location /internal { add_header X-Location internal always; internal; return 200 "internal"; }
    location /try { add_header X-Location try always; try_files /no =404; proxy_pass http://127.0.0.1:{a}; }
    location /try-500 { add_header X-Location try-500 always; try_files /no =503; proxy_pass http://127.0.0.1:{a}; }
    location /unset-port { add_header X-Location unset-port always; error_page 500 502 = @denied; set $nothing "";
        proxy_pass http://$nothing; }
"""), ask("/nothing /none /denied /internal /try /try-500 /unset-port /%zz /x%00y /../.. /pages/x"),
    ask("/large /large-own /denied /nothing", methods=["POST", "PUT"], bodies=[b"", b"123", b"12345", b"12345678", b"123456789"]))

# A redirect that error_page gives to a backend, or to something else that answers.
REDIRECTED = case("errors-redirected", server("""
    error_page 301 302 = @backend;
    error_page 303 307 =200 /page;
    error_page 308 @text;
    location /return/ { add_header X-Location return always; return 301 /there; }
    location /return-url/ { add_header X-Location return-url always; return http://else.example/; }
    location /rewrite/ { add_header X-Location rewrite always; rewrite ^/rewrite/(.*)$ /there/$1 redirect; }
    location /slash/ { add_header X-Location slash always; proxy_pass http://127.0.0.1:{a}; }
    location /303 { add_header X-Location r303 always; return 303 /there; }
    location /307 { add_header X-Location r307 always; return 307 /there; }
    location /308 { add_header X-Location r308 always; return 308 /there; }
    location /page { add_header X-Location page always; proxy_pass http://127.0.0.1:{b}; }
    location @backend { add_header X-Location backend always; proxy_pass http://127.0.0.1:{a}; }
    location @text { add_header X-Location text always; return 200 "text"; }
"""), ask("/return/ /return-url/x?y /rewrite/a%20b /rewrite/x?y /slash /slash?x /303 /307 /308", methods=["GET", "POST", "HEAD"],
          headers=((), (("X-Answer", "302"),), (("X-Answer", "302"), ("X-To", "/own"))), bodies=[None, b"a body"]))

# A target that cannot be taken apart has no path to go on with.
BAD = ask("/%zz /../x /a/../../b /x%00y /%4 /ok /%2e%2e/x //..//..", ["named.example", "page.example"])

BAD_TO_NAMED = case("errors-bad-targets-named", server("""
    error_page 400 = @named;
    location @named { add_header X-Location named always; return 200 "named $uri"; }
    location / { add_header X-Location root always; return 200 "$uri"; }
"""), BAD)

BAD_TO_PAGE = case("errors-bad-targets-page", server("""
    error_page 400 =200 /page;
    location /page { add_header X-Location page always; return 200 "page $uri|$args"; }
    location / { add_header X-Location root always; return 200 "$uri"; }
"""), BAD)

CASES = (RETURNED, CHAINS, PROXIED, BUILT_IN, REDIRECTED, BAD_TO_NAMED, BAD_TO_PAGE)
