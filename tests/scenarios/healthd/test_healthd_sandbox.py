"""What healthd has given up once it serves. Breaking out on purpose: tests/unit/proc/test_sandbox.c; every scenario fails when a call
that it needs was refused (rig/program.py)."""

import json

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow
from rig.leaks import SANITISED


def status(h, name):
    with open(f"/proc/{h.process.pid}/status") as f:
        return next(line.split()[1] for line in f if line.startswith(name + ":"))


def test_in_force(start, redis_server):
    redis = redis_server()
    h = Healthd(start, "--check", f"cache {redis.url()}")
    wait_until(lambda: h.ready() == 200, slow(1))
    (record,) = h.records("sandboxed")
    assert record["seccomp"] is not SANITISED
    assert status(h, "Seccomp") == ("0" if SANITISED else "2")
    if record["landlock"] > 0 or not SANITISED:
        assert status(h, "NoNewPrivs") == "1"
    assert h.metric("healthd_sandbox", part="landlock") == (record["landlock"] > 0)
    assert h.metric("healthd_sandbox", part="seccomp") == record["seccomp"]
    assert h.metric("healthd_sandbox_refused_calls_total") == 0
    assert bool(h.records("sandbox_missing")) == SANITISED


def test_off(start):
    h = Healthd(start, "--sandbox", "off")
    assert h.ready() == 200
    assert not h.records("sandboxed")
    assert (status(h, "Seccomp"), status(h, "NoNewPrivs")) == ("0", "0")
    assert h.metric("healthd_sandbox", part="landlock") == h.metric("healthd_sandbox", part="seccomp") == 0


def test_require(start, run):
    if SANITISED:  # which is as a kernel that does not offer it
        result = run("healthd", "--listen", "127.0.0.1:0", "--sandbox", "require", "--log", "json")
        assert result.status == 3
        assert json.loads(result.stderr.splitlines()[-1])["event"] == "cannot_start"
    else:
        h = Healthd(start, "--sandbox", "require")
        assert h.ready() == 200


def test_a_rotated_file_in_a_folder_of_a_volume(start, redis_server, scratch):
    """A volume of several Secrets has a folder for each: a link through ..data, which then leads elsewhere."""
    redis = redis_server(password=True)
    for version, password in (("..1", "wrong-one"), ("..2", redis.password)):
        (scratch / version / "cache").mkdir(parents=True)
        (scratch / version / "cache/password").write_text(password)
    (scratch / "..data").symlink_to("..1")
    (scratch / "cache").symlink_to("..data/cache")
    h = Healthd(start, "--check", f"cache redis://127.0.0.1:{redis.port}?password_file={scratch}/cache/password every 200ms")
    h.until("failed: auth", slow(1), "cache")
    (scratch / "..new").symlink_to("..2")
    (scratch / "..new").rename(scratch / "..data")
    h.until("[+]cache ok", slow(2), "cache")


@pytest.mark.parametrize("replaced", ["the file", "the directory behind a link"])
def test_rotated_files(start, redis_server, scratch, replaced):
    """A password and the configuration are read again where they were, also as Kubernetes replaces them."""
    redis = redis_server(password=True)
    (scratch / "..1").mkdir()
    (scratch / "..data").symlink_to("..1")
    for name in ("password", "checks"):
        (scratch / name).symlink_to(f"..data/{name}")
    (scratch / "..1/password").write_text("wrong-one")
    url = f"redis://127.0.0.1:{redis.port}?password_file={scratch}/password"
    (scratch / "..1/checks").write_text(f"cache {url} every 200ms\n")
    h = Healthd(start, "--config", scratch / "checks")
    h.until("failed: auth", slow(1), "cache")
    new = scratch / ("..1" if replaced == "the file" else "..2")
    new.mkdir(exist_ok=True)
    (new / "password").write_text(redis.password)
    (new / "checks").write_text(f"cache {url} every 200ms\nmore {url}\n")
    (scratch / "..new").symlink_to(new.name)
    (scratch / "..new").rename(scratch / "..data")
    h.until("[+]cache ok", slow(2), "cache")
    h.process.send_signal(1)
    wait_until(lambda: h.records("reloaded"), slow(1))
    h.until("[+]more ok", slow(1), "more")


def test_a_service_file(start, pg, scratch):
    """It is read at each login, from wherever it is, and may change."""
    address = pg.url.split("@")[1].split("/")[0]
    service = scratch / "services" / "pg_service.conf"
    service.parent.mkdir()
    env = {"PGSERVICEFILE": service, "PGSERVICE": "shop", "PGSSLMODE": "disable"}
    credentials, name = pg.url.split("//")[1].split("@")[0], pg.url.rsplit("/", 1)[1].split("?")[0]
    user, _, password = credentials.partition(":")
    host, port = address.split(":")
    text = f"[shop]\nhost={host}\nport={port}\nuser={user}\npassword={password}\ndbname={name}\n"
    service.write_text(text)
    h = Healthd(start, "--check", "database postgres:// every 200ms connection each", env=env)
    h.until("[+]database ok", slow(1))
    service.with_name("new").write_text(text.replace(f"port={port}", "port=1"))
    service.with_name("new").rename(service)
    h.until("failed: refused", slow(1))
