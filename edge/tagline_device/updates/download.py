"""Fetching an archive: so many bytes as were signed, from where it stopped if it did."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tagline.formats.edge import Statement
from tagline_device.backoff import Backoff
from tagline_device.errors import UpdateRefused

CHUNK = 256 * 1024
TRIES = 30  # a device is offline at times; the pauses between grow up to a minute
QUIET_SECONDS = 20.0  # without a byte
MOST_SECONDS = 1800.0  # for all tries together; addresses hold for an hour
_GONE = (400, 401, 403, 404, 410)
_NO_MORE = 416  # than what lies there: the file is shorter than was signed
_PARTIAL = 206


def fetch(
    url: str,
    statement: Statement,
    path: Path,
    *,
    plain: bool,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Fetch an archive to `path`; what lies there already is its beginning.

    `plain` lets http: be, on a laptop. Raise UpdateRefused when it cannot be had, has other bytes
    than were signed, or more.
    """
    allowed = ("http", "https") if plain else ("https",)
    if urlsplit(url).scheme not in allowed:
        raise UpdateRefused(f"download: the address does not begin with {' or '.join(allowed)}:")
    deadline = time.monotonic() + MOST_SECONDS
    begun, fault, pauses = path.exists(), "", Backoff()
    for attempt in range(TRIES):
        if attempt:
            wait(pauses.next())
        if time.monotonic() >= deadline:
            break
        try:
            _go_on(url, statement.bytes, path, deadline)
        except (OSError, http.client.HTTPException) as exc:
            fault = _words(exc)
            code = exc.code if isinstance(exc, urllib.error.HTTPError) else None
            if code == _NO_MORE:
                fault = f"fewer than the {statement.bytes} bytes that were signed"
                path.unlink(missing_ok=True)
            if code == _NO_MORE or code in _GONE:
                break
            continue
        if _digest(path) == statement.sha256:
            return
        fault = "the SHA-256 is not the one that was signed"
        path.unlink()
        if not begun:
            break
        begun = (
            False  # with something else, of which the rest was fetched: once more from the start
        )
    raise UpdateRefused(f"download: {fault or f'not done within {MOST_SECONDS:.0f} s'}")


def _go_on(url: str, size: int, path: Path, deadline: float) -> None:
    """Fetch what is missing of `size` bytes; raise OSError where the connection ends before."""
    begun = path.stat().st_size if path.exists() else 0
    if begun > size:
        path.unlink()
        begun = 0
    if begun == size:
        return
    request = urllib.request.Request(url)  # noqa: S310 - the scheme is checked
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    with urllib.request.urlopen(request, timeout=QUIET_SECONDS) as answer:  # noqa: S310 - checked
        if begun and answer.status != _PARTIAL:
            begun = 0  # a server that knows no ranges sends all of it
        with path.open("ab" if begun else "wb") as file:
            while chunk := answer.read(CHUNK):
                begun += len(chunk)
                if begun > size:
                    file.truncate(0)
                    raise UpdateRefused(f"download: more than the {size} bytes that were signed")
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise TimeoutError("it takes too long")
    if begun < size:
        raise ConnectionError(f"the connection ended after {begun} of {size} bytes")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _words(exc: OSError | http.client.HTTPException) -> str:
    """Return what happened, without the address, which is as good as a key."""
    if isinstance(exc, urllib.error.HTTPError):
        return f"the server answers {exc.code}"
    if isinstance(exc, urllib.error.URLError):
        return f"{exc.reason}"
    return str(exc) or type(exc).__name__
