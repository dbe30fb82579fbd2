"""healthd as the scenarios see it: started on a port of the kernel's, asked over HTTP, its log read as records."""

import json
import time

from .base import SLOW, wait_until
from .program import http_get


class Healthd:
    def __init__(self, start, *args, env=None, wrap=()):
        common = ["--listen", "127.0.0.1:0", "--log", "json", "--details", "always", "--drain", "0"]
        self.process = start("healthd", *common, *args, env=env, wrap=wrap)
        self.port = int(self.process.wait_for(r'"address":"127\.0\.0\.1:(\d+)"').group(1))

    def get(self, path, **more):
        return http_get(self.port, path, **more)

    def json(self, path):
        return json.loads(self.get(path).body)

    def live(self):
        return self.get("/health/live").status

    def ready(self):
        return self.get("/health/ready").status

    def verbose(self, name="database"):
        """The line of one check, "[+]database ok"."""
        body = self.get(f"/health/check/{name}?verbose").body
        return body.splitlines()[0]

    def until(self, wanted, within, name="database"):
        """Waits for a check's line to contain `wanted`; live has to be 200 all the time. Seconds it took."""
        began = time.monotonic()

        def seen():
            answer = self.get("/health/live")
            assert answer.status == 200
            return wanted in self.verbose(name)

        try:
            wait_until(seen, within, f"{wanted!r} in the line of {name}")
        except AssertionError as late:
            raise AssertionError(f"{late}: {self.verbose(name)!r}\n{self.process.stderr[-2000:]}") from None
        return time.monotonic() - began

    def records(self, event=None):
        found = [json.loads(line) for line in self.process.stderr.splitlines() if line.startswith("{")]
        return [r for r in found if event is None or r["event"] == event]

    def metric(self, name, **labels):
        """The value of one sample, None when there is none."""
        wanted = "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else ""
        for line in self.get("/metrics").body.splitlines():
            if line.startswith(f"{name}{wanted} "):
                return float(line.rsplit(" ", 1)[1])
        return None


def slow(seconds):
    """A bound ten times generous, as `make check` wants it."""
    return 10 * seconds * SLOW
