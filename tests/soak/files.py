"""Files of the soak, which are replaced while they are served, and the roles that fetch them. What a
file holds follows from its name and its version, so that every part of it can be checked."""

import gzip
import os
import random
import re
import time

from backend import tagged

NAMES = [f"file{number}.txt" for number in range(12)]
SIZES = [1, 700, 5000, 20_000, 90_000, 400_000, 2_000_000]
MARK = re.compile(rb"<(file\d+\.txt)\.(\d{6})>")
LONGEST_MARK = 24
PAUSE = 0.01  # seconds between two replacements


def size_of(version):
    return SIZES[version * 5 % len(SIZES)] + version % 100


def content_of(name, version):
    return tagged(f"{name}.{version:06}", size_of(version))


class Files:
    """A folder whose files are replaced by rename, as deployments do."""

    def __init__(self, folder):
        self.folder = folder
        self.versions = 0
        for name in NAMES:
            self.replace(name)

    def replace(self, name):
        self.versions += 1
        draft = self.folder / f"draft.{name}"
        draft.write_bytes(content_of(name, self.versions))
        os.rename(draft, self.folder / name)

    def keep_replacing(self, stop):
        dice = random.Random("files")
        while not stop.is_set():
            self.replace(dice.choice(NAMES))
            time.sleep(PAUSE)


def check_part(part, first, total):
    """What is wrong with the bytes of a file from `first` on, of a file of that size; None: nothing."""
    found = MARK.search(part)
    if found is None:
        # Too short to say whose it is.
        return None if len(part) < 2 * LONGEST_MARK else "no mark"
    name, version = found.group(1).decode(), int(found.group(2))
    if size_of(version) != total:
        return f"{total} bytes of {name}, version {version}"
    if content_of(name, version)[first:first + len(part)] != part:
        return f"other bytes than those of {name}, version {version}"
    return None


def target_of(dice, encoded=True):
    places = ["files", "read", "cached", "packed"] if encoded else ["files", "read", "cached"]
    return f"/{dice.choice(places)}/{dice.choice(NAMES)}"


def get_file(client, expect, tag, dice):
    response = client.ask(target_of(dice), headers=[("Accept-Encoding", "gzip")])
    expect(response.status == 200, f"{tag}: {response.start}")
    body = response.body
    if response.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    wrong = check_part(body, 0, len(body))
    expect(wrong is None, f"{tag}: {wrong}")


def parts_of(response):
    """The bodies of a 206 with their first bytes and the size of the whole."""
    content_range = re.compile(rb"bytes (\d+)-(\d+)/(\d+)")
    kind = response.get("Content-Type")
    if not kind.startswith("multipart/byteranges"):
        first, last, total = map(int, content_range.fullmatch(
            response.get("Content-Range").encode()).groups())
        return [(response.body, first, last, total)]
    boundary = kind.partition("boundary=")[2].encode()
    body = b"\r\n" + response.body.removeprefix(b"\r\n")
    pieces = body.split(b"\r\n--" + boundary)
    if pieces[0] != b"" or pieces[-1] != b"--\r\n":
        raise ValueError("no good multipart")
    parts = []
    for piece in pieces[1:-1]:
        head, _, part = piece.partition(b"\r\n\r\n")
        first, last, total = map(int, content_range.search(head).groups())
        parts.append((part, first, last, total))
    return parts


RANGES = ["0-0", "-100", "500-", "0-499", "100-300,400-600", "0-99,-50", "4096-70000,-1"]


def get_ranges(client, expect, tag, dice):
    asked = dice.choice(RANGES)
    response = client.ask(target_of(dice, encoded=False), headers=[("Range", f"bytes={asked}")])
    expect(response.status in (200, 206, 416), f"{tag}: {response.start}")
    if response.status == 416:
        expect(asked[0] not in "-0", f"{tag}: {asked} is always there")
        return
    parts = ([(response.body, 0, len(response.body) - 1, len(response.body))]
             if response.status == 200 else parts_of(response))
    for part, first, last, total in parts:
        expect(len(part) == last - first + 1, f"{tag}: {len(part)} bytes for {first}-{last}")
        wrong = check_part(part, first, total)
        expect(wrong is None, f"{tag}: {asked}: {wrong}")
