"""What a command prints has been written, or it has not succeeded: to a full disk, to a standard output that is closed.

Which commands there are is asked of the programs, so that a new one is asked about as well.
"""

import re
import shlex
import subprocess
import sys

import pytest
from rig.migrations import Migrations, records
from rig.program import BIN_DIR

FAILURE = {"healthd": 1, "migrate": 23, "cronrun": 125}  # it could not do its job

# Of each command the lines that print something; `places` makes what the words in braces name.
PRINTING = {
    "healthd": [
        "check",
        "check --check 'app {url}'",
        "explain",
        "explain --check 'app {url}'",
    ],
    "migrate": [
        "up --dry-run",
        "up --json",
        "up --rehearse --deadline 1m",
        "down --steps 1 --dry-run",
        "down --steps 1 --json",
        "rehearse --deadline 1m",
        "rehearse --deadline 1m --json",
        "status",
        "status --json",
        "baseline 0001 --json",
        "repair --json",
        "check",
        "check --format json",
        "check --format github",
        "split {short}",
        "split --json {long}",
        "wait --json",
    ],
    "cronrun": [
        "next '* * * * *'",
        "next --json -n 2000 @hourly",
        "next {crontab}",
        "check {crontab}",
        "check --json {odd}",
        "status {crontab}",
        "status --json --lock file:{lock}",
    ],
}
SILENT = {"healthd": {"probe", "wait", "sleep", "copy"}, "migrate": {"run", "copy"}, "cronrun": {"run", "daemon", "copy"}}
LINES = [(program, line) for program, lines in PRINTING.items() for line in lines]

# Standard outputs that take nothing, and what the system calls it.
FULL = (["sh", "-c", 'exec "$@" >/dev/full', "sh"], "No space left on device")
CLOSED = (["sh", "-c", 'exec "$@" >&-', "sh"], "Bad file descriptor")
LEFT = "import os, signal, sys; r, w = os.pipe(); os.dup2(w, 1); os.close(r); " \
       "signal.signal(signal.SIGPIPE, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


def ask(program, *words):
    result = subprocess.run([BIN_DIR / program, *words], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    return result.stdout


def commands(program):
    listed = re.search(r"^Commands:\n(.*?)\n\n", ask(program, "--help"), re.M | re.S)[1]
    return set(re.findall(r"^  ([a-z]+)\b", listed, re.M))


def about(program):
    """Lines that ask the program about itself."""
    refused = subprocess.run([BIN_DIR / program, "--print-options=x"], capture_output=True, text=True, timeout=60).stderr
    kinds = re.search(r"is not one of ([a-z, ]+)", refused)[1].split(", ")
    helps = [[command, "--help"] for command in sorted(commands(program))]
    return [["--help"], ["--version"], ["version"], ["--print-formats"], *(["--print-options", kind] for kind in kinds), *helps]


@pytest.fixture
def places(request, scratch):
    """places(program, line): its words, and what they name is there; .env: what migrate needs."""

    class Places:
        env = {}

        def __call__(self, program, line):
            files = Migrations(scratch)
            short = files("0001_a.up.sql", "CREATE TABLE a (id int);\n")
            files("0001_a.down.sql", "DROP TABLE a;\n")
            (scratch / "long.sql").write_text("SELECT 1;\n" * 5000)
            (scratch / "crontab").write_text(f"0-10/20 * * * * [name=mail lock=file:{scratch}/lock] true\n")
            (scratch / "odd").write_text("0 0 */2 * 1 true\n")  # another dialect would read it differently
            made = {name: scratch / name for name in ("crontab", "odd", "lock")} | {"short": short, "long": scratch / "long.sql"}
            if "{url}" in line:
                made["url"] = f"http://127.0.0.1:{request.getfixturevalue('web')().port}/"
            if program == "migrate":
                self.env = {"DATABASE_URL": request.getfixturevalue("pg").url, "MIGRATE_DIR": files}
            return shlex.split(line.format(**made))

    return Places()


def judge(result, program, why, once=True):
    """It has not succeeded, and says why, once."""
    assert result.status == FAILURE[program], result
    said = f"cannot write to standard output: {why}"
    assert result.stderr.count("standard output") == (1 if once else 0), result
    assert not once or said in result.stderr, result
    event = "input" if program == "migrate" else "output_failed"
    assert [(r["event"], r["exit"]) for r in records(result) if said in r["msg"]] == [(event, result.status)] * once, result


@pytest.mark.parametrize("program", PRINTING)
def test_every_command_is_asked(program):
    assert {line.split()[0] for line in PRINTING[program]} | SILENT[program] | {"version"} == commands(program)


@pytest.mark.parametrize("program, line", LINES)
def test_what_a_command_prints(run, places, program, line):
    words = places(program, line)
    if words[0] == "down":
        assert run(program, "up", env=places.env).status == 0
    for wrap, why in (FULL, CLOSED):
        result = run(program, *words, env=places.env, wrap=wrap)
        judge(result, program, why)
    result = run(program, *words, env=places.env, wrap=[sys.executable, "-c", LEFT])
    judge(result, program, "", once=False)  # who has closed the pipe knows it
    if "down" not in words:
        result = run(program, *words, env=places.env)
        assert result.status == 0 and result.stdout, result


@pytest.mark.parametrize("program", PRINTING)
def test_what_a_program_prints_about_itself(run, program):
    for words in about(program):
        for wrap, why in (FULL, CLOSED):
            result = run(program, *words, wrap=wrap)
            assert result.status == FAILURE[program], (words, result)
            assert result.stderr.count(f"cannot write to standard output: {why}") == 1, (words, result)
        assert run(program, *words, wrap=[sys.executable, "-c", LEFT]).stderr == "", words


@pytest.mark.parametrize("program", PRINTING)
def test_said_in_the_form_that_was_asked_for(run, program):
    result = run(program, "--version", "--log", "text", wrap=FULL[0])
    assert result.stderr == f"{program}: cannot write to standard output: No space left on device\n"
    (record,) = records(run(program, "--version", "--log", "json", wrap=FULL[0]))
    assert (record["event"], record["exit"]) == ("output_failed", FAILURE[program])


def test_what_was_found_counts_more(run, scratch):
    """A status that says something is not replaced."""
    (scratch / "crontab").write_text("61 * * * * true\n")
    assert run("cronrun", "check", scratch / "crontab", wrap=FULL[0]).status == 2
    assert run("healthd", "check", "--check", "app tcp://127.0.0.1:1", wrap=FULL[0]).status == 1


def test_a_probe_is_a_verdict(run, web):
    """What it prints is for whoever looks: a container is not restarted because its output cannot be kept."""
    url = f"http://127.0.0.1:{web().port}/"
    for wrap, why in (FULL, CLOSED, ([sys.executable, "-c", LEFT], "Broken pipe")):
        result = run("healthd", "probe", url, wrap=wrap)
        assert result.status == 0 and result.stderr == f"healthd: probe: cannot write to standard output: {why}\n", result


@pytest.mark.parametrize("words", [["cronrun", "--lock", "none"], ["migrate", "run"]])
def test_a_command_that_is_wrapped_may_write_nowhere(run, pg, words):
    """As it is with a standard output that is closed: its own words are lost, and no matter of ours."""
    result = run(*words, "--", "sh", "-c", "echo lost; exit 0", env={"DATABASE_URL": pg.url}, wrap=CLOSED[0])
    assert result.status == 0, result
