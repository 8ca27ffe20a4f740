"""Files from the network: kept as they come, gone on with after a cut; what goes wrong is said in one sentence."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from .errors import RunError
from .files import write_text, writing
from .version import __version__

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[int, int | None], None]
TIMEOUT = 30.0  # seconds without a byte
TRIES = 4  # in a row without a byte
PAUSE = 0.5  # seconds before the second try, and twice as long before each further one
_BLOCK = 1 << 14  # what is lost by a cut, at most
_STATUS = {
    401: "the server wants a login",
    403: "the server refuses it, as it does where too much is asked of it: try again later",
    404: "there is nothing at this address",
    407: "the proxy wants a login: put it into HTTPS_PROXY",
    410: "there is nothing at this address any more",
    429: "the server is asked too often: try again later",
    451: "the server may not give it, for legal reasons",
}


class DownloadError(RunError):
    """The file cannot be had; what has come of it is kept."""


class StartAgainError(Exception):
    """The server gives the file from its beginning only: what has been read of it is void."""


def _no_progress(done: int, total: int | None) -> None:
    """Show no progress."""


class Download:
    """A file that comes over the network: `read` gives its bytes, first those that an earlier try has kept.

    Parameters
    ----------
    url : the address.
    part : the file in which bytes are kept as they come; beside it, in `.json`, what the server said of them.
    progress : called with how many bytes are there, and how many there will be if the server says so.
    hint : what else a user can do, said where the network fails.

    Attributes
    ----------
    resumed : whether some of the bytes are of an earlier try.
    """

    def __init__(self, url: str, part: Path, progress: Progress = _no_progress, hint: str = "") -> None:
        self.url, self._part, self._progress, self._hint = url, part, progress, hint
        self._memory = part.with_name(f"{part.name}.json")
        self._facts = self._read_facts()
        with writing(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            self._file = part.open("r+b" if self._facts else "w+b", buffering=0)
            self._size = part.stat().st_size
        self._position = 0
        self.resumed = self._size > 0
        self._answered, self._restarts = False, 0
        self._response: Response | None = None
        self._blocks: Iterator[bytes] | None = None

    @property
    def whole(self) -> bool:
        """Whether all of the file is there, as far as the server has said how long it is."""
        return self._size == self._facts.get("total")

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *error: object) -> None:
        self._hang_up()
        self._file.close()
        if not self._size:
            self.forget()

    def read(self, size: int = _BLOCK, /) -> bytes:
        """Give at most `size` bytes; none at the end.

        Raises
        ------
        DownloadError
            The network or the server fails, after several tries.
        StartAgainError
            The server does not go on where the download was cut: read again, from the beginning.
        RunError
            There is no room for it on the disk.
        """
        if self._position == self._size:
            block = self._next()
            with writing(self._part):
                self._file.seek(self._size)
                self._file.write(block)
            self._size += len(block)
        self._progress(self._size, self._facts.get("total"))
        with writing(self._part):
            self._file.seek(self._position)
            data = self._file.read(min(size if size > 0 else _BLOCK, self._size - self._position))
        self._position += len(data)
        return data

    def finish(self) -> None:
        """Read to the end, with nothing else in view than that the file is there."""
        while True:
            try:
                while self.read():
                    pass
                return
            except StartAgainError:
                pass

    def forget(self) -> None:
        """Delete what is kept: it is not what it should be, or no longer needed."""
        self._hang_up()
        self._file.close()
        for path in (self._part, self._memory):
            path.unlink(missing_ok=True)

    def _next(self) -> bytes:
        """Get the next bytes from the server; after a cut, ask again."""
        from urllib3.exceptions import HTTPError

        if self._facts.get("total") == self._size:
            return b""
        for failed in range(TRIES):
            try:
                if self._blocks is None:
                    self._ask()
                block = next(self._blocks or iter(()), b"")
                if not block and self._size < (self._facts.get("total") or 0):
                    raise OSError("the connection was cut")
            except (HTTPError, OSError) as error:  # those of requests are OSErrors
                self._hang_up()
                if not self._answered or failed == TRIES - 1:
                    raise DownloadError(self._sentence(_reason(error))) from error
                time.sleep(PAUSE * 2**failed)
                continue
            if not self._size and self._is_page(block):
                self.forget()
                raise DownloadError(
                    self._sentence(
                        "a web page came in place of the file, as logins and proxies send it: a browser shows it"
                    )
                )
            return block
        return b""

    def _ask(self) -> None:
        """Ask the server for what is lacking."""
        import requests

        headers = {"Accept-Encoding": "identity", "User-Agent": f"fusionbench/{__version__}"}
        if self._size:
            headers["Range"] = f"bytes={self._size}-"
            tag = self._facts.get("etag") or ""
            headers |= {"If-Range": tag} if tag.startswith('"') else {}  # a weak one does not vouch for single bytes
        answer = self._response = requests.get(self.url, headers=headers, stream=True, timeout=TIMEOUT)
        self._answered, status = True, answer.status_code
        start, total = _range(answer)
        if status >= 500:
            raise OSError(f"{status}: the server has trouble of its own")
        if status not in (200, 206, 416) or (status != 200 and not self._size):
            raise DownloadError(self._sentence(_refusal(answer)))
        if status == 416 and total == self._size:  # that was all
            self._blocks = iter(())
            return
        if self._size and start != self._size:  # from the beginning, whatever was asked for
            self._file.truncate(0)
            self._size = 0
            if status != 200:
                self._ask()
                return
        if status == 200:
            total = int(length) if (length := answer.headers.get("Content-Length", "")).isdigit() else None
        self._facts = {"url": self.url, "etag": answer.headers.get("ETag"), "total": total}
        write_text(self._memory, json.dumps(self._facts))
        self._blocks = answer.raw.stream(_BLOCK, decode_content=False)
        if self._position > self._size:
            self._position, self._restarts = 0, self._restarts + 1
            if self._restarts >= TRIES:
                raise DownloadError(
                    self._sentence(f"it was cut {TRIES} times, and the server does not go on from there")
                )
            raise StartAgainError

    def _is_page(self, block: bytes) -> bool:
        kind = "" if self._response is None else self._response.headers.get("Content-Type", "")
        head = block.lstrip()[:15].lower()
        return head.startswith((b"<!doctype html", b"<html")) or ("html" in kind and head.startswith(b"<"))

    def _hang_up(self) -> None:
        if self._response is not None:
            self._response.close()
        self._response = self._blocks = None

    def _read_facts(self) -> dict[str, Any]:
        """What the server said when the kept bytes came; nothing if they are of something else."""
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
            return known if known["url"] == self.url and self._part.is_file() else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _sentence(self, why: str) -> str:
        kept = "; what has come is kept, and the same command goes on from there" if self._size else ""
        return f"cannot download {self.url} ({why}){kept}" + (f"; {self._hint}" if self._hint else "")


def download(
    url: str, target: Path, check: Callable[[Path], None], progress: Progress = _no_progress, hint: str = ""
) -> None:
    """Download a whole file, unless it is there; it takes its name when it has passed the check.

    Parameters
    ----------
    url, progress, hint : as for `Download`.
    target : the file; it is hidden beside this place until it is whole.
    check : raises a RunError where the file is not what it should be.

    Raises
    ------
    DownloadError
        The network or the server fails.
    RunError
        The disk is full, or what came is not what it should be: nothing is left of it.
    """
    part = target.with_name(f".{target.name}.part")
    with alone(target.with_name(f".{target.name}.lock")):
        if target.is_file():
            return
        while True:
            with Download(url, part, progress, hint) as source:
                source.finish()
                try:
                    check(part)
                except RunError:
                    source.forget()
                    if source.resumed:  # its two halves may be of different files
                        continue
                    raise
            part.replace(target)
            source.forget()
            return


@contextlib.contextmanager
def alone(lock: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let one process work at a time; the others wait, after `waiting` was called.

    Parameters
    ----------
    lock : the file by which the processes know of each other; it is deleted in the end.
    """
    with writing(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        only = FileLock(lock)
        try:
            only.acquire(timeout=0)
        except Timeout:
            waiting()
            only.acquire()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()
        only.release()


def _range(answer: Response) -> tuple[int | None, int | None]:
    """Read "bytes 100-199/200": where the answer starts, and how large the whole is."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
    start, total = match.groups() if match else (None, None)
    return int(start) if start else None, int(total) if total and total != "*" else None


def _refusal(answer: Response) -> str:
    """Say what a status means."""
    status = answer.status_code
    wait = answer.headers.get("Retry-After", "")
    why = _STATUS.get(status, "the server does not give it")
    return f"{status}: {why}" + (f", in {wait} seconds" if wait.isdigit() else "")


def _reason(error: Exception) -> str:
    """Say what the network has against it."""
    from requests import exceptions as of_requests
    from urllib3 import exceptions as of_urllib3

    text = str(error)
    if isinstance(error, of_requests.SSLError) and "certificate" not in text.lower():
        return "no secure connection to the server comes about: does it speak HTTPS?"
    if isinstance(error, of_requests.SSLError):
        return (
            "the server's certificate is not accepted; where a proxy looks into everything, REQUESTS_CA_BUNDLE has to "
            "name its certificate"
        )
    if isinstance(error, of_requests.ProxyError):
        return "the proxy of HTTPS_PROXY or HTTP_PROXY does not let it through"
    if isinstance(error, of_requests.Timeout | of_urllib3.TimeoutError) or "timed out" in text:
        return f"the server has been silent for {TIMEOUT:g} seconds"
    if isinstance(error, of_requests.ConnectionError) and "aborted" not in text:
        return "the server cannot be reached: is this machine on the network?"
    if isinstance(error, of_requests.InvalidURL | of_requests.MissingSchema | of_requests.InvalidSchema):
        return "this is no address of a server"
    if isinstance(error, of_urllib3.HTTPError | of_requests.ConnectionError):
        return "the connection was cut"
    return " ".join(text.split())
