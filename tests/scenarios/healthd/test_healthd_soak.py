"""healthd under 10,000 slow clients and beside servers whose every answer is cut; `make soak-healthd` does it for an hour.

RR_SOAK_SECONDS is how long each of the two takes; a few seconds otherwise. With it set, the figures are judged as promised (no probe over
100 ms, memory flat within 64 KiB), so the machine has to be idle; else bounds are generous.
"""

import os
import time

from rig import kubelet
from rig.base import free_port, status_number, wait_until
from rig.healthd import Healthd, slow
from rig.leaks import held, sanitised
from rig.soak import Cutter, SlowClients

SECONDS = float(os.environ.get("RR_SOAK_SECONDS") or 0)


def told(text):
    print(text, flush=True)


def test_slow_clients(start):
    h = Healthd(start)
    clients = SlowClients(h.port, 10000 if SECONDS else 2000)
    worst, n, began = 0.0, 0, time.monotonic()
    try:
        wait_until(lambda: h.metric("healthd_http_evicted_total") > 0, slow(5), "all places filled")
        while time.monotonic() - began < (SECONDS or 8):
            for path in ("/health/live", "/health/ready"):
                probed = kubelet.probe(h.port, path)
                assert probed.result == kubelet.SUCCESS, probed
                worst = max(worst, probed.seconds)
                n += 1
            time.sleep(0.05)
        assert h.metric("healthd_http_connections") <= 512
        made = h.metric("healthd_http_accepted_total") - n
    finally:
        clients.close()
    told(f"{n} probes during {made:.0f} slow connections, the slowest took {worst * 1000:.1f} ms; {held(h.process.pid)}")
    assert worst < (0.1 if SECONDS else slow(0.1))
    wait_until(lambda: h.metric("healthd_http_connections") < 10, slow(1))
    assert h.process.fds() < 40


def cycles(h, names):
    return sum(h.metric("healthd_check_duration_seconds_count", check=name) for name in names)


def at_peak(cutters, seconds):
    """Every check waits at once, until its timeout: what is held for it is as much as it ever will be."""
    for paused in (True, False):
        for c in cutters:
            c.paused = paused
        time.sleep(seconds)


def at_rest(h, seconds):
    """The least that it holds within so long, as (descriptors, threads, RssAnon in KiB): what stays when few checks are under way."""
    pid, samples, until = h.process.pid, [], time.monotonic() + seconds
    while time.monotonic() < until:
        samples.append((held(pid).fds, status_number(pid, "Threads"), status_number(pid, "RssAnon")))
        time.sleep(0.05)
    return tuple(min(column) for column in zip(*samples))


def silent(start, *args):
    """A Healthd that logs no changes: those of an hour would fill the disk."""
    h = Healthd.__new__(Healthd)
    h.port = free_port()
    h.process = start("healthd", "--listen", f"127.0.0.1:{h.port}", "--drain", "0", "--log-level", "error", *args)
    wait_until(lambda: kubelet.probe(h.port, "/health/live").result == kubelet.SUCCESS, slow(1), "it answers")
    return h


def test_every_answer_is_cut(start, pg, redis_server, fpm):
    """PostgreSQL, Redis, PHP-FPM and HTTP, cut at each byte that they send: descriptors and memory stay as they are."""
    redis, php, app = redis_server(), fpm(workers=4), Healthd(start)  # one more of it is an application that answers fast
    cutters = [Cutter(port, most) for port, most in ((pg.port, 600), (redis.port, 90), (php.main, 200), (app.port, 250))]
    urls = [pg.url_with(port=cutters[0].port, sslmode="disable"),
            f"redis://127.0.0.1:{cutters[1].port}", f"fcgi://127.0.0.1:{cutters[2].port}/ping", f"http://127.0.0.1:{cutters[3].port}/health"]  # fmt: skip
    lines = {f"{kind}{n}-{way}": f"{url} every 100ms timeout 2s connection {way}"
             for kind, url in zip(("pg", "redis", "fpm", "http"), urls) for way in (("each",) if kind == "fpm" else ("keep", "each"))
             for n in range(16 if SECONDS else 2)}  # fmt: skip
    h = silent(start, *[w for name, line in lines.items() for w in ("--check", f"{name} {line}")])
    began, rest = time.monotonic(), 30 if SECONDS else 3
    try:
        wait_until(lambda: time.monotonic() - began > min(600, SECONDS / 2) and cycles(h, lines) > 100, SECONDS + slow(10), "it is warm")
        at_peak(cutters, 2.5)
        before = at_rest(h, rest)
        wait_until(lambda: time.monotonic() - began > (SECONDS or 12), (SECONDS or 12) * 2, "the time is over", every=0.5)
        after = at_rest(h, rest)
        assert all(c.cuts > 20 for c in cutters), [c.cuts for c in cutters]
        told(f"{cycles(h, lines):.0f} checks, {sum(c.cuts for c in cutters)} of them cut; descriptors, threads, RssAnon (KiB): {before}, then {after}")
        assert h.get("/health/live").status == 200
    finally:
        for c in cutters:
            c.paused = False
            c.close()
    more = [b - a for a, b in zip(before, after)]
    assert more[0] <= sum("keep" in name for name in lines) and more[1] <= 0 and more[2] <= sanitised(64 if SECONDS else 640), (before, after)
