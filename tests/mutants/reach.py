"""Which tests come to which lines, so that `make mutants` asks no others.

The programs and unit tests are built once more, in build/reach, with reach.c in them. A test that ran against these is
kept as the set of the lines that it came to, in build/mutants/reach: a line is its file, function and text, so what is
kept outlives lines that move. As a plugin of pytest (-p reach) this file gives each scenario a directory for what its
programs come to, and a record when it ends.
"""

import bisect
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "reach"
KEPT = ROOT / "build" / "mutants" / "reach"
PROGRAMS = ("healthd", "migrate", "cronrun")
DOCUMENTS = "documents"
FUNCTION = re.compile(r"^(?:[a-z].*[ *])?([a-z_]\w*)\(")
sources = {}  # path: [(key of the line, key of its function)]
known = {}  # size of a program: its places
came_to = defaultdict(set)  # scenario: keys


def key(*parts):
    return int.from_bytes(hashlib.blake2b("\t".join(parts).encode(), digest_size=8).digest(), "little")


def lines_of(path):
    """The keys of a source file's lines and of the functions around them."""
    if path not in sources:
        file, function, found = ROOT / path, "", []
        for line in file.read_text().split("\n") if file.is_file() else []:
            named = FUNCTION.match(line)
            function = named[1] if named else function
            found.append((key(path, function, line.strip()), key(path, function)))
        sources[path] = found
    return sources[path]


def build():
    """Makes build/reach: its environment is clean of a make around it."""
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-fPIE", "-c", "-o", str(BUILD / "reach.o"), "tests/mutants/reach.c"], cwd=ROOT, check=True)
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "B", "BIN", "N", "K")}
    env |= {"CFLAGS": "-O0 -g -fsanitize-coverage=trace-pc", "LDLIBS": str(BUILD / "reach.o")}
    make = ["make", "--no-print-directory", "-s", f"-j{os.environ.get('RR_JOBS') or os.cpu_count()}", "MODE=reach"]
    subprocess.run([*make, "all", "unit-build"], cwd=ROOT, env=env, check=True)


def places(program):
    """{offset of a place: (path, line)} in a program, and the size of its code in hexadecimal."""
    told = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(program)], capture_output=True, text=True, check=True).stdout
    after = re.findall(r"<__sanitizer_cov_trace_pc>\n +([0-9a-f]+):", told)
    lines = subprocess.run(["addr2line", "-e", str(program)], input="\n".join(after), capture_output=True, text=True, check=True).stdout
    size = subprocess.run(["nm", str(program)], capture_output=True, text=True, check=True).stdout
    found = {}
    for offset, place in zip(after, lines.split("\n")):
        path, line = place.split(" ")[0].rsplit(":", 1)
        if line.isdigit() and not path.startswith("/"):
            found[int(offset, 16)] = path.removeprefix("./"), int(line)
    return found, f"{int(re.search(r'^([0-9a-f]+) . etext$', size, re.M)[1], 16):x}"


def lines_reached(places_of, reached):
    """Keys of the lines: from each place reached to the next one of the file that may not have been."""
    starts = defaultdict(dict)
    for offset, (path, line) in places_of.items():
        starts[path][line] = starts[path].get(line, False) or (offset < len(reached) and reached[offset] != 0)
    found = set()
    for path, begun in starts.items():
        keys, numbers = lines_of(path), sorted(begun)
        for line in (n for n in numbers if begun[n]):
            at = bisect.bisect_right(numbers, line)
            end = numbers[at] if at < len(numbers) else line + 2
            for pair in keys[line - 1 : max(line, end - 1)]:
                found.update(pair)
    return found


