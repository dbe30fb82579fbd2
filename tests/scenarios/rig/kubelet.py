"""The kubelet's prober, by its source (k8s.io/kubernetes, pkg/probe/http and pkg/kubelet/prober/prober.go).

A new connection each time; User-Agent kube-probe/…, Accept */*, Connection: close; one second for all of it; 200 to 399 passes;
redirects on the same host are followed, ten at most, and one to another host passes; 10 KiB of the body are read and the rest
is left; a transport error is a failure at once, but a body that is cut short is an error: three tries, and then no result.
"""

import http.client
import time
import urllib.parse
from dataclasses import dataclass

SUCCESS, FAILURE, UNKNOWN = "success", "failure", "unknown"
BODY_MAX = 10 * 1024
REDIRECTS_MAX = 10
TRIES = 3


@dataclass
class Probed:
    result: str
    status: int  # 0: none
    body: bytes
    seconds: float
    why: str = ""


class Cut(Exception):
    """The body ended before its length."""


def _get(host, port, path, deadline):
    connection = http.client.HTTPConnection(host, port, timeout=max(0.001, deadline - time.monotonic()))
    try:
        connection.request("GET", path, headers={"User-Agent": "kube-probe/1.34", "Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        body = b""
        while len(body) < BODY_MAX:
            connection.sock and connection.sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                more = answer.read(BODY_MAX - len(body))
            except (http.client.IncompleteRead, ConnectionError) as e:
                raise Cut(str(e)) from None
            if not more:
                break
            body += more
        if len(body) < BODY_MAX and answer.length:
            raise Cut(f"{answer.length} bytes are missing")
        return answer.status, answer.headers, body
    finally:
        connection.close()


def _once(host, port, path, timeout):
    began = time.monotonic()
    for _ in range(REDIRECTS_MAX + 1):
        try:
            status, headers, body = _get(host, port, path, began + timeout)
        except Cut:
            raise
        except (OSError, http.client.HTTPException) as e:
            return Probed(FAILURE, 0, b"", time.monotonic() - began, f"{type(e).__name__}: {e}")
        if status not in (301, 302, 303, 307, 308) or not headers.get("Location"):
            break
        to = urllib.parse.urlsplit(urllib.parse.urljoin(f"http://{host}:{port}{path}", headers["Location"]))
        if to.hostname != host:
            break
        port, path = to.port or 80, to.path or "/"
    else:
        return Probed(FAILURE, status, body, time.monotonic() - began, "stopped after 10 redirects")
    passed = 200 <= status < 400
    return Probed(SUCCESS if passed else FAILURE, status, body, time.monotonic() - began, "" if passed else f"status {status}")


def probe(port, path="/health/ready", host="127.0.0.1", timeout=1.0):
    """One probe; UNKNOWN: the kubelet keeps the result that it had."""
    why = ""
    for _ in range(TRIES):
        try:
            return _once(host, port, path, timeout)
        except Cut as e:
            why = f"cut short: {e}"
    return Probed(UNKNOWN, 0, b"", 0.0, why)
