"""A publisher on this machine: an HTTP server whose manners a test may choose."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fivefold.public_data.records import parse
from fivefold.public_data.transfer import Limits

CALM = Limits(timeout=30.0, attempts=3, pause=0.0, redirects=3)


def checksum(body, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


@dataclass
class Page:
    """How one path is answered.

    Attributes:
        body: The file.
        etag: Its version; None for no header.
        ranges: Whether a part of it can be asked for.
        condition: Whether If-Range is minded.
        cuts: After how many bytes each answer breaks off, in turn; then none does.
        codes: Status codes of the first answers.
        location: Where it leads on to.
        silent: The answer stops after this many bytes, with the connection open.
        length: Whether the length is told.
        headers: Further headers.
    """

    body: bytes = b""
    etag: str | None = '"1"'
    ranges: bool = True
    condition: bool = True
    cuts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    location: str | None = None
    silent: int | None = None
    length: bool = True
    headers: dict[str, str] = field(default_factory=dict)


class Answer(BaseHTTPRequestHandler):
    """One request, answered as its page says."""

    def do_GET(self):
        host = self.server.host
        host.asked.append((self.path, dict(self.headers)))
        page = host.pages.get(self.path, Page(codes=[404] * 9))
        if page.location is not None:
            self.head(302, {"Location": page.location, "Content-Length": "0"})
        elif page.codes:
            self.head(page.codes.pop(0), {"Content-Length": "0", **page.headers})
        else:
            self.send_file(page)

    def send_file(self, page):
        start = self.start(page)
        headers = dict(page.headers)
        if page.etag:
            headers["ETag"] = page.etag
        if page.length:
            headers["Content-Length"] = str(len(page.body) - start)
        if start >= len(page.body) > 0:
            self.head(416, {"Content-Length": "0"})
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(page.body) - 1}/{len(page.body)}"
        self.head(206 if start else 200, headers)
        end = start + page.cuts.pop(0) if page.cuts else len(page.body)
        if page.silent is not None:
            end = start + page.silent
        self.wfile.write(page.body[start:end])
        if page.silent is not None:
            self.wfile.flush()
            self.server.host.over.wait(30)
        self.close_connection = True

    def start(self, page):
        asked, known = self.headers.get("Range"), self.headers.get("If-Range")
        same = known == page.etag or not page.condition
        return int(asked[len("bytes=") : -1]) if asked and page.ranges and same else 0

    def head(self, code, headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        """Nothing on the terminal."""


class Host:
    """The publisher.

    Attributes:
        pages: What it has, by path.
        asked: (path, headers) of every request so far.
    """

    def __init__(self):
        self.pages, self.asked, self.over = {}, [], threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.host = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def put(self, path, body, **manners):
        self.pages[path] = Page(body=body, **manners)
        return f"{self.url}{path}"

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def record_of(*files, **more):
    """A data set of files, each as its table has it."""
    stated = any("bytes" in file or "checksum" in file for file in files)
    facts = {
        "title": "a thing",
        "target": "class",
        "licence": "not stated",
        "citation": "nobody",
        "address_from": "a test",
        "facts_from": "a test" if stated else "",
        "data": files[0]["name"],
    }
    return parse("thing", "image", {**facts, "files": list(files), **more})


class Diary:
    """Progress that remembers what it was told."""

    def __init__(self):
        self.said, self.bars = [], []

    def step(self, name):
        self.said.append(name)

    def say(self, text):
        self.said.append(text)

    def bar(self, name, share, note=""):
        self.bars.append((name, share, note))


def left(root):
    """What lies below a folder, locks aside."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )
