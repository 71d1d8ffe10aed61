"""Shell habits: exit codes, pipes, terminals, colours, help."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from aifactory import __main__ as cli

COMMANDS = ("verdicts", "claims", "figures", "sources", "tables", "execute", "new", "data",
            "edition", "forecasts")  # fmt: skip
FORECASTS = ("check", "seal", "resolve", "score")


def on_a_terminal(line, *arguments, **env):
    """What a user sees on a terminal of 100 columns."""
    master, slave = pty.openpty()
    env = {"TERM": "xterm-256color", "COLUMNS": "100"} | env
    process = line.process(*arguments, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux tells the end of a terminal this way
            break
        if not part:
            break
        text += part
    os.close(master)
    return process.wait(timeout=60), text.decode()


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")


def test_a_terminal_gets_verdicts_as_paragraphs_and_no_colour_where_none_is_wanted(full):
    code, seen = on_a_terminal(full, "verdicts", NO_COLOR="1")
    assert code == 0
    assert not COLOUR.search(seen)
    assert (
        re.sub(r"\x1b\[[0-9;]*m", "", seen)
        .replace("\r\n", "\n")
        .startswith(
            "power-built [at the post's date]: very unlikely, probability 5 %, as of 2026-01-15\n"
            "  Households: 0.7 million (90 % interval 0.6 to 0.8)\n"
            "  At 0.7 million.\n"
            "  Grounds: 1 table, 1 figure. Sources: post\n\n"
        )
    )


def test_a_terminal_gets_colour(full):
    assert COLOUR.search(on_a_terminal(full, "verdicts")[1])


@pytest.mark.parametrize("command", ["claims", "figures", "sources", "tables"])
def test_a_terminal_gets_a_table_with_whole_ids(full, command):
    code, seen = on_a_terminal(full, command)
    assert code == 0
    assert "─" in seen
    first = {"claims": "power-households", "figures": "post-households", "sources": "post"}
    assert first.get(command, "power/queues") in seen


def test_a_reader_who_leaves_early_is_no_error(line):
    """As `python -m aifactory sources --json | true`."""
    process = line.process("sources", "--json")
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["foo"], "error: No such command 'foo'. See `python -m aifactory --help`.\n"),
        (["claims", "--nope"],
         "error: No such option: --nope. See `python -m aifactory claims --help`.\n"),
        (["data", "lokc"],
         "error: No such command 'lokc'. Did you mean 'lock'? See `python -m aifactory data "
         "--help`.\n"),
        (["new"], "error: Missing argument 'chapter'. See `python -m aifactory new --help`.\n"),
    ],
)  # fmt: skip
def test_a_wrong_call_takes_one_line_and_exits_with_2(line, arguments, message):
    assert line.run(*arguments) == (2, "", message)


def test_spoilt_data_takes_one_line(line):
    (line.data / "claims.csv").write_text("spoilt\n")
    code, out, err = line.run("claims")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: data/claims.csv is not the file that datapackage.json describes")


def test_help_names_every_command_and_the_exit_codes(line):
    code, out, err = line.run("--help")
    assert (code, err) == (0, "")
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", out)] == []
    assert "Exit codes: 0 fine, 1 something was found wrong, 2 a wrong call or bad input." in out


@pytest.mark.parametrize(
    "command", [*COMMANDS, "data lock", "data check", *(f"forecasts {x}" for x in FORECASTS)]
)
def test_every_command_has_a_help_text(line, command):
    done = line(*command.split(), "-h")
    assert done.exit_code == 0
    assert len(done.stdout) > 200


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from aifactory.__main__ import run; run(['--help']);"
        "print([m for m in ('pandas', 'numpy', 'pint', 'jupytext') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.rstrip().endswith("[]")


def test_version_is_that_of_the_project(line):
    code, out, err = line.run("--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", out)


def test_an_interrupt_is_no_traceback(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", stop)
    assert cli.run([]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_mistake_of_our_own_takes_a_line_and_is_not_hidden(monkeypatch, capsys):
    def break_(*_, **__):
        raise ZeroDivisionError("no ground")

    monkeypatch.setattr(cli, "app", break_)
    monkeypatch.delenv("AIFACTORY_TRACEBACK", raising=False)
    assert cli.run([]) == 2
    assert "error: unforeseen ZeroDivisionError: no ground" in capsys.readouterr().err
    monkeypatch.setenv("AIFACTORY_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        cli.run([])


def test_run_hands_on_the_exit_code(line, monkeypatch):
    for name, value in line.env.items():
        monkeypatch.setenv(name, value)
    assert cli.run(["verdicts", "-c", "water"]) == 1
    assert cli.run(["claims", "--nope"]) == 2
    assert cli.run(["claims", "-c", "power", "--json"]) == 0


def test_a_full_disk_takes_one_line(line):
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.xfail("no /dev/full here")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = line.process("sources", "--json", stdout=full)
        process.wait(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in process.stderr.read()


def test_numbers_and_lists_become_cells():
    assert [cli._cell(v) for v in (None, [], ["a", "b"], [{"x": 1}, {}], 1234567.8, "a\n b")] == [
        "", "", "a;b", "2", "1.23457e+06", "a b",
    ]  # fmt: skip
    assert json.dumps(cli._plain({"a": [float("nan"), 1.5]})) == '{"a": [null, 1.5]}'
