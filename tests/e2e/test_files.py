"""Tests of files and try_files, compared with nginx."""

import os

import pytest

from lab.backend import answer, replying

HTTP = """
root {root};
server {
    listen {host}:{port};
    location / {
        set $kind "";
        if (-f $request_filename) { set $kind "${kind}f"; }
        if (-d $request_filename) { set $kind "${kind}d"; }
        if (-e $request_filename) { set $kind "${kind}e"; }
        if (-x $request_filename) { set $kind "${kind}x"; }
        if (!-f $request_filename) { set $kind "${kind}-f"; }
        if (!-d $request_filename) { set $kind "${kind}-d"; }
        if (!-e $request_filename) { set $kind "${kind}-e"; }
        if (!-x $request_filename) { set $kind "${kind}-x"; }
        return 200 "$kind $request_filename $document_root";
    }
    location /maintenance/ {
        if (-f $document_root/down) { return 503; }
        proxy_pass http://127.0.0.1:{backend};
    }
    location /sub/ {
        root {root}/folder;
        if (-f $document_root/inner) { return 200 "inner"; }
        return 404;
    }
    location /top/ {
        root /;
        if (-d $document_root/etc) { set $kind "etc"; }
        if (-e ${document_root}$uri) { set $kind "$kind odd"; }
        return 200 "$kind [$document_root] $request_filename";
    }
    location /zero/ { try_files /none =0; proxy_pass http://127.0.0.1:{backend}; }
    location /try/ { try_files $uri /folder$uri $uri/ @named; proxy_pass http://127.0.0.1:{backend}; }
    location /code/ { try_files /none /nor-this =410; proxy_pass http://127.0.0.1:{backend}; }
    location /uri/ { try_files /none /target?$args; proxy_pass http://127.0.0.1:{backend}; }
    location /found/ { try_files /none /file =404; proxy_pass http://127.0.0.1:{backend}; }
    location /folder-found/ { try_files /folder/ =404; proxy_pass http://127.0.0.1:{backend}; }
    location /kept/ { try_files /none @named; if ($arg_a) { set $b c; } proxy_pass http://127.0.0.1:{backend}; }
    location /target { return 200 "target $uri $args"; }
    location @named { return 200 "named $uri"; }
}
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    root = shared_lab.folder("root")
    (root / "folder" / "try").mkdir(parents=True)
    (root / "folder" / "try" / "there").write_text("x")
    (root / "folder" / "inner").write_text("x")
    (root / "file").write_text("x")
    (root / "program").write_text("x")
    (root / "program").chmod(0o755)
    (root / "down").write_text("x")
    (root / "with space").write_text("x")
    (root / "try" / "sub").mkdir(parents=True)
    (root / "try" / "file").write_text("x")
    os.symlink(root / "file", root / "link")
    os.symlink(root / "nowhere", root / "dangling")
    os.mkfifo(root / "pipe")
    backend = shared_lab.backend(replying(lambda r: answer(f"backend {r.target}".encode())))
    return shared_lab.pair(HTTP, root=root, backend=backend)


@pytest.mark.parametrize("target", [
    "/file", "/program", "/folder", "/folder/", "/none", "/link", "/dangling", "/pipe",
    "/with%20space", "/file/none", "/" + "n" * 300, "/", "/maintenance/x", "/sub/x",
    "/try/file", "/try/file?a=b", "/try/there", "/try/sub", "/try/sub/", "/try/none", "/code/x",
    "/uri/x?a=b", "/top/x", "/zero/x", "/found/x?y", "/folder-found/", "/kept/x", "/kept/x?a=1"])
def test_finds_what_nginx_finds(pair, target):
    theirs, ours = pair.ask(target)
    assert (ours.status, ours.body if ours.status == 200 else b"") == \
        (theirs.status, theirs.body if theirs.status == 200 else b"")
