"""try_files whose last word is a named location, a code or a path, in locations with a backend."""

from differential.case import ask, case, header_sets, server

PATHS = """/ /a /a/ /a/x.txt /a/b /a/b/ /a/b/deep.html /a/b/deep /page.html /page /d /d/ /run.sh /sp%20ace.txt /plus+sign /plus%2Bsign
    /percent%2541 /none /none/ /none.html /link /dangling /empty/ /x.php /x /x.php/more /a/../page.html //page.html /%70age.html"""

LAST = case("files-last-word", "".join(server(f"""
    location / {{ add_header X-Location root{number} always; root {{files}}; try_files {files}; proxy_pass http://127.0.0.1:{{a}}{uri}; }}
    location @back {{ add_header X-Location back always; proxy_set_header X-Uri "$uri"; proxy_pass http://127.0.0.1:{{b}}; }}
    location @return {{ add_header X-Location return always; return 200 "fallback $uri|$args|$request_uri"; }}
    location @rewrite {{ add_header X-Location rewrite always; rewrite ^/(.*)$ /fallen/$1 last; }}
    location = /exactly {{ add_header X-Location exactly always; return 200 "exactly $uri|$args"; }}
    location /fallen/ {{ add_header X-Location fallen always; return 200 "fallen $uri|$args"; }}
    location = /x.php {{ add_header X-Location php always; return 200 "php $uri|$args"; }}
    """, f"t{number}.example", marker=f"t{number}") for number, (files, uri) in enumerate([
        ("$uri @back", ""), ("$uri $uri/ @back", ""), ("$uri @return", "/new/"), ("$uri/ =404", ""), ("$uri $uri.html =410", ""),
        ("$uri $uri/index.html /exactly", ""), ("$uri /x.php?q=$uri&$args", ""), ("$uri.html $uri @rewrite", "/new"),
        ("/page.html @back", ""), ("/page.html =404", "/new/"), ("$uri /none @return", "/u$uri"), ("$uri$is_args$args @return", ""),
        ("/a$uri /a/b$uri.html =503", ""), ("/none /loop", ""), ("$arg_f /$arg_f @return", ""), ("/a/ @return", ""),
        ("/a @return", ""), ("$uri /fallen$uri", ""), ("$uri =403", ""), ("$uri =444", "")])),
    ask(PATHS, [f"t{number}.example" for number in range(20)]),
    ask("/page.html?x=y /none?x=y /a?x=y /?f=page.html /?f=/page.html /?f=none /none?f=/a/x.txt", [f"t{number}.example" for number in range(20)]),
    ask("/page.html /none", [f"t{number}.example" for number in (0, 2, 3, 5, 6, 7)], ["POST", "HEAD", "PUT"], bodies=[b"body"]))

PLACES = case("files-places", "".join([
    server(r"""
    root {files};
    location /plain/ { add_header X-Location plain always; proxy_pass http://127.0.0.1:{a}; }
    location /a/ { add_header X-Location a always; try_files $uri @named; proxy_pass http://127.0.0.1:{a};
        location /a/b/ { add_header X-Location a-b always; proxy_pass http://127.0.0.1:{b}; }
        location ~ \.txt$ { add_header X-Location a-txt always; try_files $uri.none $uri =404; proxy_pass http://127.0.0.1:{b}; } }
    location @named { add_header X-Location named always; return 200 "named $uri"; }
    location ~ ^/regex/(.*)$ { add_header X-Location regex always; try_files /$1 /a/$1 @capture; proxy_pass http://127.0.0.1:{a}/to/$1; }
    location @capture { add_header X-Location capture always; return 200 "capture $1|$uri"; }
    location /rewritten/ { add_header X-Location rewritten always; rewrite ^/rewritten/(.*)$ /$1 break; try_files $uri @named;
        proxy_pass http://127.0.0.1:{a}; }
    location /rewritten-uri/ { add_header X-Location rewritten-uri always; rewrite ^/rewritten-uri/(.*)$ /$1 break; try_files $uri @named;
        proxy_pass http://127.0.0.1:{a}/new/; }
    location /set/ { add_header X-Location set always; set $file page.html; try_files /$file @named; proxy_pass http://127.0.0.1:{a}; }
    location /error/ { add_header X-Location error always; error_page 404 = @named; try_files /none =404; proxy_pass http://127.0.0.1:{a}; }
    location /error-chain/ { add_header X-Location error-chain always; recursive_error_pages on; error_page 404 /a/none;
        try_files /none =404; proxy_pass http://127.0.0.1:{a}; }
    location /intercept/ { add_header X-Location intercept always; proxy_intercept_errors on; error_page 404 = @named;
        try_files /page.html @named; proxy_pass http://127.0.0.1:{a}; }
    location / { add_header X-Location root always; return 404; }
    location /outside/ { add_header X-Location outside always; root {files}/a; try_files /x.txt @named; proxy_pass http://127.0.0.1:{a}; }
    location /outside-none/ { add_header X-Location outside-none always; root {files}/d; try_files /x.txt @named; proxy_pass http://127.0.0.1:{a}; }
    location /return/ { add_header X-Location return always; try_files /none @named; return 200 "first $uri"; }
    location /to-self/ { add_header X-Location to-self always; try_files /none /to-self/x; proxy_pass http://127.0.0.1:{a}; }
    location /to-auto { add_header X-Location to-auto always; try_files /none /plain; proxy_pass http://127.0.0.1:{a}; }
    location /variable/ { add_header X-Location variable always; set $port {a}; try_files /page.html @named; proxy_pass http://127.0.0.1:$port; }
    location /variable-uri/ { add_header X-Location variable-uri always; set $port {a}; try_files /page.html @named;
        proxy_pass http://127.0.0.1:$port/got$uri$is_args$args; }
    location /long/ { add_header X-Location long always; try_files /1 /2 /3 /4 /5 /6/ /7/ /d/ /page.html =404; proxy_pass http://127.0.0.1:{a}; }
    """),
    server(r"""
    root {files};
    try_files $uri @server;
    location / { add_header X-Location root always; proxy_pass http://127.0.0.1:{a}; }
    location /own/ { add_header X-Location own always; try_files /page.html =404; proxy_pass http://127.0.0.1:{a}; }
    location = /returned { add_header X-Location returned always; return 200 "returned"; }
    location @server { add_header X-Location server-fallback always; proxy_pass http://127.0.0.1:{b}; }
    """, "two.example", marker="two"),
]), ask("""/plain/x /plain /a/x.txt /a/none /a/none.txt /a/b/deep.html /a/b/none /regex/page.html /regex/x.txt /regex/none
           /rewritten/page.html /rewritten/none /rewritten-uri/page.html /rewritten-uri/a/x.txt /rewritten-uri/none /set/x /error/x
           /error-chain/x /intercept/x /intercept/answer-404 /outside/x /outside-none/x /return/x /to-self/ /to-self/x /to-auto /variable/x?y /variable-uri/x?y
           /long/x /own/x /page.html /none /returned /d /d/ /""", ["one.example", "two.example"]),
    ask("/a/none /a/x.txt /error/x /long/x /none", ["one.example", "two.example"], ["POST", "HEAD"], bodies=[b"xy"],
        headers=header_sets("X-A", "1")))

CASES = (LAST, PLACES)
