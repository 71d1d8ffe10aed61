"""Refreshing data: recipes on files in upstream's form, a server that misbehaves, the difference.

Whatever the server does, data/ is as it was, to the byte, and one line names source and remedy.
"""

from __future__ import annotations

import dataclasses
import errno
import gzip
import hashlib
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aifactory import data, datacheck, refresh, whatif
from aifactory.__main__ import app
from aifactory.refresh import diff, fetch, recipes, store
from aifactory.refresh.recipes import File

TABLE = "power/henry_hub_monthly"
(HENRY,) = refresh.choose([TABLE])
PATIENT = refresh.Limits(
    connect_s=20, read_s=20, total_s=60, tries=2, wait_s=0.01, wait_most_s=0.05, redirects=3
)
QUICK = refresh.Limits(
    connect_s=0.5, read_s=0.15, total_s=0.5, tries=2, wait_s=0.01, wait_most_s=0.05, redirects=3
)


# --- a small data folder and a server ------------------------------------------------------------


@pytest.fixture
def small(root, tmp_path, monkeypatch):
    """A data folder of one table and the sources."""
    folder = tmp_path / "data"
    pack = json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))
    pack["resources"] = [one for one in pack["resources"] if one["name"] in (TABLE, "sources")]
    for one in pack["resources"]:
        (folder / one["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / one["path"]).write_bytes((root / "data" / one["path"]).read_bytes())
    datacheck.write(folder, pack)
    monkeypatch.setenv(data.ENVIRONMENT, str(folder))
    data.forget()
    yield folder
    data.forget()


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


class Server(ThreadingHTTPServer):
    """Answers with whatever `behave` does, and remembers what it was asked."""

    daemon_threads = True
    behave = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    def handle_error(self, request, client_address):
        pass  # clients hang up: that is the point

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/monthly.csv"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        self.close_connection = True
        self.server.behave(self)

    def log_message(self, *given):
        pass


@pytest.fixture(scope="module")
def one_server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(one_server, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one_server.asked.clear()
    return one_server


def answer(body=b"", status=200, kind="text/csv", **headers):
    """A server that answers one thing; `length` overrides the true one."""

    def behave(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        length = headers.get("length", len(body))
        if length is not None:
            handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            if name != "length":
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def turns(*behaviours):
    """One behaviour after another; the last one stays."""
    left = list(behaviours)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def upstream(folder):
    """The file as upstream has it, made from the table."""
    return (folder / f"{TABLE}.csv").read_bytes().replace(
        b"month,henry_hub_usd_per_mmbtu", b"Month,Price"
    )  # fmt: skip


def henry(server, **changes):
    changes = {"url": server.url, "limit": 100_000} | changes
    return dataclasses.replace(HENRY, files=(File(**changes),))


def run(recipe, limits=PATIENT, **options):
    (out,) = refresh.run([recipe], limits=limits, **options)
    return out


# --- the server misbehaves -----------------------------------------------------------------------


def slow_headers(handler):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n":
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def silent(handler):
    time.sleep(0.4)


def slow_body(handler):
    answer(b"Month,Price\n", length=1000)(handler)
    for _ in range(20):
        handler.wfile.write(b"1")
        time.sleep(0.05)


def endless(handler):
    answer(b"Month,Price\n", length=None)(handler)
    for _ in range(1000):
        handler.wfile.write(b"1997-01,3.45\n" * 100)


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def redirect(target):
    return answer(status=302, Location=target)


BOMB = gzip.compress(b"0" * 30_000_000)
HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"
GOOD = "good"  # stands for the file that upstream has


def edited(pattern, new, count=0):
    """The good file with every match replaced."""
    return lambda good: answer(re.sub(pattern, new, good, count=count))


SLOW = ("slow headers", "no answer", "slow body")
CASES = {
    "slow headers": (slow_headers, "unreachable", "within 0.5 s", "Try again later"),
    "no answer": (silent, "unreachable", "silent", "Try again later"),
    "slow body": (slow_body, "unreachable", "within 0.5 s", "Try again later"),
    "truncated": (
        lambda good: answer(good, length=len(good) + 10), "unreachable", "cut off", "Try again"),
    "wrong type": (
        lambda good: answer(good, kind="application/pdf"), "refused", "application/pdf", "address"),
    "a web page": (answer(HTML, kind="text/html"), "refused", "a web page", "address"),
    "a web page called csv": (answer(HTML), "refused", "a web page", "address"),
    "binary": (answer(b"PK\x03\x04\0\0\0"), "refused", "not text", "address"),
    "redirect loop": (redirect("/monthly.csv"), "refused", "more than 3 times", "address"),
    "redirect to a file": (redirect("file:///etc/passwd"), "refused", "not to https", "address"),
    "redirect to ftp": (redirect("ftp://127.0.0.1/x"), "refused", "not to https", "address"),
    "500 for ever": (answer(status=500), "unreachable", "answers 500", "Try again later"),
    "429 for long": (
        answer(status=429, Retry_After="3600"), "unreachable", "asks to wait 3600 s", "later"),
    "403": (answer(status=403), "refused", "answers 403", "browser"),
    "404": (answer(status=404), "refused", "no such file", "recipes.py"),
    "304 unasked": (answer(status=304), "unreachable", "no copy is kept", "again"),
    "gzip bomb": (answer(BOMB, Content_Encoding="gzip"), "refused", "100,000 bytes", "limit"),
    "broken gzip": (
        answer(b"\x1f\x8b nonsense", Content_Encoding="gzip"), "unreachable", "broken", "later"),
    "half of gzip": (
        lambda good: answer(gzip.compress(good)[:-20], Content_Encoding="gzip"),
        "unreachable", "ends early", "later"),
    "unknown packing": (
        lambda good: answer(good, Content_Encoding="br"), "refused", "'br'", "address"),
    "no end": (endless, "refused", "100,000 bytes", "limit"),
    "column missing": (edited(rb",[^\n]*", b""), "refused", "field `Price`", "recipes.py"),
    "column renamed": (edited(b"Price", b"Cost"), "refused", "field `Price`", "recipes.py"),
    "wrong type of cell": (edited(rb"3\.45", b"much"), "refused", "'much' is not a num", "adapt"),
    "cells shifted": (edited(rb"1997-01,", b"1997-01,,"), "refused", "not a CSV table", "recipes"),
    "wrong date": (edited(b"1997-01,", b"Jan-97,"), "refused", "'Jan-97'", "recipes.py"),
    "bad UTF-8": (edited(b"1997-01", b"\xff\xfe97-01"), "refused", "not UTF-8", "recipes.py"),
    "UTF-16": (
        lambda good: answer(good.decode().encode("utf-16")), "refused", "not text", "address"),
    "wrong checksum sent": (
        lambda good: answer(good, Repr_Digest="sha-256=:AAAA:"), "refused", "sha256", "publisher"),
    "empty": (answer(b""), "refused", "empty", "again later"),
    "header alone": (answer(b"Month,Price\n"), "refused", "0 rows", "look at"),
    "key twice": (
        edited(b"1997-02,", b"1997-01,"), "refused", "'1997-01'", "datapackage.json"),
    "missing value": (edited(rb"(1997-01),3\.45", rb"\1,"), "refused", "required", "datapackage"),
    "infinite": (edited(rb"3\.45", b"inf"), "refused", "field `henry_hub_usd", "datapackage.json"),
    "NaN": (edited(rb"3\.45", b"NaN"), "refused", "'NaN' is not a number", "recipes.py"),
    "beyond the range": (edited(rb"3\.45", b"345"), "refused", "above the maximum", "widen"),
    "few rows": (
        lambda good: answer(good[: good.index(b"2010-01")]), "refused",
        "rows came where there are 355", "--accept"),
    "many rows": (
        lambda good: answer(good + good[12:] * 2), "refused",
        "rows came where there are 355", "--accept"),
    "connection reset": (reset, "unreachable", "henry", "again later"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_whatever_the_server_does_data_stay_and_the_line_says_what_to_do(name, small, server):
    behave, state, word, remedy = CASES[name]
    if behave.__code__.co_varnames[:1] == ("good",):
        behave = behave(upstream(small))
    server.behave, before = behave, contents(small)
    out = run(henry(server), QUICK if name in SLOW else PATIENT)
    assert contents(small) == before
    assert out.state == state, out.message
    assert out.message.startswith("henry-hub-monthly: "), out.message
    assert word in out.message
    assert remedy in out.message
    assert "\n" not in out.message
    assert not list((small.parent / "_build/refresh").glob("copies/*.tmp"))


def test_a_wrong_checksum_of_the_recipe_and_a_closed_door(small, server):
    before = contents(small)
    server.behave = answer(upstream(small))
    out = run(henry(server, checksum="sha256:" + 64 * "0"))
    assert (out.state, "sha256" in out.message) == ("refused", True)
    with socket.socket() as door:  # bound, and nobody listens
        door.bind(("127.0.0.1", 0))
        out = run(henry(server, url=f"http://127.0.0.1:{door.getsockname()[1]}/x"))
    assert (out.state, "no connection" in out.message) == ("unreachable", True)
    assert contents(small) == before


def test_no_way_from_https_to_http():
    url = fetch.httpx.URL("https://example.org/a")
    with pytest.raises(refresh.Refused, match="from https to http://example.org/b"):
        fetch._next(HENRY, HENRY.files[0], url, "http://example.org/b")
    assert str(fetch._next(HENRY, HENRY.files[0], url, "/b")) == "https://example.org/b"


@pytest.mark.parametrize("status, wait", [(500, {}), (429, {"Retry_After": "0"}), (503, {})])
def test_a_server_that_recovers_is_waited_for(status, wait, small, server):
    server.behave = turns(answer(status=status, **wait), answer(upstream(small)))
    out = run(henry(server))
    assert (out.state, len(server.asked)) == ("unchanged", 2)


def test_a_lost_connection_is_tried_again(small, server):
    server.behave = turns(reset, answer(upstream(small)))
    assert (run(henry(server)).state, len(server.asked)) == ("unchanged", 2)


def test_a_bomb_is_not_unpacked_beyond_the_limit(small, server, monkeypatch):
    unpacker, unpacked = fetch._unpacker, []

    def counted(*given):
        unpack = unpacker(*given)

        def each(chunk):
            for part in unpack(chunk):
                unpacked.append(len(part))
                yield part

        return each

    monkeypatch.setattr(fetch, "_unpacker", counted)
    server.behave = answer(BOMB, Content_Encoding="gzip")
    assert run(henry(server)).state == "refused"
    assert 100_000 < sum(unpacked) <= 100_000 + 65_536


def test_retry_after_is_a_number_or_a_date():
    _seconds = fetch._seconds
    assert [_seconds(text) for text in ("7", "soon", "")] == [7, None, None]
    assert _seconds("Fri, 01 Jan 2100 00:00:00 GMT") > 1e9
    assert _seconds("Fri, 01 Jan 1999 00:00:00 GMT") == 0


# --- what is taken -------------------------------------------------------------------------------


def test_a_change_goes_into_table_sources_and_descriptor_together(small, server, monkeypatch):
    monkeypatch.setattr(refresh, "today", lambda: refresh.dt.date(2030, 1, 2))
    good = upstream(small).replace(b"1997-01,3.45", b"1997-01,3.5") + b"2026-08,3.1\n"
    server.behave = answer(gzip.compress(good), Content_Encoding="gzip", ETag='"1"')
    before = contents(small)
    dry = run(henry(server), dry=True)
    assert (dry.state, contents(small)) == ("changed", before)
    server.behave = answer(status=304)
    out = run(henry(server))  # from the copy that the dry run kept
    assert server.asked[-1]["If-None-Match"] == '"1"'
    assert (out.state, out.diff.added, out.diff.rows) == ("changed", [(stamp("2026-08"),)], 1)
    assert "commit f777126" in out.note
    pack = data.load(small)
    for name in (TABLE, "sources"):
        data.check_bytes(pack, name)
    assert pack.resources[TABLE]["as_of"] == "2026-08"
    assert data.source("henry-hub-monthly").accessed == "2030-01-02"
    assert data.table(TABLE)["henry_hub_usd_per_mmbtu"].iloc[[0, -1]].tolist() == [3.5, 3.1]
    assert sorted(contents(small)) == sorted(before)
    assert datacheck._stray_files(pack) == []
    assert run(henry(server)).state == "unchanged"


def stamp(text):
    return pd.Timestamp(text)


def test_rows_can_be_accepted_and_a_damaged_copy_is_not_used(small, server):
    good = upstream(small)[:2000].rsplit(b"\n", 1)[0]
    server.behave = answer(good, ETag='"1"')
    assert run(henry(server)).state == "refused"
    (body,) = (small.parent / "_build/refresh/copies").glob("*.body")
    body.write_bytes(b"something else")
    out = run(henry(server), accept_rows=True)
    assert "If-None-Match" not in server.asked[-1]
    assert (out.state, len(data.table(TABLE))) == ("changed", good.count(b"\n"))


def test_own_edits_are_not_written_over(small, server):
    path = small / f"{TABLE}.csv"
    server.behave = answer(upstream(small).replace(b"3.45", b"3.46", 1))
    path.write_bytes(path.read_bytes().replace(b"3.45", b"3.99", 1))
    before = contents(small)
    out = run(henry(server))
    assert (out.state, contents(small)) == ("refused", before)
    assert "data lock" in out.message


@pytest.mark.parametrize("which", ["sources.csv", f"{TABLE}.csv", "datapackage.json"])
def test_a_full_disk_changes_nothing(which, small, server, monkeypatch):
    server.behave = answer(upstream(small).replace(b"3.45", b"3.46", 1))
    write, before, last = Path.write_bytes, contents(small), Path(which)

    def full(path, content):
        if path.parent == (small / last).parent and path.suffix == last.suffix:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    out = run(henry(server))
    assert (out.state, contents(small)) == ("refused", before)
    assert "No space left" in out.message
    assert "Make room" in out.message


def test_a_rename_that_fails_is_undone(small, server, monkeypatch):
    server.behave = answer(upstream(small).replace(b"3.45", b"3.46", 1))
    before, rename = contents(small), os.replace
    failed = []

    def fail_once(source, target):
        if Path(target) == small / f"{TABLE}.csv" and not failed:
            failed.append(target)
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    out = run(henry(server))
    assert (out.state, contents(small), len(failed)) == ("refused", before, 1)


KILLED = """
import importlib.util, os, signal, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("store", sys.argv[4])
spec.loader.exec_module(store := importlib.util.module_from_spec(spec))
folder, work, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
rename, done = os.replace, []
def replace(source, target):
    if str(target).startswith(str(folder)):
        if len(done) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(target)
    rename(source, target)
os.replace = replace
names = ("power/henry_hub_monthly.csv", "sources.csv", "datapackage.json")
store.replace(folder, {name: b"new" for name in names}, work)
"""


@pytest.mark.parametrize("renames", [0, 2])
def test_killed_midway_the_next_refresh_finds_the_old_data(renames, small, server, root):
    before, place = contents(small), small.parent / "_build/refresh"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, small, place, str(renames), store.__file__],
        env={"PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    now = contents(small)
    changed = sum(now.get(name) != was for name, was in before.items())
    assert changed == renames
    server.behave, said = answer(status=404), []
    run(henry(server), say=said.append)
    assert "undone" in said[0]
    assert contents(small) == before
    assert datacheck._stray_files(data.load(small)) == []


def test_two_at_once(small, server):
    before = contents(small)
    with store.alone(refresh.work()) as free:
        assert free
        with pytest.raises(refresh.Refused, match="henry-hub-monthly: another .* Wait until"):
            run(henry(server))
    assert contents(small) == before


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def command(small, server, monkeypatch):
    monkeypatch.setattr(refresh, "choose", lambda names: [henry(server)])
    monkeypatch.setattr(refresh, "Limits", lambda: PATIENT)
    return lambda *given: CliRunner().invoke(app, ["refresh", *given])


def test_the_command_tells_what_would_change_and_exits_by_what_failed(command, small, server):
    before = contents(small)
    server.behave = answer(upstream(small).replace(b"1997-01,3.45", b"1997-01,6.9"))
    done = command("--dry-run", "--no-verdicts")
    assert (done.exit_code, contents(small)) == (0, before)
    assert "henry-hub-monthly: power/henry_hub_monthly: changed" in done.stdout
    assert "0 rows added, 0 removed, 1 changed" in done.stdout
    assert "~ 1997-01-01: henry_hub_usd_per_mmbtu 3.45 to 6.9 (+100.0%)" in done.stdout
    for status, code in ((404, 2), (500, 1)):
        server.behave = answer(status=status)
        done = command()
        assert (done.exit_code, contents(small)) == (code, before)
        assert done.stderr.splitlines()[-1].startswith("error: henry-hub-monthly: ")
        assert "Traceback" not in done.output
    server.behave = answer(upstream(small))
    assert json.loads(command("--json").stdout)[0]["state"] == "unchanged"


def test_an_unknown_source_and_the_list():
    done = CliRunner().invoke(app, ["refresh", "henry-hub"])
    assert (done.exit_code, "Did you mean henry-hub-monthly" in done.stderr) == (2, True)
    listed = json.loads(CliRunner().invoke(app, ["refresh", "--list", "--json"]).stdout)
    assert len({row["source"] for row in listed}) >= 10


def test_verdicts_come_from_chapters_that_read_the_table(small, server, root, monkeypatch):
    server.behave = answer(upstream(small).replace(b"3.45", b"3.46", 1))
    out = run(henry(server), dry=True)
    notebooks = small.parent / "notebooks"
    notebooks.mkdir()
    for name in ("power.md", "power.ipynb", "robots.md", "robots.ipynb"):
        (notebooks / name).symlink_to(root / "notebooks" / name)
    ran = []
    monkeypatch.setattr(whatif, "_execute", lambda *given: ran.append(given) or ({}, []))
    monkeypatch.setattr(whatif.execute, "check", lambda name, notebooks: [])
    preview, runs = refresh.verdicts([out], ["power", "robots"], notebooks)
    (given,) = ran
    assert given[1] == ["power"]
    copy = data.load(given[-1])
    data.check_bytes(copy, TABLE)
    assert copy.path(TABLE).read_bytes() == out.contents[f"{TABLE}.csv"]
    assert preview.as_dict["tables"][TABLE] == copy.resources[TABLE]["hash"]
    moved = {row["chapter"]: row["moved"] for row in runs.rows}
    assert moved == {"power": "failed", "robots": ""}  # nothing ran, so nothing came back


# --- recipes on files in upstream's form ---------------------------------------------------------


def text(frame, **names):
    """Some columns of a table under upstream's names, as a CSV file."""
    return frame.rename(columns=names)[list(names.values())].to_csv(index=False).encode()


def raw_plants(t):
    parts = [t[t["source_id"] == source] for source in ("gppd-v1-2", "gppd-v1-3-us")]
    small = "USA,Coal,0.5,2019\nUSA,,7,2019\n"  # below 1 MW, and without a fuel
    names = {"country_iso3": "country", "primary_fuel": "primary_fuel"}
    names |= {"capacity_mw": "capacity_mw", "year_of_capacity_data": "year_of_capacity_data"}
    world, usa = (text(part, **names) + small.encode() for part in parts)
    return world, usa


def raw_tva(t):
    early = t["datetime_utc"] < "2020-01-01"
    whole = t.assign(when=t["datetime_utc"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    names = {"when": "date_time", "tva_demand_mw": "cleaned demand (MW)"}
    more = b"2020-01-01 00:00:00,1\n"  # the releases overlap
    return text(whole[early], **names) + more, text(whole[~early], **names)


def raw_tmy3(t):
    t = t.assign(day=t["month"].map("{:02}/15/1990".format))
    t["time"] = t["hour_ending"].map("{:02}:00".format)
    body = text(
        t, day="Date (MM/DD/YYYY)", time="Time (HH:MM)", dry_bulb_c="Dry-bulb (C)",
        dew_point_c="Dew-point (C)", pressure_hpa="Pressure (mbar)",
    )  # fmt: skip
    return (b'723340,"MEMPHIS INTERNATIONAL AIRPORT",TN,-6.0,35.067,-89.983,87\n' + body,)


def raw_wue(t):
    cases = {city: zone for zone, city in recipes.WUE_ROWS.items()}
    assert len(cases) == t["example_city"].nunique()
    lines = ["PUE,WUE,Climate Zone,Case,Quantile,Data center size,Cooling system"]
    for (zone, case), (_, row) in zip(recipes.WUE_ROWS, t.iterrows(), strict=True):
        system = row["cooling_system"].replace("economizer and", "economizer&")
        for name, column in (("5th", "wue_p05_l_per_kwh_it"), ("95th", "wue_p95_l_per_kwh_it")):
            size = row["data_centre_size"]
            lines.append(f"1.1,{row[column] + 1e-5},{zone},{case},{name},{size},{system}")
    return ("\n".join(lines).encode(),)


def raw_usgs(t):
    t = t[t["source_id"] == "usgs-wu-2015"]
    wide = t.pivot(index="county_fips", columns="sector", values="groundwater_mgd")
    wide = wide.rename(columns=recipes.SECTORS).reset_index(names="FIPS")
    wide["COUNTY"] = "Doña Ana County"
    return (b"Estimated use of water\n" + wide.to_csv(index=False).encode("latin-1"),)


def raw_ecb(t):
    wide = t.pivot(index="year", columns="currency", values="units_per_euro").assign(RUB=np.nan)
    wide.loc[2018, "RUB"] = 74.0  # no longer quoted
    wide.index = [f"{year}-06-01" for year in wide.index]
    wide.loc["1999-01-04"] = 1.0
    body = wide.iloc[::-1].to_csv(index_label="Date", na_rep="N/A").replace("\n", ",\n")
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", body)
    return (whole.getvalue(),)


def raw_pwt(t):
    names = {
        "iso3": "countrycode", "country": "country", "year": "year", "currency": "currency_unit",
        "labour_share": "labsh", "persons_engaged_million": "emp", "hours_per_person_year": "avh",
        "gdp_ppp_million_usd_2017": "cgdpo", "price_level": "pl_gdpo",
        "exchange_rate_lcu_per_usd": "xr",
    }  # fmt: skip
    t = t.rename(columns=names)[list(names.values())].astype({"year": "int32"})
    other = t.assign(year=t["year"] - 30), t.assign(labsh=np.nan, countrycode="XXX")
    whole = io.BytesIO()
    pd.concat([t, *other]).astype({"country": object, "countrycode": object}).to_stata(
        whole, write_index=False, version=118
    )
    return (whole.getvalue(),)


def raw_ilo(t):
    own = t.assign(code="OCU_ISCO08_" + t["isco08"].astype(str))
    total = t.drop_duplicates(["iso3", "year"]).assign(code="OCU_ISCO08_TOTAL", ratio_to_all=1.0)
    alone = total.head(1).assign(iso3="ZZZ", code="OCU_ISCO08_5")  # no total: left out
    came = pd.concat([total, own, alone]).assign(sex="SEX_T", currency="CUR_TYPE_PPP")
    came = pd.concat([came, came.assign(sex="SEX_F"), came.assign(currency="CUR_TYPE_USD")])
    return (text(
        came, iso3="ref_area", sex="sex", code="classif1", currency="classif2", year="time",
        ratio_to_all="obs_value",
    ),)  # fmt: skip


def raw_owid(t):
    t = t[t["source_id"] == "owid-ifr-aiindex-2025"].assign(code="XXX")
    return (text(
        pd.concat([t, t.assign(area="France")]), area="Entity", code="Code", year="Year",
        installations_units="Annual industrial robots installed",
    ),)  # fmt: skip


def raw_chips(t):
    first = t["quarter"].str[-1].astype(int) * 3 - 2
    t = t.assign(start=first.astype(str) + "/1/" + t["quarter"].str[:4])
    t["notes"] = t["complete"].map({"no": "Incomplete: part of a quarter", "yes": "Estimates"})
    names = {
        "maker": "Chip manufacturer", "chip": "Chip type", "start": "Start date", "notes": "Notes",
        "h100e_p05": "H100e (5th percentile)", "h100e_p50": "Compute estimate in H100e (median)",
        "h100e_p95": "H100e (95th percentile)",
    }  # fmt: skip
    return tuple(text(t[t["maker"] == one], **names) for one in t["maker"].unique())


def raw_runs(t):
    names = {
        "model": "Model", "organization": "Organization", "publication_date": "Publication date",
        "hardware": "Training hardware", "accelerators": "Hardware quantity",
        "mfu": "Hardware utilization", "training_time_h": "Training time (hours)",
        "training_compute_flop": "Training compute (FLOP)", "confidence": "Confidence",
    }  # fmt: skip
    t = t.assign(organization=t["organization"].str.replace(", ", ","))
    return (text(pd.concat([t.assign(accelerators=7999.0), t]), **names),)


def raw_eci(t):
    below = t.assign(model=t["model"] + "_low", eci_points=t["eci_points"].shift(fill_value=1))
    none = t.head(2).assign(eci_points=np.nan)
    return (text(
        pd.concat([none, t, below]), model="Model version", eci_points="ECI Score",
        release_date="Release date", organisation="Organization",
    ),)  # fmt: skip


def raw_solar(t):
    actual = dict(data.table("pace/solar_generation_actual").itertuples(index=False))
    looked = data.table("pace/iea_weo_solar_forecasts")
    codes = {"stated policies": "cur", "policy goal": "450"}
    lines = ["pol,Year,2020,2025,2030,2035,2040,2050,Actually got"]
    for row in looked.itertuples():
        first = row.forecast_twh if row.target_year == 2020 else ""
        second = row.forecast_twh if row.target_year == 2025 else ""
        pol = codes.get(row.scenario, "sus")
        got = actual.pop(row.vintage_year, "") if pol == "cur" else ""
        lines.append(f"{pol},{row.vintage_year},{first},{second},900.0,,,,{got}")
    lines += [f"cur,{year},,,2265.0,,,,{got}" for year, got in actual.items()]
    return ("\n".join(lines).encode(),)


RAW = {
    "power/henry_hub_monthly": lambda t: (text(
        t.assign(month=t["month"].dt.strftime("%Y-%m")), month="Month",
        henry_hub_usd_per_mmbtu="Price"),),
    "power/tva_demand_hourly": raw_tva,
    "power/plants_world": raw_plants,
    "cooling/weather_memphis": raw_tmy3,
    "water/wue_by_climate_zone": raw_wue,
    "water/memphis_withdrawals": raw_usgs,
    "robots/exchange_rates": raw_ecb,
    "robots/labour_cost_by_country": raw_pwt,
    "robots/hourly_earnings": raw_ilo,
    "robots/ifr_industrial_installations": raw_owid,
    "supply_chain/ai_chip_sales": raw_chips,
    "networking/epoch_training_runs": raw_runs,
    "pace/epoch_capabilities": raw_eci,
    "pace/solar_generation_actual": raw_solar,
    "pace/iea_weo_solar_forecasts": raw_solar,
}  # fmt: skip


@pytest.mark.parametrize("recipe", recipes.RECIPES, ids=lambda one: one.table)
def test_a_recipe_makes_the_table_that_data_holds(recipe, tmp_path):
    pack, old = data.package(), data.table(recipe.table)
    entry, label = pack.resources[recipe.table], pack.file(recipe.table)
    came = list(RAW[recipe.table](old))
    assert len(came) == len(recipe.files)
    frame, own, was = refresh._table(recipe, came, entry, old, label)
    assert own == was
    content = refresh._render(frame, entry)
    new = refresh._checked(recipe, content, entry, label, tmp_path)
    if recipe.table == "robots/labour_cost_by_country":  # found from rounded inputs, it is near
        cost = "labour_cost_usd_per_hour"
        assert np.allclose(new[cost], old[cost], rtol=2e-3)
        new[cost] = old[cost]
        content = refresh._render(new, entry)
    if recipe.table.endswith("tva_demand_hourly"):
        pd.testing.assert_frame_equal(new, old, check_dtype=False)
    else:
        assert content == pack.path(recipe.table).read_bytes()
    assert not diff.compare(old, new, recipe.compare or refresh._key(entry["schema"]))
    as_of = recipe.as_of(new) if recipe.as_of else entry["as_of"]
    assert as_of == entry["as_of"]


def test_recipes_name_sources_and_tables_that_are_there():
    for one in recipes.RECIPES:
        entry = data.package().resources[one.table]
        assert set(one.sources) <= {item["id"] for item in entry["sources"]}
        assert all(file.url.startswith("https://") for file in one.files)
        assert not one.partial or set(one.compare or refresh._key(entry["schema"]))


@settings(max_examples=15)
@given(st.binary(max_size=400))
def test_no_bytes_bring_a_recipe_down(content):
    for one in recipes.RECIPES:
        entry, old = {"schema": {"fields": []}}, pd.DataFrame({"source_id": []})
        with pytest.raises(refresh.Refused, match=one.source):
            refresh._table(one, [content] * len(one.files), entry, old, one.table)


def test_an_archive_that_lies_is_refused():
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 30_000_000)
    with pytest.raises(recipes.Unfit, match="unpacks to more than 1,000 bytes"):
        recipes.unzip(whole.getvalue(), 1000)
    with pytest.raises(recipes.Unfit, match="cannot be opened"):
        recipes.unzip(whole.getvalue()[:2000], 1000)


# --- the difference ------------------------------------------------------------------------------

tables = st.dictionaries(st.integers(0, 4), st.none() | st.floats(-9, 9), max_size=5)


@settings(max_examples=25)
@given(tables, tables)
@example({0: 1.0, 1: 1.0}, {0: 1.1, 1: 9.0})  # the second one moves more
def test_the_difference_leads_from_one_table_to_the_other(old, new):
    frames = [
        pd.DataFrame({"key": list(one), "value": pd.Series(list(one.values()), dtype="float64")})
        for one in (old, new)
    ]
    found = diff.compare(*frames, ["key"])
    made = {key: value for key, value in old.items() if (key,) not in found.removed}
    made |= {change.key[0]: change.new for change in found.changes}
    made |= {key: new[key] for (key,) in found.added}
    assert made == new
    assert set(found.removed).isdisjoint(found.added)
    assert bool(found) == (old != new)
    sizes = [change.size for change in found.changes]
    assert sizes == sorted(sizes, reverse=True)
    back = diff.compare(*frames[::-1], ["key"])
    assert (back.added, back.removed, back.rows) == (found.removed, found.added, found.rows)
    assert len(diff.lines(found)) <= 1 + 3 * (diff.SHOWN + 1)


def test_rows_of_one_key_are_counted():
    old = pd.DataFrame({"plant": [1, 2], "fuel": ["Gas", "Gas"], "mw": [5.0, 5.0]})
    new = pd.DataFrame({"plant": [1, 2, 3], "fuel": ["Coal", "Gas", "Gas"], "mw": [5.0, 5.0, 5.0]})
    found = diff.compare(old.drop(columns="plant"), new.drop(columns="plant"), ["fuel", "mw"])
    assert (found.added, found.removed, found.changes) == ([("Coal", 5.0)], [], [])
