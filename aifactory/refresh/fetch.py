"""Fetch one file of a source, or say in a line why not.

Every wait has an end and every body a limit, packed and unpacked. What a server sends is believed
only as far as it can be checked: its type, its first bytes, its length, its checksum. A copy of
each file is kept with its ETag and Last-Modified, so that an unchanged file is not sent again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email.utils
import functools
import hashlib
import json
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import tenacity

from aifactory import files
from aifactory.errors import DataError

from .recipes import File, Recipe

AGENT = "aifactory-refresh (reproducible fact-check)"
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
TYPES = {
    "csv": {"text/csv", "text/plain", "application/csv", "text/x-csv", "text/tab-separated-values"},
    "zip": {"application/zip", "application/x-zip-compressed", "application/x-zip"},
    "stata": {"application/x-stata", "application/x-stata-dta", "application/x-stata-14"},
}
ANY = {"application/octet-stream", "binary/octet-stream", ""}
FIRST_BYTES = {"zip": (b"PK\x03\x04",), "stata": (b"<stata_dta>", b"\x71", b"\x72", b"\x73")}


class RefreshError(DataError):
    """A source that could not be taken; the message names it, the file and the remedy."""


class Unreachable(RefreshError):
    """Nothing came, or not all of it: worth another try later."""


class Refused(RefreshError):
    """Something came, and it is not what data/ may hold."""


@dataclass(frozen=True)
class Limits:
    """How long to wait, how often to try, how far to follow."""

    connect_s: float = 10
    read_s: float = 30
    total_s: float = 300  # for one try, from the first redirect to the last byte
    tries: int = 5
    wait_s: float = 1  # before the second try; doubles, plus a random part
    wait_most_s: float = 60
    redirects: int = 5


@dataclass(frozen=True)
class Fetched:
    """A file's content, and whether the server said that it had not changed."""

    content: bytes
    unchanged: bool


class _Wait(Exception):
    """A server that asks for another try, after `seconds` where it says so."""

    def __init__(self, status: int, seconds: float | None) -> None:
        super().__init__(f"the server answers {status}")
        self.seconds = seconds


@dataclass
class _Answer:
    status: int
    headers: httpx.Headers
    content: bytes


def fetch(recipe: Recipe, file: File, kept: Path, limits: Limits) -> Fetched:
    """A file, whole and checked. Raises Unreachable or Refused; `kept` then stays as it was.

    `kept` is the folder of copies.
    """
    copy = _Copy(kept, file.url)
    answer = _persist(recipe, file, copy.conditions(), limits)
    if answer.status == 304:
        content = copy.content()
        if content is None:
            raise Unreachable(_say(recipe, file, "not changed, says the server, but no copy is kept"
                                   " here", "Run the refresh again."))  # fmt: skip
        _check(recipe, file, content)
        return Fetched(content, True)
    _check_type(recipe, file, answer.headers.get("content-type", ""))
    _check_digests(recipe, file, answer)
    _check(recipe, file, answer.content)
    copy.keep(answer)
    return Fetched(answer.content, False)


def _say(recipe: Recipe, file: File, what: str, remedy: str) -> str:
    return f"{recipe.source}: {file.url}: {what}. {remedy}"


# --- trying --------------------------------------------------------------------------------------


def _persist(recipe: Recipe, file: File, conditions: dict[str, str], limits: Limits) -> _Answer:
    """The answer of the first try that has one. Raises Unreachable, Refused."""
    back_off = tenacity.wait_exponential_jitter(
        multiplier=limits.wait_s, max=limits.wait_most_s, jitter=limits.wait_s
    )

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.seconds if isinstance(error, _Wait) else None
        return back_off(state) if asked is None else max(asked, 0)

    def worth_it(error: BaseException) -> bool:
        if isinstance(error, _Wait):  # a server that wants hours gets none
            return error.seconds is None or error.seconds <= limits.wait_most_s
        return isinstance(error, httpx.TransportError)

    tries = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(limits.tries),
        wait=wait,
        retry=tenacity.retry_if_exception(worth_it),
        sleep=time.sleep,
        reraise=True,
    )
    later = "Try again later; data/ stays as it was."
    try:
        return tries(_try, recipe, file, conditions, limits)
    except _Wait as error:
        asks = "" if error.seconds is None else f" and asks to wait {error.seconds:.0f} s"
        raise Unreachable(_say(recipe, file, f"{error}{asks}", later)) from error
    except TimeoutError as error:
        what = f"the file did not come within {limits.total_s:g} s"
        raise Unreachable(_say(recipe, file, what, later)) from error
    except httpx.TransportError as error:
        what = f"{_why(error)} (tried {limits.tries} times)"
        remedy = f"Is this machine on the net? {later}"
        raise Unreachable(_say(recipe, file, what, remedy)) from error


