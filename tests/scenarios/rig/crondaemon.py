"""cronrun daemon as the scenarios see it: started on a port of the kernel's, its log and its runs' read as records."""

import json
from pathlib import Path

from .base import wait_until
from .program import http_get


class CronDaemon:
    """crontab: its text, written to `path` unless that is there already. What runs is ended with the test."""

    def __init__(self, start, path, crontab=None, *args, env=None, wrap=()):
        self.path = path
        if crontab is not None:
            path.write_text(crontab)
        common = ["--listen", "127.0.0.1:0", "--log", "json", "--drain", "5s"]
        self.process = start("cronrun", "daemon", *common, *args, path, env=env, wrap=wrap)
        self.port = int(self.process.wait_for(r'"address":"127\.0\.0\.1:(\d+)"').group(1))

    def records(self, event=None, **fields):
        """Of the daemon and its runs, of one event and with these fields if wanted."""
        found = [json.loads(line) for line in self.process.stderr.splitlines() if line.startswith("{") and line.endswith("}")]
        return [r for r in found if (event is None or r["event"] == event) and all(r.get(k) == v for k, v in fields.items())]

    def wait_for(self, event, n=1, timeout=20, **fields):
        """Waits until there are n such records; all of them."""

        def there():
            assert self.process.running() or len(self.records(event, **fields)) >= n, self.process.stderr[-3000:]
            found = self.records(event, **fields)
            return found if len(found) >= n else None

        return wait_until(there, timeout, f"{n} records {event} {fields}")

    def get(self, path, **more):
        return http_get(self.port, path, **more)

    def metric(self, name, **labels):
        """The value of one sample, None when there is none."""
        wanted = "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else ""
        for line in self.get("/metrics").body.splitlines():
            if line.startswith(f"{name}{wanted} "):
                return float(line.rsplit(" ", 1)[1])
        return None


def children(pid):
    """Direct children of a process of one thread."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
