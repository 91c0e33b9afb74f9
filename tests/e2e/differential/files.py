"""The folder that {files} stands for: what -f, -d, -e, -x and try_files look for, and includes."""

import pathlib
import shutil
import tempfile

TEXTS = {
    "a/x.txt": "a file", "a/b/deep.html": "deeper", "page.html": "a page", "sp ace.txt": "a space",
    "x.php": "code", "d/index.html": "an index", "plus+sign": "plus", "percent%41": "percent",
    "names.map": "included.example included;\n~^inc-(?<inc>.*)$ \"regex $inc\";\n*.inc.example wild;\n",
    "more.map": "default from-include;\nlate late;\n",
    "addresses.geo": "127.0.0.5 five;\n127.0.0.6/32 six;\n10.1.0.0/16 ten-one;\n",
    "ranges.geo": "127.0.0.5-127.0.0.6 five-six;\n10.1.0.0-10.1.255.255 ten-one;\n",
}


def make_files():
    """Makes the folder; workers that gave up root can read it."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="rpc-files-"))
    root.chmod(0o755)
    for name, text in TEXTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "empty").mkdir()
    (root / "link").symlink_to("page.html")
    (root / "dangling").symlink_to("nowhere")
    return root


def remove_files(root):
    shutil.rmtree(root, ignore_errors=True)
