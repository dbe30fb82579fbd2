"""What the programs grow by is a file and a line: in a copy of the tree something made up is added, built and asked for."""

import os
import re
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
    if (ROOT / "build/dev").is_dir():  # what is built already: only what is new is compiled
        shutil.copytree(ROOT / "build/dev", copy / "build/dev", ignore=shutil.ignore_patterns("tests"))
    yield copy
    shutil.rmtree(copy)


def add_line(path, before, line):
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, f"{line}\n{before}"))


def build(tree, *programs):
    """As it is built without a cache and without being told how by a make around us."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MODE", "BIN_DIR")}
    # CURDIR stands in a flag (-ffile-prefix-map): with the old one the objects are still good.
    argv = ["make", "-j2", "CI=1", f"CURDIR={ROOT}", *(f"build/bin/{p}" for p in programs)]
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
        assert f"    greet) options='--{option} --log " in said(built, "--print-options=bash")[1]
        assert f"_{program}_greet() {{\n" in said(built, "--print-options=zsh")[1]
        assert f"'__{program}_at greet' -l {option} " in said(built, "--print-options=fish")[1]
    assert subprocess.run(["scripts/check-rules"], cwd=tree).returncode == 0


# --- A check kind ------------------------------------------------------------------------------------------------------

PROBE_MADE = r"""/* A made-up kind: its answer is what its URL says, without any connection. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "healthd/check/checkline.h"
#include "healthd/probe/probe.h"
#include "healthd/probe/probe_kinds.h"

struct made_own {
    bool loud;
};

static int
key_volume(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"low", "loud"};
    size_t i = 0;
    if (checkline_choice("volume", value, known, 2, &i, e) < 0)
        return -1;
    ((struct made_own *)s->own)->loud = i == 1;
    return 0;
}

static int
made_parse(const char *url, const struct check_given *given, void **ret, struct err *e)
{
    (void)given;
    if (strcmp(url, "made://here") != 0)
        return err_set(e, ERR_USAGE, "made:// knows one place alone: here");
    *ret = strdup(url);
    return *ret ? 0 : err_nomem(e);
}

static void
made_target_free(void *t)
{
    free(t);
}

static const char *
made_describe(const void *t)
{
    return t;
}

static bool
made_is_local(const void *t)
{
    (void)t;
    return true;
}

static struct probe *
made_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    (void)x;
    (void)spec;
    (void)target;
    err_set(e, ERR_USAGE, "made:// is made up");
    return NULL;
}

const struct check_kind probe_made_kind = {
    .title = "Made-up",
    .text = "what nobody has looked at",
    .schemes = (const struct check_scheme[]){{"made", NULL, false}, {NULL, NULL, false}},
    .keys = (const struct check_key[]){{"volume", "low|loud", "how loud it is (low)", key_volume},
                                       {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct made_own),
    .target = &(const struct check_target){made_parse, made_target_free, made_is_local,
                                           made_describe, NULL},
    .probe_new = made_new,
};
"""


def test_a_check_kind_is_a_file_and_a_line(tree):
    """It builds, and help, manual, formats and messages know it; nothing else was written."""
    (tree / "healthd/probe/probe_made.c").write_text(PROBE_MADE)
    add_line(tree / "healthd/probe/probe_kinds.h", "    KIND(probe_redis_kind)", "    KIND(probe_made_kind) \\")
    build(tree, "healthd", "migrate", "cronrun")
    healthd = tree / "build/bin/healthd"

    text = said(healthd, "--help")[1]
    assert re.search(r"made:// +Made-up: what nobody has looked at\n", text)
    assert re.search(r"volume low\|loud +Made-up: how loud it is \(low\)\n", text)
    subprocess.run(["scripts/docs", "build/bin"], cwd=tree, check=True)
    formats = (tree / "docs/formats.md").read_text()
    assert "| `made://` | Made-up: what nobody has looked at |" in formats
    assert "| `volume low\\|loud` | Made-up: how loud it is (low) |" in formats
    assert "made://" in (tree / "docs/man/healthd.1").read_text()

    def refused(line):
        status, _, err = said(healthd, "check", "--check", line)
        assert status == 2
        return err

    assert "did you mean 'made'" in refused("a mad://here")
    assert "made:// knows one place alone" in refused("a made://there")
    assert "did you mean 'volume'" in refused("a made://here volum loud")
    assert "did you mean 'loud'" in refused("a made://here volume loudd")
    assert "'volume' is only allowed for made://" in refused("a tcp://127.0.0.1:1 volume loud")
    assert "'query' is only allowed for postgres://" in refused("a made://here query x")
    assert "check 'a': made:// is made up" in refused("a made://here volume loud groups live")
    assert subprocess.run(["scripts/check-rules"], cwd=tree).returncode == 0
