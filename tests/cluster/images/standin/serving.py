"""HTTP servers of the stand-in: answers in JSON or text, and an end that cuts no request off."""

import http.server
import json
import os
import signal
import sys
import threading

import connection

VERSION = os.environ.get("APP_VERSION", "dev")


def say(event, **more):
    print(json.dumps({"event": event, "version": VERSION, **more}), file=sys.stderr, flush=True)


def hits():
    """None without a Redis, and when it does not answer: the page does not need it."""
    try:
        client = connection.redis_client()
        return client.incr("standin:hits") if client else None
    except Exception as error:  # redis-py's, and what it lets through: a kind, never a text
        say("redis", error=type(error).__name__)
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10  # a client that sends nothing

    def answer(self, status, body, kind=None):
        text = body if isinstance(body, str) else json.dumps(body)
        data = text.encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", kind or ("text/plain" if isinstance(body, str) else "application/json"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for those that are answering
    request_queue_size = 128


def serve(handler, port):
    """Until TERM or INT: then it takes no more, lets what is under way end, and returns."""
    server = Server(("0.0.0.0", port), handler)

    def end(signum, _frame):
        say("ending", signal=signal.Signals(signum).name)
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    say("listening", port=port)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    say("ended")
