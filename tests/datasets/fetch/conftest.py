"""A server of this machine with the faults of real ones, and the catalogue's RoadScene as a made repository."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from fusionbench import download
from fusionbench.datasets import catalog
from fusionbench.datasets.spec import Pin

from .published import images, pack, pin_of


@dataclass
class Server:
    """What the server gives, and how; change it at any time.

    Attributes
    ----------
    content : the body of every answer.
    ranges : whether Range is understood.
    length : whether the answer says how long it is; without, it is sent in chunks, or (None) ends with the connection.
    cut : after how many bytes the connection breaks, for each answer in turn; None for a whole one.
    status, kind, headers : of the answer.
    wait : seconds before the body, for each answer in turn.
    pause : seconds between two blocks of `block` bytes.
    asked : the Range of each request, "" for none.
    sent : how many bytes of bodies have been sent.
    """

    address: str = ""
    content: bytes = b""
    ranges: bool = True
    length: bool | None = True
    cut: list[int | None] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    kind: str = "application/x-gzip"
    headers: dict[str, str] = field(default_factory=dict)
    wait: list[float] = field(default_factory=list)
    pause: float = 0.0
    block: int = 1 << 14
    etag: str = '"one"'
    asked: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sent: int = 0


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            server.asked.append(wanted)
            server.paths.append(self.path)
            status = server.status.pop(0) if server.status else 200
            body, start = (server.content, 0) if status == 200 else (b"", 0)
            condition = self.headers.get("If-Range", server.etag)
            if status == 200 and wanted and server.ranges and condition == server.etag:
                start = int(wanted.removeprefix("bytes=").partition("-")[0])
                status = 206 if start < len(body) else 416
                body = body[start:]
            self.send_response(status)
            self.send_header("Content-Type", server.kind)
            if server.ranges and status != 416:
                self.send_header("ETag", server.etag)
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
            if status == 416:
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
            for name, value in server.headers.items():
                self.send_header(name, value)
            chunked = server.length is False and status == 200
            if server.length is None:
                self.send_header("Connection", "close")
            else:
                self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
            self.end_headers()
            self._send(body, chunked, server.cut.pop(0) if server.cut else None)

        def _send(self, body: bytes, chunked: bool, cut: int | None) -> None:
            time.sleep(server.wait.pop(0) if server.wait else 0)
            try:
                for at in range(0, len(body) if cut is None else min(cut, len(body)), server.block):
                    block = body[at : at + server.block][: None if cut is None else cut - at]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
                    self.wfile.flush()
                    server.sent += len(block)
                    time.sleep(server.pause)
                if cut is not None:
                    self.close_connection = True
                elif chunked:
                    self.wfile.write(b"0\r\n\r\n")
            except OSError:  # the client has hung up
                self.close_connection = True

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    about = Server()
    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(about))
    http_server.daemon_threads = True
    http_server.handle_error = lambda *arguments: None  # type: ignore[method-assign] # clients hang up here
    about.address = f"http://127.0.0.1:{http_server.server_port}"
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield about
    http_server.shutdown()
    thread.join()
    http_server.server_close()


@pytest.fixture
def files() -> dict[str, bytes]:
    return images()


PinIt = Callable[[Pin], None]


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> PinIt:
    """Make the catalogue's RoadScene that of a made repository."""

    def change(pin: Pin) -> None:
        specs = tuple(replace(spec, pin=pin) if spec.name == "RoadScene" else spec for spec in catalog._BUILT_IN)
        monkeypatch.setattr(catalog, "_BUILT_IN", specs)

    return change


@pytest.fixture
def road(server: Server, files: dict[str, bytes], pin: PinIt, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that gives the made RoadScene, which the catalogue pins."""
    server.content = pack(files)
    pin(pin_of(files))
    monkeypatch.setenv("FUSIONBENCH_MIRROR", server.address)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return server