def keep(name, found):
    """A record of one test."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / quote(name, "")).write_bytes(array("Q", sorted(found)).tobytes())


def kept():
    """{test: keys of what it came to}."""
    found = {}
    for record in KEPT.glob("*") if KEPT.is_dir() else []:
        keys = array("Q")
        keys.frombytes(record.read_bytes())
        found[unquote(record.name)] = frozenset(keys)
    return found


def reached_by(command, programs):
    """Runs it; keys of the lines that these programs came to."""
    found = set()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            env = {**os.environ, "RR_REACH": scratch}
            subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
        except subprocess.TimeoutExpired:
            pass
        for program in programs:
            places_of, size = places(program)
            record = Path(scratch) / size
            if record.exists():
                found |= lines_reached(places_of, record.read_bytes())
    return found


def documents():
    """The command that prints them: it gives the programs a clean environment, so they are wrapped."""
    wrapped = BUILD / DOCUMENTS
    wrapped.mkdir(exist_ok=True)
    for program in PROGRAMS:
        (wrapped / program).write_text(f'#!/bin/sh\nRR_REACH={wrapped}/reached exec {BUILD}/bin/{program} "$@"\n')
        (wrapped / program).chmod(0o755)
    return ["sh", "-c", f'ln -sfn "$RR_REACH" {wrapped}/reached && scripts/docs --check {wrapped}']


def of_units(isolated):
    """{unit test, or DOCUMENTS: keys of what it comes to}; each runs anew only when its code has changed."""
    tests = sorted(str(t.relative_to(ROOT).with_suffix("")) for t in (ROOT / "tests" / "unit").glob("*/test_*.c"))
    asked = {test: ([str(BUILD / test)], [BUILD / test]) for test in tests}
    asked[DOCUMENTS] = documents(), [BUILD / "bin" / program for program in PROGRAMS]
    old = kept()

    def one(name):
        command, programs = asked[name]
        code = hashlib.blake2b(b"".join(program.read_bytes() for program in programs), digest_size=8).hexdigest()
        record = f"{name}@{code}"
        if record in old:
            return old[record]
        for stale in [stale for stale in old if stale.startswith(f"{name}@")]:
            (KEPT / quote(stale, "")).unlink(missing_ok=True)
        found = reached_by(isolated(command), programs)
        keep(record, found)
        return found

    with ThreadPoolExecutor(int(os.environ.get("RR_JOBS") or os.cpu_count() or 2)) as pool:
        return dict(zip(asked, pool.map(one, asked)))


def of_scenarios():
    """{scenario: keys of what its programs came to}, of those that were run by REACH=."""
    return {name: keys for name, keys in kept().items() if name.startswith("tests/scenarios/")}


def tests_at(reached, mutant):
    """The tests that come to a line; those that come to its function when it is part of a longer statement."""
    line, function = lines_of(mutant.path)[mutant.n - 1]
    there = [test for test, keys in reached.items() if line in keys]
    return there or [test for test, keys in reached.items() if function in keys]


# --- The plugin --------------------------------------------------------------------------------------------------------


def pytest_configure(config):
    sys.path.insert(0, str(ROOT / "tests" / "scenarios"))
    from rig.program import Programs

    plain = Programs.env
    Programs.env = lambda self, extra=None: plain(self, {"HEALTHD_SANDBOX": "off", "RR_REACH": os.environ["RR_REACH"], **(extra or {})})
    for program in PROGRAMS:
        places_of, size = places(BUILD / "bin" / program)
        known[size] = places_of


def pytest_collection_modifyitems(config, items):
    """The first case of a function speaks for the others, and of what is kept none is run again."""
    seen = {name.removeprefix("tests/scenarios/") for name in of_scenarios()}
    chosen = []
    for item in items:
        test = item.nodeid.split("[")[0]
        if test not in seen:
            chosen.append(item)
        seen.add(test)
    items[:] = chosen


def pytest_runtest_logstart(nodeid, location):
    directory = tempfile.mkdtemp(prefix="reach-", dir="/tmp")
    os.chmod(directory, 0o777)
    os.environ["RR_REACH"] = directory


def pytest_runtest_logfinish(nodeid, location):
    """The cases of one function are one record, because it is asked as a whole."""
    test = nodeid.split("[")[0]
    directory = Path(os.environ.pop("RR_REACH"))
    for record in directory.glob("*"):
        if record.name in known:
            came_to[test] |= lines_reached(known[record.name], record.read_bytes())
    shutil.rmtree(directory, ignore_errors=True)
    keep(f"tests/scenarios/{test}", came_to[test])
