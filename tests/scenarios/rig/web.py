"""An application over HTTP/1.1, as a process of its own (to be stopped, frozen and killed); and a peer that says anything.

    Web      answers with what its directory's file `status` holds; counts connections and requests in its log
    Peer     a thread that hands each accepted connection to a function of the test's
"""

import http.server
import os
import shutil
import socket
import ssl
import sys
import threading
from pathlib import Path

from rig.base import Daemon, give_to_server_user, wait_until


class Web:
    """.port, .accepted(), .requests(), .say(status); .start() after .sigkill() takes the same port."""

    def __init__(self, directory, certificate=None):
        self.directory = Path(directory)
        self.certificate = [shutil.copy(f, self.directory) for f in (certificate.cert, certificate.key)] if certificate else []
        self.port = 0
        self.say(200)
        give_to_server_user(self.directory)
        self.start()

    def start(self):
        words = [sys.executable, str(Path(__file__)), str(self.directory), str(self.port), *self.certificate]
        log = self.directory / "log"
        before = log.read_text().count("port ") if log.exists() else 0
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])}
        self.daemon = Daemon(words, log, env=env)
        wait_until(lambda: log.read_text().count("port ") > before, 20, "the application listens")
        self.port = int(log.read_text().split("port ")[-1].split()[0])
        return self

    def say(self, status, headers=""):
        path = self.directory / "status.new"
        path.write_text(f"{status}\n{headers}")
        path.chmod(0o644)
        path.replace(self.directory / "status")

    def log(self):
        return self.daemon.log_text()

    def accepted(self):
        return self.log().count("accepted")

    def requests(self):
        return self.log().count("asked for ")

    def sigkill(self):
        self.daemon.sigkill()

    def sigstop(self):
        self.daemon.signal_tree(19)

    def sigcont(self):
        self.daemon.signal_tree(18)

    def close(self):
        self.daemon.end()


class Peer:
    """On 127.0.0.1:port; talk(connection) runs in a thread per connection, which is closed afterwards."""

    def __init__(self, talk):
        self.talk = talk
        self.accepted = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            try:
                connection.recv(65536)
                self.talk(self, connection)
            except OSError:
                pass

    def close(self):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


# --- The process of a Web ---


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        print("accepted", flush=True)

    def do_GET(self):
        status, *headers = (Path(sys.argv[1]) / "status").read_text().split("\n")
        print("asked for", self.path, self.headers.get("User-Agent"), bool(self.headers.get("Authorization")), flush=True)
        body = b"what it says does not matter"
        self.send_response(int(status))
        for line in filter(None, headers):
            self.send_header(*line.split(": ", 1))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
