"""Peers for a soak: very many slow clients, and a proxy that cuts an answer at each of its bytes in turn."""

import errno
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time


class SlowClients:
    """n connections that send a byte of a request each `pause` seconds, or nothing; one that is closed is made anew. In a process of
    its own, so that it takes no time from whoever measures."""

    def __init__(self, port, n, pause=1.0):
        self.process = subprocess.Popen([sys.executable, __file__, str(port), str(n), str(pause)])

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Crowd:
    """What runs there."""

    HEAD = b"GET /health/live HTTP/1.1\r\nX-Slow: " + b"y" * 4000

    def __init__(self, port, n, pause):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, n + 100)), hard))
        self.port = port
        self.n = min(n, hard - 100)
        self.pause = pause
        self.made = 0
        self.selector = selectors.DefaultSelector()
        self.open = {}  # socket: bytes sent

    def _make(self):
        s = socket.socket()
        s.setblocking(False)
        # Many addresses of ours: one has no more than 28,000 ports.
        s.bind((f"127.0.0.{2 + self.made % 200}", 0))
        if s.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            s.close()
            return
        self.made += 1
        self.open[s] = 0 if self.made % 2 else None  # the others say nothing
        self.selector.register(s, selectors.EVENT_READ)

    def _drop(self, s):
        self.selector.unregister(s)
        del self.open[s]
        s.close()

    def _send(self, s):
        sent = self.open[s]
        try:
            if sent is not None:
                self.open[s] = sent + s.send(self.HEAD[sent % len(self.HEAD) :][:1])
        except OSError:
            pass

    def run(self):
        """Twenty steps in each pause: a part of those that are missing is made, a part of the others sends."""
        step = self.pause / 20
        while True:
            began = time.monotonic()
            for _ in range(min(self.n - len(self.open), self.n // 20)):
                self._make()
            for s in list(self.open)[::20]:
                self._send(s)
            while True:
                for key, _ in self.selector.select(max(0.0, began + step - time.monotonic())):
                    self._drop(key.fileobj)
                if time.monotonic() >= began + step:
                    break


class Cutter:
    """Before 127.0.0.1:target: the n-th connection ends when the server has sent n modulo `most` bytes, so that each message of an
    answer is cut at each of its bytes, and everything else that there is of it is let through once in `most` rounds."""

    def __init__(self, target, most):
        self.target = target
        self.most = most
        self.cuts = 0
        self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.over = False
        self.paused = False  # nothing is accepted or passed on meanwhile: who connects waits
        self.peers = {}  # socket: (the other, bytes that the server may still send; None for the client's side)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread.start()

    def close(self):
        self.over = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()

    def _accept(self):
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        self.peers[client] = [server, None]
        self.peers[server] = [client, self.accepted % self.most]
        self.accepted += 1
        for s in (client, server):
            self.selector.register(s, selectors.EVENT_READ)

    def _drop(self, s):
        for one in (s, self.peers[s][0]):
            self.selector.unregister(one)
            del self.peers[one]
            one.close()

    def _move(self, s):
        other, left = self.peers[s]
        try:
            data = s.recv(65536)
            other.sendall(data if left is None else data[:left])
        except OSError:
            data = b""
        if left is not None:
            self.peers[s][1] = left - len(data)
        if not data or (left is not None and left <= len(data)):
            self.cuts += bool(data)
            self._drop(s)

    def _run(self):
        while not self.over:
            if self.paused:
                time.sleep(0.01)
                continue
            for key, _ in self.selector.select(1):
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj in self.peers:
                    self._move(key.fileobj)
        for s in list(self.peers):
            s.close()
        self.listener.close()
        self.selector.close()


if __name__ == "__main__":
    Crowd(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])).run()
