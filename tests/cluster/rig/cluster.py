"""The cluster that the stories run on: its kubectl, both Helms, and its API.

Every command goes through tests/cluster/in: into the project's own cluster (`make cluster-up`), or, with CLUSTER_KUBECONFIG
(which `make e2e KUBECONFIG=file` sets), to any other.
The API is asked through one `kubectl proxy` on a Unix socket, so that a look at an object costs a millisecond or two and
a watch is a stream of lines; whatever changes something goes through kubectl or helm, as a user's would.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
IN = ROOT / "tests" / "cluster" / "in"

# Every wait, and every bound on time, is multiplied with this: for a slow machine.
SLOW = float(os.environ.get("RR_SLOW", "1"))


def wait_until(predicate, timeout=20.0, what="condition", every=0.05):
    """Waits until predicate() is true and returns its value; an AssertionError after timeout seconds.
    `what` may be a function that says what is there instead."""
    timeout *= SLOW
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(every)


class Done:
    """What a command left behind."""

    def __init__(self, command, status, out, err, seconds):
        self.command = command
        self.status = status
        self.out = out
        self.err = err
        self.text = out + err
        self.seconds = seconds

    def __repr__(self):
        return f"{' '.join(map(str, self.command))} -> {self.status}\n{self.text}"


class Refused(AssertionError):
    """A command failed that should not have."""


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Cluster:
    def __init__(self):
        self.own = not os.environ.get("CLUSTER_KUBECONFIG")
        self._proxy = None
        self._folder = Path(tempfile.mkdtemp(prefix="rr-e2e-", dir="/tmp"))
        self._socket = str(self._folder / "api")

    # --- Commands -----------------------------------------------------------------------------------------------------

    def argv(self, *words):
        """The command as this machine has to start it."""
        return [str(IN), *map(str, words)]

    def run(self, *words, stdin=None, timeout=120, check=True):
        started = time.monotonic()
        given = subprocess.run(
            self.argv(*words), input=stdin, capture_output=True, text=True, timeout=timeout * SLOW, errors="replace",
            stdin=subprocess.DEVNULL if stdin is None else None, cwd=ROOT,
        )  # fmt: skip
        done = Done(words, given.returncode, given.stdout, given.stderr, time.monotonic() - started)
        if check and done.status != 0:
            raise Refused(repr(done))
        return done

    def start(self, *words, **options):
        """A command that goes on; end it with `end`."""
        return subprocess.Popen(self.argv(*words), start_new_session=True, cwd=ROOT, **options)

    def kubectl(self, *words, **options):
        return self.run("kubectl", *words, **options)

    # --- The API ------------------------------------------------------------------------------------------------------

    def open(self):
        self._proxy = self.start(
            "kubectl", "proxy", f"--unix-socket={self._socket}",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, 40, "kubectl proxy listens, and the API server is ready")
        return self

    def _answers(self):
        """Between bind and listen the socket is there, and refuses."""
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def close(self):
        if self._proxy:
            end(self._proxy)
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, method, path, body=None, timeout=20):
        """(status, bytes)"""
        connection = _SocketConnection(self._socket, timeout * SLOW)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path):
        """The object, or None when there is none."""
        status, body = self.ask("GET", path)
        if status == 404:
            return None
        if status != 200:
            raise Refused(f"GET {path}: {status} {body.decode(errors='replace')}")
        return json.loads(body)

    def watch(self, path):
        return Watch(self, path)

    def _stream(self, path):
        connection = _SocketConnection(self._socket, None)
        connection.request("GET", path)
        return connection, connection.getresponse()


class Watch:
    """Follows the objects of one list: `events` is [(monotonic seconds, type, object)], the present ones first."""

    def __init__(self, cluster, path):
        self.events = []
        self._connection, self._answer = cluster._stream(path + ("&" if "?" in path else "?") + "watch=1")
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self):
        try:
            for line in self._answer:
                event = json.loads(line)
                self.events.append((time.monotonic(), event["type"], event["object"]))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed

    def close(self):
        try:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self._thread.join(5)
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def end(process):
    """Ends a started command with all that belongs to it."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)