def _why(error: httpx.TransportError) -> str:
    """A failure of the connection in words."""
    kinds: list[tuple[type[Exception], str]] = [
        (httpx.ConnectTimeout, "no connection in time"),
        (httpx.TimeoutException, "the server fell silent"),
        (httpx.ConnectError, "no connection"),
        (httpx.RemoteProtocolError, "the transfer was cut off"),
        (httpx.ReadError, "the connection was lost"),
    ]
    words = next((words for kind, words in kinds if isinstance(error, kind)), "the transfer failed")
    return f"{words}: {error}" if str(error) else words


def _try(recipe: Recipe, file: File, conditions: dict[str, str], limits: Limits) -> _Answer:
    """One try. In a loop of its own, since only so can a whole try have one deadline."""

    _trust()

    async def within() -> _Answer:
        async with asyncio.timeout(limits.total_s):
            return await _get(recipe, file, conditions, limits)

    return asyncio.run(within())


@functools.cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; made once, for that takes longer than many a transfer."""
    return httpx.create_ssl_context()


async def _get(recipe: Recipe, file: File, conditions: dict[str, str], limits: Limits) -> _Answer:
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip", **conditions}
    times = httpx.Timeout(limits.read_s, connect=limits.connect_s)
    url = httpx.URL(file.url)
    async with httpx.AsyncClient(verify=_trust(), timeout=times) as client:
        for _ in range(limits.redirects + 1):
            async with client.stream("GET", url, headers=headers) as response:
                if not response.has_redirect_location:
                    return await _read(recipe, file, response)
                url = _next(recipe, file, url, response.headers["location"])
    what = f"redirected more than {limits.redirects} times"
    raise Refused(_say(recipe, file, what, _MOVED))


_MOVED = (
    "Look the file up on the page of the source, and put its address into "
    "aifactory/refresh/recipes.py."
)


def _next(recipe: Recipe, file: File, url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads, if that is allowed. Raises Refused."""
    try:
        target = url.join(location)
    except httpx.InvalidURL as error:
        raise Refused(_say(recipe, file, f"redirected to {location!r}", _MOVED)) from error
    if target.scheme not in ("http", "https") or not target.host:
        raise Refused(_say(recipe, file, f"redirected to {location!r}, not to https", _MOVED))
    if url.scheme == "https" and target.scheme == "http":
        raise Refused(_say(recipe, file, f"redirected from https to {target}", _MOVED))
    return target


async def _read(recipe: Recipe, file: File, response: httpx.Response) -> _Answer:
    """Status and body, within the limit. Raises _Wait, Unreachable, Refused."""
    status = response.status_code
    if status == 304:
        return _Answer(status, response.headers, b"")
    if status in AGAIN:
        raise _Wait(status, _seconds(response.headers.get("retry-after", "")))
    if status in (404, 410):
        raise Refused(_say(recipe, file, f"the server answers {status}, no such file", _MOVED))
    if status != 200:
        remedy = "Open the address in a browser to see what it wants."
        raise Refused(_say(recipe, file, f"the server answers {status}", remedy))
    unpack = _unpacker(recipe, file, response.headers.get("content-encoding", ""))
    parts, size, packed = [], 0, 0
    async for chunk in response.aiter_raw():
        packed += len(chunk)
        for part in unpack(chunk):
            parts.append(part)
            size += len(part)
            if size > file.limit:
                break
        if max(size, packed) > file.limit:
            remedy = "If the file has grown, raise its limit in aifactory/refresh/recipes.py."
            raise Refused(_say(recipe, file, f"more than {file.limit:,} bytes came", remedy))
    for part in unpack(None):
        parts.append(part)
    return _Answer(status, response.headers, b"".join(parts))


