"""What the programs grow by is a file and a line: in a copy of the tree something made up is added, built and asked for."""

import os
import shutil
import subprocess

import pytest
from rig.program import ROOT

pytestmark = pytest.mark.plain_build

LEFT_OUT = shutil.ignore_patterns("build", ".git", "__pycache__", ".pytest_cache")


@pytest.fixture
def tree(tmp_path_factory):
    """A copy of the sources."""
    copy = tmp_path_factory.mktemp("growth") / "tree"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
    yield copy
    shutil.rmtree(copy)


def add_line(path, before, line):
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, f"{line}\n{before}"))


def build(tree, *programs):
    """As it is built without a cache and without being told how by a make around us."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MODE", "BIN_DIR")}
    argv = ["make", "-j2", "CI=1", *(f"build/bin/{p}" for p in programs)]
    done = subprocess.run(argv, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]


def said(program, *words):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run([program, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


# --- A command ---------------------------------------------------------------------------------------------------------

GREET = """/* Made up: greets. */
#include <stdio.h>

#include "%(list)s"
#include "%(program)s/options.h"

static int
greet_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    printf("%%s, %%s\\n", given->argv[0], o->%(field)s);
    return 42;
}

const struct opt_command cmd_greet = {
    .name = "greet",
    .args = "WORD",
    .min_args = 1,
    .max_args = 1,
    .summary = "say a word to somebody",
    .options = OPT_NAMES("%(option)s"),
    .run = greet_run,
};
"""
# Program: where its commands are, its list, and an option of text.
COMMANDS = {
    "healthd": ("healthd", "healthd/commands.h", "config"),
    "migrate": ("migrate/cmd", "migrate/cmd/cmd.h", "dir"),
    "cronrun": ("cronrun", "cronrun/commands.h", "name"),
}


def test_a_command_is_a_file_and_a_line(tree):
    for program, (folder, listed, option) in COMMANDS.items():
        text = GREET % {"program": program, "list": listed, "field": option, "option": option}
        (tree / folder / "cmd_greet.c").write_text(text)
        add_line(tree / listed, "    C(opt_version)\n", "    C(cmd_greet) \\")
    build(tree, *COMMANDS)
    for program, (_, _, option) in COMMANDS.items():
        built = tree / "build/bin" / program
        assert said(built, "greet", "hello", f"--{option}", "world") == (42, "hello, world\n", "")
        assert said(built, "greet")[0] not in (0, 42)
        assert "greet" in said(built, "gret")[2] + said(built, "--help")[1]
        assert "  greet                   say a word to somebody\n" in said(built, "--help")[1]
        own = said(built, "greet", "--help")[1]
        assert f"{program} greet WORD" in own and f"--{option} " in own and "--termination-log" not in own
        manual = said(built, "--print-options=man")[1]
        assert f"\\fB{program}\\fR \\fBgreet\\fR \\fIWORD\\fR\nsay a word to somebody\n" in manual
        table = said(built, "--print-options=markdown")[1]
        assert f"| `{program} greet WORD` | say a word to somebody |\n" in table
        row = next(line for line in table.splitlines() if line.startswith(f"| `--{option} "))
        assert "greet)" in row
        completion = said(built, "--print-options=completion")[1]
        assert "| greet" in completion and f"    greet) words='--{option} --log " in completion
    assert subprocess.run(["scripts/check-rules"], cwd=tree).returncode == 0
