"""Configurations of several files, and whole ones as they are found on machines."""

import subprocess

from lab.daemon import RPC
from lab.http import accepts, ask_raw, request_bytes


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_includes_with_globs_in_order(lab):
    daemon = lab.new_rpcd()
    write(daemon.folder, {
        "sites/20-second.conf": f'server {{ listen {lab.port}; server_name b; return 200 "second"; }}',
        "sites/10-first.conf": f'server {{ listen {lab.port}; server_name a; return 200 "first"; }}',
        "sites/ignored.txt": "nonsense",
        "parts/headers": "add_header X-Part one always;",
    })
    daemon.compile(lab.text_for(daemon, "include parts/headers; include sites/*.conf; include none/*;"))
    daemon.start()
    response = ask_raw(lab.port, request_bytes())
    assert response.body == b"first"  # The first file in order holds the default server.
    assert response.get("X-Part") == "one"
    assert ask_raw(lab.port, request_bytes(host="b")).body == b"second"


def test_include_within_location_and_upstream(lab):
    backend = lab.backend()
    daemon = lab.new_rpcd()
    write(daemon.folder, {
        "proxy_params": "proxy_set_header Host $http_host;\nproxy_set_header X-Real-IP $remote_addr;\n",
        "peers": f"server 127.0.0.1:{backend.port};\n",
        "nested/outer": "include nested/inner;\n",
        "nested/inner": "proxy_set_header X-Inner yes;\n",
    })
    daemon.compile(lab.text_for(daemon, """upstream group { include peers; }
        server { listen {port}; location / {
            include proxy_params; include nested/outer; proxy_pass http://group; } }"""))
    daemon.start()
    assert ask_raw(lab.port, request_bytes()).status == 200
    assert backend.last.get("Host") == "example.com"
    assert backend.last.get("X-Inner") == "yes"


def test_a_fragment_as_in_sites_enabled(lab):
    daemon = lab.new_rpcd()
    daemon.compile(f'upstream unused {{ server 127.0.0.1:1; }}\n'
                   f'server {{ listen {lab.port}; return 200 "fragment"; }}\n')
    daemon.start(is_ready=lambda: accepts(lab.port))
    assert ask_raw(lab.port, request_bytes()).body == b"fragment"


def test_prefix_moves_includes(lab):
    folder = lab.folder("configuration")
    write(folder, {"etc/site.conf": "include conf.d/*.conf;",
                   "prefix/conf.d/a.conf": f"server {{ listen {lab.port}; return 200; }}"})
    result = subprocess.run([RPC, "compile", "etc/site.conf", "-o", "site.rpt", "--prefix", "prefix"],
                            cwd=folder, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert (folder / "site.rpt").stat().st_size > 0


def test_a_directive_that_does_not_run_is_refused_by_name(lab):
    folder = lab.folder("configuration")
    write(folder, {"site.conf": "server { listen 80; sub_filter_once on; return 200; }"})
    result = subprocess.run([RPC, "compile", "site.conf", "-o", "site.rpt"], cwd=folder,
                            capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert "sub_filter_once" in result.stderr + result.stdout
    assert not (folder / "site.rpt").exists()
