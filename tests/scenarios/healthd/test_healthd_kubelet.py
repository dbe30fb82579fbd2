"""healthd as a kubelet sees it: probes by the kubelet's own rules, and pods that end under load."""

import re
import threading
import time

import pytest
from rig import kubelet, nasty
from rig.base import SLOW, descendants, kill_quietly, proc_stat, rounds, wait_until
from rig.healthd import Healthd, slow


def answering(head, body=b""):
    def talk(peer, connection):
        connection.sendall(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)

    return talk


def to(location):
    return answering(b"HTTP/1.1 307 Moved\nContent-Length: 0\nLocation: " + location)


@pytest.mark.parametrize(
    "talk, result, tries",
    [
        (answering(b"HTTP/1.1 200 OK\nContent-Length: 2", b"ok"), kubelet.SUCCESS, 1),
        (answering(b"HTTP/1.1 399 Odd\nContent-Length: 0"), kubelet.SUCCESS, 1),
        (answering(b"HTTP/1.1 503 No\nContent-Length: 0"), kubelet.FAILURE, 1),
        (answering(b"HTTP/1.1 200 OK\nContent-Length: 20000", b"x" * 20000), kubelet.SUCCESS, 1),
        (answering(b"HTTP/1.1 200 OK\nContent-Length: 9", b"half"), kubelet.UNKNOWN, 3),
        (lambda peer, connection: None, kubelet.FAILURE, 1),
        (lambda peer, connection: peer.over.wait(20), kubelet.FAILURE, 1),
        (to(b"http://elsewhere.test/"), kubelet.SUCCESS, 1),
        (to(b"/again"), kubelet.FAILURE, 11),
    ],
)
def test_the_imitation_keeps_the_rules(peer, talk, result, tries):
    one = peer(talk)
    probed = kubelet.probe(one.port)
    assert (probed.result, one.accepted) == (result, tries), probed
    assert probed.seconds < slow(1)


def test_probes(start, redis_server):
    """Liveness, readiness and startup as the pod would declare them, through an outage; each body whole."""
    redis = redis_server()
    many = [w for n in range(40) for w in ("--check", f"cache-{n:02d} {redis.url()} every 1s groups ready,startup")]
    h = Healthd(start, *many, "--alias", "/readyz=/health/ready")
    wait_until(lambda: kubelet.probe(h.port, "/health/startup").result == kubelet.SUCCESS, slow(1), "started")
    for path in ("/health/live", "/health/ready", "/health/startup", "/health", "/readyz", "/health/ready?verbose"):
        probed = kubelet.probe(h.port, path)
        assert probed.result == kubelet.SUCCESS and len(probed.body) < kubelet.BODY_MAX, (path, probed)
        assert probed.body == h.get(path).body.encode()
    assert kubelet.probe(h.port, "/metrics").result == kubelet.SUCCESS  # more than 10 KiB: the rest is left
    redis.sigkill()
    wait_until(lambda: kubelet.probe(h.port).status == 503, slow(1), "not ready")
    assert kubelet.probe(h.port, "/health/live").result == kubelet.SUCCESS
    assert kubelet.probe(h.port, "/health/startup").result == kubelet.SUCCESS
    assert kubelet.probe(h.port, host="localhost").result == kubelet.FAILURE


# --- The end of a pod ---

DRAIN_S = 1.5


class Load:
    """Asks in turn for live and ready, each over a connection of its own, until the first that fails after over()."""

    def __init__(self, port):
        self.port = port
        self.answers = []  # (wall time of the end, path, Probed)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stop.is_set():
            for path in ("/health/live", "/health/ready"):
                probed = kubelet.probe(self.port, path, timeout=10)
                self.answers.append((time.time(), path, probed))
            time.sleep(0.005)

    def end(self):
        self.stop.set()
        self.thread.join()


def wall(record):
    text = record["time"]
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(text[19:-1])


def one_end(start, first):
    """Of one healthd under load; first: as process 1 of a container. How many answers there were until its drain was over."""
    h = Healthd(start, "--drain", f"{DRAIN_S}s", wrap=nasty.wrap_of("pid1" if first else "plain"))
    load = Load(h.port)
    try:
        wait_until(lambda: len(load.answers) > 10, slow(1), "answers before the end")
        inside = next(p for p in [h.process.pid, *descendants(h.process.pid)] if is_healthd(p)) if first else h.process.pid
        told = time.time()
        kill_quietly(inside, 15)
        assert h.process.wait(DRAIN_S + 20).status == 0
    finally:
        load.end()
    (over,) = [wall(r) for r in h.records("stopped")]
    assert over - told >= DRAIN_S - 0.1
    (draining,) = [wall(r) for r in h.records("draining")]
    before = [a for a in load.answers if a[0] < over - 0.002]
    assert all(p.status == 200 for _, path, p in before if path == "/health/live"), before
    assert {p.status for at, path, p in before if path == "/health/ready"} == {200, 503}
    late = [p.status for at, path, p in before if path == "/health/ready" and at - p.seconds > draining + 0.01]
    assert late and set(late) == {503}
    return len(before)


def is_healthd(pid):
    stat = proc_stat(pid)
    with open(f"/proc/{pid}/comm") as comm:
        return stat is not None and re.match("healthd", comm.read()) is not None


@pytest.mark.parametrize("first", [False, True])
def test_no_request_fails_before_the_drain_ends(start, first):
    """Fifty ends, five at a time."""
    nasty.wrap_of("pid1" if first else "plain")  # may skip
    failed, counts = [], []

    def run():
        try:
            counts.append(one_end(start, first))
        except BaseException as e:  # noqa: BLE001  an assertion of a thread is told by the test
            failed.append(e)

    left = rounds(50, 5)
    while left > 0 and not failed:
        threads = [threading.Thread(target=run) for _ in range(min(5, left))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        left -= len(threads)
    assert not failed, failed
    assert min(counts) > 10 / SLOW
