"""What PostgreSQL's and Redis's containers have in common: a small process 1, and the commands that disturb the server.

run() starts the server as a child, so that every process of it can be stopped and hung while the container lives on:

    /standin/freeze           SIGSTOP to each process of the server; connections are accepted by the kernel, none is answered
    /standin/thaw             and on
    /standin/stop [MODE]      ends it (fast, immediate) and leaves the container alive with the port closed
    /standin/start            starts it again, on the same data; returns when it answers

A server that ends without having been told to ends the container with its status.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

DATA = Path(os.environ.get("STANDIN_DATA", "/data"))
STATE = DATA / "server.json"
STOPPED = DATA / "stopped"
WAIT_S = 30
MODES = {
    "postgres": {"fast": signal.SIGINT, "immediate": signal.SIGQUIT},
    "redis-server": {"fast": signal.SIGTERM, "immediate": signal.SIGKILL},
}


def say(text):
    print(f"standin: {text}", file=sys.stderr, flush=True)


def secret(name):
    """The variable NAME, or the content of the file that NAME_FILE names; None without both."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text().rstrip("\n")
    return os.environ.get(name)


def processes(name):
    """Process ids whose program is called name."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state = (entry / "stat").read_text()
        except OSError:
            continue
        comm, rest = state[state.index("(") + 1 : state.rindex(")")], state[state.rindex(")") + 2 :]
        if comm == name and rest[0] not in "ZX":
            found.append((int(entry.name), rest[0]))
    return found


def send(name, signum):
    for pid, _ in processes(name):
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            pass


def wait_until(true, what):
    end = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > end:
            sys.exit(f"standin: not in {WAIT_S} s: {what}")
        time.sleep(0.05)


# --- Process 1 ----------------------------------------------------------------------------------------------------------


def child_ended(child):
    """Reaps whatever ended; the server's status if it was among them, else None."""
    result = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return result
        if pid == 0:
            return result
        if pid == child:
            result = os.waitstatus_to_exitcode(status)


def run(name, command, port):
    """Runs command until TERM or INT; never returns."""
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    Path("/proc/self/comm").write_text("standin")  # the script's own name is the server's
    STOPPED.unlink(missing_ok=True)
    child, ending = 0, False
    while True:
        if child == 0 and not STOPPED.exists():
            child = os.posix_spawn(command[0], command, os.environ, setsigmask=[])
            STATE.write_text(json.dumps({"name": name, "pid": child, "port": port}))
        came = signal.sigtimedwait(signals, 0.1)
        if came and came.si_signo in (signal.SIGTERM, signal.SIGINT):
            if child == 0:
                sys.exit(0)
            ending = True
            os.kill(child, MODES[name]["fast"])
            send(name, signal.SIGCONT)
        status = child_ended(child)
        if status is None:
            continue
        child = 0
        say(f"{name} ended with {status}")
        if ending or not STOPPED.exists():
            sys.exit(0 if ending else status if status >= 0 else 128 - status)


# --- The commands --------------------------------------------------------------------------------------------------------


def state():
    try:
        return json.loads(STATE.read_text())
    except FileNotFoundError:
        sys.exit("standin: no server was started in this container")


def freeze():
    """The parent first, so that it makes no new ones; until every one of them is stopped."""
    name = state()["name"]
    os.kill(state()["pid"], signal.SIGSTOP)

    def all_stopped():
        send(name, signal.SIGSTOP)
        return all(how == "T" for _, how in processes(name))

    wait_until(all_stopped, "all of it stopped")
    print(f"{name}: {len(processes(name))} processes frozen")


def thaw():
    name = state()["name"]
    send(name, signal.SIGCONT)
    wait_until(lambda: all(how != "T" for _, how in processes(name)), "all of it running")
    print(f"{name}: {len(processes(name))} processes run again")


def stop(mode):
    name = state()["name"]
    if mode not in MODES[name]:
        sys.exit(f"usage: stop [{'|'.join(MODES[name])}]")
    STOPPED.touch()
    if processes(name):
        os.kill(state()["pid"], MODES[name][mode])
        send(name, signal.SIGCONT)
    wait_until(lambda: not processes(name), f"{name} ended")
    print(f"{name}: stopped ({mode})")


def answers(server):
    if server["name"] == "postgres":
        command = ["pg_isready", "-q", "-h", DATA, "-p", str(server["port"]), "-U", "postgres"]
        return subprocess.run(command).returncode == 0
    try:
        with socket.create_connection(("127.0.0.1", server["port"]), 1) as link:
            link.sendall(b"PING\r\n")
            return link.recv(1) != b""
    except OSError:
        return False


def start():
    STOPPED.unlink(missing_ok=True)
    server = state()
    wait_until(lambda: processes(server["name"]) and answers(server), f"{server['name']} answers")
    print(f"{server['name']}: answers on port {server['port']}")
