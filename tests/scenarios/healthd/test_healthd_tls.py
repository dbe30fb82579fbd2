"""Listeners with TLS: the same server behind a handshake, whose certificate may be replaced while it serves."""

import os
import shutil
import socket
import ssl
import time

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow
from rig.leaks import held, no_more, sanitised
from rig.tls import Authority


@pytest.fixture
def authority(scratch):
    return Authority(scratch / "ca")


@pytest.fixture
def files(authority, scratch):
    """Certificate and key where a Secret would be mounted."""
    return put(authority.issue(), scratch / "tls.crt", scratch / "tls.key")


def put(certificate, cert, key):
    for source, target in ((certificate.cert, cert), (certificate.key, key)):
        shutil.copy(source, f"{target}.new")
        os.replace(f"{target}.new", target)
    return cert, key


def serve(start, files, *more, **kw):
    return Healthd(start, "--tls-cert", files[0], "--tls-key", files[1], *more, **kw)


def context(authority=None, **versions):
    c = ssl.create_default_context(cafile=authority.cert if authority else None)
    if not authority:  # as the kubelet, which verifies nothing
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    for name, version in versions.items():
        setattr(c, name, version)
    return c


def connect(h, tls):
    plain = socket.create_connection(("127.0.0.1", h.port), slow(1))
    try:
        return tls.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
    except BaseException:
        plain.close()
        raise


def ask(h, tls, request=b"GET /health/live HTTP/1.0\r\n\r\n"):
    """The whole answer; an end without a goodbye is an error."""
    with connect(h, tls) as s:
        s.sendall(request)
        got = b""
        while True:
            try:
                data = s.recv(65536)
            except ssl.SSLZeroReturnError:
                return got
            if not data:
                return got
            got += data


def serial(h):
    with connect(h, context()) as s:
        return ssl.DER_cert_to_PEM_cert(s.getpeercert(binary_form=True))


def test_answers(start, authority, files):
    h = serve(start, files)
    assert "with TLS" in h.records("listening")[0]["msg"]
    for versions in ({}, {"maximum_version": ssl.TLSVersion.TLSv1_2}, {"minimum_version": ssl.TLSVersion.TLSv1_3}):
        for tls in (context(authority, **versions), context(**versions)):
            assert ask(h, tls).startswith(b"HTTP/1.1 200 OK\r\n")
    got = ask(h, context(authority), b"GET /health/live HTTP/1.1\r\n\r\n" * 3000 + b"GET /metrics HTTP/1.0\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 3001
    bad = ask(h, context(authority), b"POST /health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
    assert bad.startswith(b"HTTP/1.1 413") and b"Connection: close" in bad
    with connect(h, context(authority)) as s:  # kept alive, a byte at a time
        for _ in range(3):
            for byte in b"GET /health/live HTTP/1.1\r\n\r\n":
                s.sendall(bytes([byte]))
            assert s.recv(4096).startswith(b"HTTP/1.1 200")


def test_old_versions_and_strangers(start, authority, files):
    h = serve(start, files)
    old = context(maximum_version=ssl.TLSVersion.TLSv1_1, minimum_version=ssl.TLSVersion.TLSv1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        connect(h, old)
    for garbage in (b"GET /health/live HTTP/1.1\r\n\r\n", b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 20000):
        with socket.create_connection(("127.0.0.1", h.port), slow(1)) as s:
            s.sendall(garbage)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert ask(h, context(authority)).startswith(b"HTTP/1.1 200 OK\r\n")


def test_plain_ones_beside_it(start, authority, files, scratch):
    path = scratch / "s"
    h = serve(start, files, "--listen", "plain:127.0.0.1:0", "--listen", f"unix:{path}")
    wait_until(lambda: len(h.records("listening")) == 3, slow(1))
    plain = int(h.records("listening")[1]["address"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", plain), slow(1)) as s, socket.socket(socket.AF_UNIX) as u:
        u.connect(str(path))
        for one in (s, u):
            one.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 200")
    assert ask(h, context(authority)).startswith(b"HTTP/1.1 200 OK\r\n")


def test_replaced(start, authority, files, scratch):
    h = serve(start, files)
    first = serial(h)
    with connect(h, context(authority)) as kept:
        second = put(authority.issue(), *files)
        wait_until(lambda: serial(h) != first, slow(2), every=0.1)
        assert h.records("certificate_loaded")[0]["file"] == str(files[0])
        kept.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")
    now = serial(h)
    # One that cannot be used, and a pair whose halves do not belong together, leave it as it is.
    files[0].write_text("nonsense")
    wait_until(lambda: serial(h) and h.records("certificate_refused"), slow(2), every=0.1)
    assert str(files[0]) in h.records("certificate_refused")[0]["msg"]
    other = authority.issue()
    shutil.copy(other.cert, files[0])
    wait_until(lambda: serial(h) and len(h.records("certificate_refused")) == 2, slow(2), every=0.1)
    assert serial(h) == now
    shutil.copy(other.key, files[1])
    wait_until(lambda: serial(h) != now, slow(2), every=0.1)
    assert second and "PRIVATE" not in h.process.stderr


@pytest.mark.parametrize("bad", ["missing", "nonsense", "no key", "no certificate", "passphrase"])
def test_bad_files(run, files, bad):
    args = ["--listen", "127.0.0.1:0", "--tls-cert", files[0], "--tls-key", files[1]]
    words = str(files[1])
    if bad == "missing":
        files[1].unlink()
    elif bad == "nonsense":
        files[1].write_text("nonsense")
    elif bad == "passphrase":
        os.system(f"openssl pkey -in {files[1]} -aes256 -passout pass:x -out {files[1]}.x && mv {files[1]}.x {files[1]}")
    elif bad == "no key":
        args, words = args[:4], "--tls-key"
    else:
        args, words = args[:2] + args[4:], "--tls-cert"
    result = run("healthd", *args)
    assert result.status == 2, result.output
    assert words in result.stderr and "listening" not in result.stderr


def test_slow_handshakes_keep_nobody_waiting(start, authority, files):
    """As many silent connections as there are places, and some more: the next one is answered; within two seconds they are gone."""
    h = serve(start, files)
    asleep = [socket.create_connection(("127.0.0.1", h.port), slow(1)) for _ in range(600)]
    for s in asleep[::2]:
        s.sendall(b"\x16\x03\x01")  # the beginning of a handshake
    assert ask(h, context(authority)).startswith(b"HTTP/1.1 200 OK\r\n")
    began = time.monotonic()
    for s in asleep:
        s.settimeout(slow(2))
        try:
            assert s.recv(1) == b""
        except ConnectionResetError:
            pass
        s.close()
    assert time.monotonic() - began < slow(2)


def test_nothing_leaks(start, authority, files):
    h = serve(start, files)
    for _ in range(50):
        ask(h, context(authority))
    before = held(h.process.pid)
    for i in range(500):
        if i % 5 == 0:
            with socket.create_connection(("127.0.0.1", h.port), slow(1)) as s:
                s.sendall(b"GET / HTTP/1.0\r\n\r\n" if i % 2 else b"\x16\x03\x01\x00")
        else:
            ask(h, context(authority))
    no_more(h.process.pid, before, sanitised(1024))