def _unpacker(recipe: Recipe, file: File, encoding: str) -> Callable[[bytes | None], Iterator]:
    """A function that unpacks chunks in pieces of bounded size; None says that all have come."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return lambda chunk: iter([chunk] if chunk else [])
    if encoding not in ("gzip", "x-gzip"):
        remedy = "Try again; if it stays, the recipe needs another address."
        raise Refused(_say(recipe, file, f"packed as {encoding!r}, not as asked for", remedy))
    machine = zlib.decompressobj(31)

    def unpack(chunk: bytes | None) -> Iterator[bytes]:
        try:
            if chunk is None:
                if not machine.eof:
                    raise httpx.RemoteProtocolError("the packed body ends early")
                return
            rest = chunk
            while rest and not machine.eof:
                yield machine.decompress(rest, 65536)
                rest = machine.unconsumed_tail
        except zlib.error as error:
            raise httpx.RemoteProtocolError(f"the packed body is broken: {error}") from error

    return unpack


def _seconds(text: str) -> float | None:
    """Retry-After, a number of seconds or a date, in seconds; None where there is none."""
    text = text.strip()
    if text.isdigit():
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0)
    return None


# --- checking ------------------------------------------------------------------------------------


def _check_type(recipe: Recipe, file: File, header: str) -> None:
    kind = header.split(";")[0].strip().lower()
    if kind in TYPES[file.kind] | ANY:
        return
    page = "a web page" if "html" in kind else f"{kind!r}"
    raise Refused(_say(recipe, file, f"{page} came where {file.kind} is expected", _MOVED))


def _check_digests(recipe: Recipe, file: File, answer: _Answer) -> None:
    """Hold the body to the checksum that came with it, if any did (RFC 9530, RFC 1864)."""
    if answer.headers.get("content-encoding"):
        return  # it is over the packed body
    wanted = {}
    for item in answer.headers.get("repr-digest", "").split(","):
        name, _, value = item.strip().partition("=")
        if name.lower() == "sha-256":
            wanted["sha256"] = value.strip(":")
    if "content-md5" in answer.headers:
        wanted["md5"] = answer.headers["content-md5"]
    for name, value in wanted.items():
        if base64.b64encode(hashlib.new(name, answer.content).digest()).decode() != value:
            _wrong_sum(recipe, file, name)


def _wrong_sum(recipe: Recipe, file: File, name: str) -> None:
    remedy = "Try again; if it stays, ask the publisher which of the two is right."
    raise Refused(_say(recipe, file, f"its {name} is not the one that is stated for it", remedy))


def _check(recipe: Recipe, file: File, content: bytes) -> None:
    """Checksum of the recipe, first bytes, emptiness. Raises Refused."""
    if not content.strip():
        remedy = "Try again later; data/ stays as it was."
        raise Refused(_say(recipe, file, "the file is empty", remedy))
    if file.checksum:
        name, _, value = file.checksum.partition(":")
        if hashlib.new(name, content).hexdigest() != value:
            _wrong_sum(recipe, file, name)
    if file.kind == "csv":
        head = content[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"<"):
            raise Refused(_say(recipe, file, "a web page came where csv is expected", _MOVED))
        if b"\0" in head:
            what = "not text, though csv is expected"
            raise Refused(_say(recipe, file, what, _MOVED))
    elif not content.startswith(FIRST_BYTES[file.kind]):
        raise Refused(_say(recipe, file, f"its first bytes are not those of {file.kind}", _MOVED))


# --- copies --------------------------------------------------------------------------------------


class _Copy:
    """The copy of one address: its body, and beside it what the server said of it."""

    def __init__(self, folder: Path, url: str) -> None:
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        self.url = url
        self.body, self.label = folder / f"{name}.body", folder / f"{name}.json"

    def content(self) -> bytes | None:
        """The body, or None unless it is whole."""
        try:
            said = json.loads(self.label.read_text(encoding="utf-8"))
            content = self.body.read_bytes()
        except (OSError, ValueError):
            return None
        whole = isinstance(said, dict) and said.get("url") == self.url
        same = whole and said.get("sha256") == hashlib.sha256(content).hexdigest()
        return content if same else None

    def conditions(self) -> dict[str, str]:
        """Headers that ask for the file only if it differs from the copy."""
        if self.content() is None:
            return {}
        said = json.loads(self.label.read_text(encoding="utf-8"))
        names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
        return {name: said[key] for name, key in names.items() if said.get(key)}

    def keep(self, answer: _Answer) -> None:
        """Keep what came."""
        said: dict[str, Any] = {"url": self.url}
        said["sha256"] = hashlib.sha256(answer.content).hexdigest()
        for name in ("etag", "last-modified"):
            if name in answer.headers:
                said[name] = answer.headers[name]
        self.body.parent.mkdir(parents=True, exist_ok=True)
        files.atomically(self.body, lambda at: at.write_bytes(answer.content))
        files.write_text(self.label, json.dumps(said, indent=1) + "\n")
