"""Where an application listens: the check that the chart derives finds it on IPv4 and on IPv6."""

import pytest

from rig.cluster import wait_until
from rig.place import STANDIN, ready
from rig.release import Release, newest

SERVER = """
import http.server, socket, sys
http.server.HTTPServer.address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
http.server.HTTPServer((sys.argv[1], 8080), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture(scope="module")
def place(new_place):
    return new_place("listen", servers=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_application_is_found_where_it_listens(place, address):
    """On one family alone, as in a cluster that has no other."""
    app = {"image": STANDIN, "port": 8080, "command": ["python3", "-c", SERVER, address], "readOnlyRoot": True}
    name = "v6" if ":" in address else "v4"
    release = Release(place, newest(), wait=False, name=name)
    release.install({"workloads": {"web": {"containers": {"app": app}}}})
    pods = lambda: place.pods(f"app.kubernetes.io/instance={name}")  # noqa: E731
    wait_until(lambda: [one for one in pods() if ready(one)], 60, place.describe)
