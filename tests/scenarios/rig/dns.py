"""A name server that answers as told, or never; and the resolv.conf that names it (RELEASE_RUNTIME_RESOLV_CONF)."""

import ipaddress
import socket
import struct
import threading
from pathlib import Path

A, AAAA = 1, 28
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


class NameServer:
    """UDP on 127.0.0.1. mode: "answer" (from names, else NXDOMAIN), "silent", "servfail". search: domains that complete a name."""

    def __init__(self, directory, names=None, mode="answer", address="127.0.0.1", search=()):
        self.names = {k.lower(): v for k, v in (names or {}).items()}
        self.mode = mode
        self.queries = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.port = self._socket.getsockname()[1]
        self.resolv_conf = str(Path(directory) / "resolv.conf")
        completed = f"search {' '.join(search)}\n" if search else ""
        Path(self.resolv_conf).write_text(f"nameserver {address}:{self.port}\n{completed}")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def env(self):
        """For the programs under test."""
        return {"RELEASE_RUNTIME_RESOLV_CONF": self.resolv_conf}

    def close(self):
        self.mode = "closed"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            if self.mode == "closed":
                return
            if len(query) < 17:
                continue
            name, kind = _question(query)
            self.queries.append((name, kind))
            if self.mode != "silent":
                self._socket.sendto(self._answer(query, name, kind), peer)

    def _answer(self, query, name, kind):
        question = query[12 : _question_end(query)]
        if self.mode == "servfail":
            return query[:2] + struct.pack(">HHHHH", 0x8180 | SERVFAIL, 1, 0, 0, 0) + question
        if name not in self.names:
            return query[:2] + struct.pack(">HHHHH", 0x8180 | NXDOMAIN, 1, 0, 0, 0) + question
        given = self.names[name]
        addresses = [ipaddress.ip_address(a) for a in ([given] if isinstance(given, str) else given)]
        records = b""
        n = 0
        for address in addresses:
            if kind == (A if address.version == 4 else AAAA):
                records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(address.packed)) + address.packed
                n += 1
        return query[:2] + struct.pack(">HHHHH", 0x8180 | NOERROR, 1, n, 0, 0) + question + records


def _question_end(query):
    at = 12
    while query[at]:
        at += query[at] + 1
    return at + 5


def _question(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace").lower())
        at += query[at] + 1
    return ".".join(labels), struct.unpack(">H", query[at + 1 : at + 3])[0]
