"""Hold a site, in a folder or on the web, to its manifest, and to a build of the same commit."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import quote

from aifactory import manifest
from aifactory.errors import DataError

AGENT = "aifactory-verify (reproducible fact-check)"
AT_ONCE = 8
TRIES = 3
SLOWEST = 120.0  # seconds for one file


class Unreachable(DataError):
    """A site that doesn't answer, or answers with something else than its files."""


def is_address(site: str) -> bool:
    """Whether a site is named by its address on the web."""
    return re.match("https?://", site, re.I) is not None


def verify(site: str, build: Path | None = None) -> tuple[manifest.Manifest, list[str]]:
    """The manifest of a site, and all that is wrong with the site, one line a file.

    `build` is a site built here from the same commit, to be compared with. Raises BadManifest,
    Unreachable.
    """
    if is_address(site):
        site = site.rstrip("/")
        reader, at_once = web_reader(site), AT_ONCE
    else:
        reader, at_once = manifest.folder_reader(Path(site)), 1
    held = manifest.read(reader(manifest.FILE, manifest.LONGEST + 1), site)
    faults = manifest.check(held, reader, at_once)
    if not is_address(site):
        faults += manifest.unlisted(held, Path(site))
    if build:
        faults += compared(held, site, build)
    return held, faults


def compared(held: manifest.Manifest, site: str, build: Path) -> list[str]:
    """How a site's manifest differs from a build that lies here. Raises BadManifest."""
    reader = manifest.folder_reader(build)
    own = manifest.read(reader(manifest.FILE, manifest.LONGEST + 1), str(build))
    if own.commit != held.commit:
        raise manifest.BadManifest(
            f"{site} was built from commit {held.commit or 'unknown'}, {build} from "
            f"{own.commit or 'unknown'}: check that commit out and build it, or compare with none"
        )
    if own.address != held.address:
        raise manifest.BadManifest(
            f"{site} was built to stand at {held.address or 'no known address'}, {build} at "
            f"{own.address or 'no known address'}: build with BOOK_URL={held.address}"
        )
    here = manifest.of(build, own.version, own.commit, own.address)  # as it lies there, not as said
    return manifest.compare(held, here)


def web_reader(site: str) -> manifest.Reader:
    """Read the files of a site from the web: as they are, no longer than asked, from there alone.

    Nothing is unpacked and no redirect is followed, so that what is hashed is what that address
    holds. Raises Unreachable.
    """
    import httpx  # not in the reader's lock, and not needed for a folder

    times = httpx.Timeout(30, connect=10)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    client = httpx.Client(timeout=times, headers=headers)

    def once(url: str, most: int) -> bytes | None:
        started = time.monotonic()
        with client.stream("GET", url) as answer:
            if answer.status_code in (404, 410):
                return None
            if answer.has_redirect_location:
                raise Unreachable(f"{url} leads to {answer.headers['location']}: name that address")
            if answer.status_code != 200:
                raise httpx.ReadError(f"the server answers {answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise Unreachable(f"{url} comes packed, though asked for as it is")
            parts: list[bytes] = []
            for part in answer.iter_raw(65536):
                parts.append(part)
                if sum(map(len, parts)) >= most:
                    break
                if time.monotonic() - started > SLOWEST:
                    raise httpx.ReadTimeout(f"the file did not come within {SLOWEST:g} s")
        return b"".join(parts)[:most]

    def reader(name: str, most: int) -> bytes | None:
        url = f"{site}/{quote(name)}"
        for attempt in range(TRIES):
            try:
                return once(url, most)
            except httpx.InvalidURL as error:
                raise Unreachable(f"{site} is no address: {error}") from error
            except httpx.HTTPError as error:
                if attempt == TRIES - 1:
                    why = str(error) or type(error).__name__
                    raise Unreachable(f"{url}: {why} (tried {TRIES} times)") from error
                time.sleep(attempt + 0.2)
        raise AssertionError

    return reader
