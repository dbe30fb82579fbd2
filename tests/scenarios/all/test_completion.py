"""TAB in bash, zsh and fish, as `make install` puts the completions where each shell looks."""

import re
import subprocess
from pathlib import Path

import pytest

from rig.program import BIN_DIR
from rig.shells import SHELLS, Shell, missing

# What the programs print is the same in every build; the shells are what is asked.
pytestmark = pytest.mark.plain_build

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def installed(new_dir):
    root = new_dir()
    subprocess.run(["make", "-s", "-o", "all", "install", f"DESTDIR={root}", "PREFIX=/usr", f"BIN={BIN_DIR}"],
                   cwd=ROOT, check=True, capture_output=True, timeout=60)
    return root


@pytest.fixture(scope="module", params=SHELLS)
def shell(request, installed, new_dir):
    why = missing(request.param)
    if why:
        pytest.skip(why)
    home = new_dir()
    for name in ("migrations", "many files", "a,b"):
        (home / name).mkdir()
    for name in ("0001_one.sql", "checks.conf", "migrations/0002_two.sql"):
        (home / name).write_text("")
    with Shell(request.param, home, installed, BIN_DIR) as it:
        yield it


# Options that the command without a name does not know.
OF_OTHERS = {
    "healthd": {"--expect", "--timeout", "--probe", "--bound"},
    "cronrun": {"--count", "--from", "--tz", "--dialect", "--dst", "--json", "--listen", "--drain"},
}


def flags(program, *command):
    """The long options that its help names."""
    said = subprocess.run([BIN_DIR / program, *command, "--help"], capture_output=True, text=True, timeout=30).stdout
    found = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.M))
    return sorted(found if command else found - OF_OTHERS[program])


def test_commands(shell):
    for program, some in {"migrate": {"up", "status", "check"}, "healthd": {"probe", "wait"}, "cronrun": {"run"}}.items():
        offered = set(shell.offers(f"{program} "))
        assert some | {"copy", "version"} <= offered
        assert not offered & {"migrations", "0001_one.sql", "--help"} or program == "cronrun"
    assert shell.press("migrate stat").rstrip() == "migrate status"
    assert shell.press("migrate --dir up stat").rstrip() == "migrate --dir up status"  # up is a value
    assert shell.offers("migrate nosuch ") == []


@pytest.mark.parametrize("line", ["migrate up", "migrate status", "migrate split", "healthd", "healthd probe",
                                  "healthd wait", "cronrun", "cronrun run", "cronrun copy"])
def test_options_of_each_command(shell, line):
    assert shell.offers(f"{line} --") == flags(*line.split())


def test_choices(shell):
    orders = ["apply", "refuse"]
    for line in ("migrate up --out-of-order ", "migrate up --out-of-order=", "migrate --out-of-order "):
        assert shell.offers(line) == orders
    assert shell.press("migrate up --phase con").rstrip() == "migrate up --phase contract"
    assert shell.press("migrate up --phase=con").rstrip() == "migrate up --phase=contract"
    assert shell.offers("healthd --details ") == ["always", "local", "never"]
    assert shell.offers("migrate up --lock-timeout ") == []


def test_directories_and_files(shell):
    for option in ("--dir ", "--dir="):
        assert shell.press(f"migrate up {option}migr").rstrip("/") == f"migrate up {option}migrations"
        assert "0001_one.sql" not in shell.press(f"migrate up {option}0001")
    assert shell.press("healthd --config che").rstrip() == "healthd --config checks.conf"
    assert re.match(r"migrate up --dir many\\? files", shell.press("migrate up --dir man"))
    assert shell.press("migrate up --dir a,").rstrip("/").replace("\\", "") == "migrate up --dir a,b"
    assert shell.press("healthd --config=che").rstrip() == "healthd --config=checks.conf"
    assert shell.press("migrate split migrations/00").rstrip() == "migrate split migrations/0002_two.sql"
    assert shell.press("migrate check migr").rstrip("/") == "migrate check migrations"
    assert shell.press("healthd copy 000").rstrip() == "healthd copy 0001_one.sql"


def test_words_that_go_on(shell):
    assert shell.offers("cronrun --on-busy ") == ["fail", "skip", "wait="]
    assert shell.press("cronrun --on-busy w") == "cronrun --on-busy wait="
    assert shell.press("cronrun --on-busy=w") == "cronrun --on-busy=wait="
    assert shell.offers("cronrun --lock ") == ["file:", "none", "postgres", "redis"]
    for begun in ("--lock file:", "--lock=file:"):
        assert shell.press(f"cronrun {begun}/usr/include/pthr").rstrip() == f"cronrun {begun}/usr/include/pthread.h"


def test_a_wrapped_command_line(shell):
    """Behind cronrun's options stands the command line of another program, completed as that one is."""
    for before in ("cronrun --lock none -- ", "cronrun run --lock none ", "cronrun --lock=none ", "cronrun -- "):
        assert shell.press(f"{before}shellche").rstrip() == f"{before}shellcheck"
        if shell.name != "bash-bare":  # there files are all that is offered
            assert shell.press(f"{before}migrate stat").rstrip() == f"{before}migrate status"
            assert shell.press(f"{before}migrate up --phase con").rstrip() == f"{before}migrate up --phase contract"
    assert shell.press("cronrun -- cat 000").rstrip() == "cronrun -- cat 0001_one.sql"
    assert "up" not in shell.offers("cronrun --lock none -- cat ")


def test_printed_is_installed(installed):
    places = {"bash": "bash-completion/completions/%s", "zsh": "zsh/vendor-completions/_%s",
              "fish": "fish/vendor_completions.d/%s.fish"}
    for form, place in places.items():
        for program in ("healthd", "migrate", "cronrun"):
            said = subprocess.run([BIN_DIR / program, f"--print-options={form}"], capture_output=True, timeout=30)
            assert said.stdout == Path(installed / "usr/share" / (place % program)).read_bytes()
