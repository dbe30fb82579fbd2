"""Our programs as processes, from BIN_DIR or build/bin; what they print is searched for passwords."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import trace
from .base import CANARY, SLOW, alive, keeper, kill_quietly, open_files, proc_stat, status_number, wait_until

ROOT = Path(__file__).resolve().parents[3]
BIN_DIR = Path(os.environ.get("BIN_DIR", ROOT / "build" / "bin")).resolve()
MARK = "RR_TEST_MARK"
NO_LEAKS = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"}  # to look for them takes a process, a thread and descriptors


def records(text, event=None):
    """The JSON records among the lines of a log, of one event if wanted."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [r for r in found if event is None or r["event"] == event]


@dataclass
class Result:
    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self):
        return self.stdout + self.stderr


class Process:
    """A running program. stdout and stderr go to files, so that nothing blocks it; stdin is empty. at_exec(pid) is called
    before the program does anything."""

    def __init__(self, argv, env, directory, stdin=None, cwd=None, at_exec=None):
        self.argv = [str(a) for a in argv]
        self._out = tempfile.NamedTemporaryFile(dir=directory, prefix="out-", delete=False)
        self._err = tempfile.NamedTemporaryFile(dir=directory, prefix="err-", delete=False)
        self.started = time.monotonic()
        self.proc = subprocess.Popen(
            self.argv,
            env=env,
            cwd=cwd or directory,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
            preexec_fn=trace.ask_to_stop if at_exec else None,
        )
        self.pid = self.proc.pid
        if at_exec:
            trace.look_at_exec(self.pid, at_exec)
        keeper().add(self.pid)
        if stdin is not None:
            self.proc.stdin.write(stdin.encode() if isinstance(stdin, str) else stdin)
            self.proc.stdin.close()

    @property
    def stdout(self):
        return Path(self._out.name).read_text(errors="replace")

    @property
    def stderr(self):
        return Path(self._err.name).read_text(errors="replace")

    @property
    def output(self):
        return self.stdout + self.stderr

    def running(self):
        return self.proc.poll() is None

    def send_signal(self, signum):
        self.proc.send_signal(signum)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout=30.0):
        """Waits for its end; Result. A program that does not end is killed and fails the test."""
        try:
            status = self.proc.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.argv} did not end within {timeout * SLOW:g} s\n{self.output}") from None
        keeper().drop(self.pid)
        return Result(status, self.stdout, self.stderr, time.monotonic() - self.started)

    def kill(self):
        kill_quietly(self.pid, signal.SIGCONT)
        kill_quietly(self.pid, signal.SIGKILL)
        self.proc.wait()
        keeper().drop(self.pid)

    def wait_for(self, pattern, timeout=15.0):
        """Waits until its output (either stream) matches; the match."""

        def found():
            match = re.search(pattern, self.output)
            if match is None and not self.running():
                match = re.search(pattern, self.output)
                assert match, f"{self.argv} ended with {self.proc.returncode} before {pattern!r}\n{self.output}"
            return match

        return wait_until(found, timeout, f"{pattern!r} from {self.argv}")

    def fds(self):
        return len(open_files(self.pid))

    def rss_kib(self):
        return status_number(self.pid, "VmRSS")


class Programs:
    """Starts our programs for one test, with a clean environment; ends and judges them afterwards."""

    def __init__(self, directory, mark):
        self.directory = Path(directory)
        self.mark = mark
        self.started = []
        self.at_exec = None  # called with the pid of each program that starts

    def env(self, extra=None):
        """Nothing of the caller's but PATH; sanitiser findings end a program with status 99."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LC_ALL": "C.UTF-8", MARK: self.mark}
        env["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=1:abort_on_error=0"
        env["UBSAN_OPTIONS"] = "exitcode=99:print_stacktrace=1"
        env["LSAN_OPTIONS"] = "exitcode=99"
        env.update({k: str(v) for k, v in (extra or {}).items() if v is not None})
        return env

    def start(self, program, *args, env=None, stdin=None, cwd=None, wrap=()):
        """Starts it; Process. wrap: words before it (["setpriv", …], ["valgrind", …])."""
        path = BIN_DIR / program
        assert path.exists(), f"{path} is not built"
        process = Process([*wrap, path, *args], self.env(env), self.directory, stdin, cwd, self.at_exec)
        self.started.append(process)
        return process

    def run(self, program, *args, env=None, stdin=None, cwd=None, timeout=30.0, wrap=()):
        """Starts it and waits for its end; Result."""
        return self.start(program, *args, env=env, stdin=stdin, cwd=cwd, wrap=wrap).wait(timeout)

    def leftovers(self):
        """Pids of processes that carry this test's mark and are no process of self.started."""
        ours = {p.pid for p in self.started}
        needle = f"{MARK}={self.mark}".encode()
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in ours:
                try:
                    environ = Path(f"/proc/{name}/environ").read_bytes()
                except OSError:
                    continue
                if needle in environ.split(b"\0") and alive(int(name)):
                    found.append(int(name))
        return found

    def finish(self):
        """Ends what runs; returns complaints: passwords in outputs, sanitiser reports, leaked processes."""
        complaints = []
        for process in self.started:
            if process.running():
                if (proc_stat(process.pid) or "?")[0] == "T":  # CONT undoes the stop by which LeakSanitizer looks at one that ends
                    process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.started:
            try:
                process.proc.wait(20 * SLOW)
                keeper().drop(process.pid)
            except subprocess.TimeoutExpired:
                process.kill()
                complaints.append(f"{process.argv} did not end on SIGTERM")
        for process in self.started:
            for name, text in (("stdout", process.stdout), ("stderr", process.stderr)):
                if CANARY in text:
                    complaints.append(f"a password is in {name} of {process.argv[0]}: {_around(text, CANARY)}")
                if "the sandbox has refused" in text:
                    complaints.append(f"{process.argv} was refused what it needs: {_around(text, 'the sandbox has refused')}")
                if "Sanitizer" in text or "runtime error:" in text:
                    complaints.append(f"sanitiser report of {process.argv}:\n{text[-6000:]}")
        left = self.leftovers()
        if left:
            try:
                wait_until(lambda: not self.leftovers(), 1, "leftovers gone")
            except AssertionError:
                left = [(pid, _cmdline(pid)) for pid in self.leftovers()]
                complaints.append(f"processes left behind: {left}")
                for pid, _ in left:
                    kill_quietly(pid, signal.SIGKILL)
        return complaints


def _around(text, word):
    at = text.index(word)
    return repr(text[max(0, at - 60) : at + len(word) + 20])


def _cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


# --- HTTP -------------------------------------------------------------------------------------------------------------------


@dataclass
class Response:
    status: int
    headers: dict
    body: str
    seconds: float


def http_get(port, path="/", method="GET", host="127.0.0.1", timeout=5.0, headers=None):
    """One request on a connection of its own; Response with lower-case header names."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=timeout * SLOW)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        names = {k.lower(): v for k, v in answer.getheaders()}
        return Response(answer.status, names, body, time.monotonic() - started)
    finally:
        connection.close()


def listening(port, host="127.0.0.1"):
    """True when somebody accepts there."""
    try:
        with socket.create_connection((host, port), 1):
            return True
    except OSError:
        return False


def process_state(pid):
    """"R", "S", "T", "Z" … or None when it is gone."""
    stat = proc_stat(pid)
    return stat[0] if stat else None
