"""A mirror on the loopback interface that fails as told, over real HTTP."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        self.server.requests.append(name)
        self.server.answer(self, self.server.files[name])

    def log_message(self, *_: object) -> None:
        pass

    def send(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class MirrorServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.requests: list[str] = []
        self.answer: Callable[[Handler, bytes], None] = whole
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mnist/"

    def close(self) -> None:
        """Refuse connections from now on."""
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Stay quiet about clients that hang up."""


def whole(handler: Handler, body: bytes) -> None:
    handler.send(200, len(body))
    handler.wfile.write(body)


def cut_short(handler: Handler, body: bytes) -> None:
    handler.send(200, len(body))
    handler.wfile.write(body[: len(body) // 2])


def stalled(handler: Handler, body: bytes) -> None:
    cut_short(handler, body)
    handler.server.closing.wait()


def silent(handler: Handler, _body: bytes) -> None:
    handler.server.closing.wait()


def wrong_byte(handler: Handler, body: bytes) -> None:
    middle = len(body) // 2
    whole(handler, body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :])


def html_page(handler: Handler, _body: bytes) -> None:
    whole(handler, b"<!DOCTYPE html><title>This domain is for sale</title>")


def not_found(handler: Handler, _body: bytes) -> None:
    handler.send(404, 0)


def redirect_loop(handler: Handler, _body: bytes) -> None:
    handler.send(302, 0, Location=handler.path)


def not_http(handler: Handler, _body: bytes) -> None:
    handler.wfile.write(b"ftp ready\r\n\r\n")


FAULTS = (
    cut_short,
    stalled,
    silent,
    wrong_byte,
    html_page,
    not_found,
    redirect_loop,
    not_http,
)
