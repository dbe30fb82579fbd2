"""A TCP proxy that misbehaves on demand: silent, cutting, slow, counting."""

import asyncio
import contextlib
import socket
import struct
import threading


class Framer:
    """Where messages of PostgreSQL's protocol begin in one direction of a connection that is not encrypted."""

    def __init__(self, typed):
        self.head = b""
        self.typed = typed  # a client's first message has no type
        self.left = 0  # bytes of the message under way

    def begins(self, data):
        """Offsets in this piece at which a message begins."""
        found = []
        at = 0
        while at < len(data):
            if self.left:
                step = min(self.left, len(data) - at)
                self.left -= step
                at += step
                continue
            if not self.head:
                found.append(at)
            wanted = 4 + self.typed - len(self.head)
            self.head += data[at : at + wanted]
            at += min(wanted, len(data) - at)
            if len(self.head) == 4 + self.typed:
                self.left = int.from_bytes(self.head[self.typed :], "big") - 4
                self.head, self.typed = b"", 1
        return found


class Proxy:
    """Forwards 127.0.0.1:port to target_host:target_port until told otherwise; each method takes effect at once.

    Connections that arrive while it is silent are accepted and never answered, as behind a firewall that drops.
    """

    def __init__(self, target_port, target_host="127.0.0.1"):
        self.target = (target_host, target_port)
        self.accepted = 0
        self.client_bytes = 0
        self.server_bytes = 0
        self._silent = False
        self._cut_after = None
        self._lose = None
        self._at = None
        self.messages = {"client": 0, "server": 0}
        self._delay = 0.0
        self._pairs = set()
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._flow = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        self.port = self._call(self._listen(0))

    # --- What a test does with it ---

    def silence(self):
        """Stops forwarding in both directions; connections stay open."""
        self._call(self._set_silent(True))

    def resume(self):
        """Forwards again, and listens again after refuse()."""
        self._call(self._set_silent(False))
        if self._server is None:
            self._call(self._listen(self.port))

    def delay(self, seconds):
        """Each piece of data waits this long."""
        self._delay = seconds

    def cut(self, reset=False):
        """Closes every connection, with RST if wanted; new ones are welcome."""
        self._call(self._cut(reset))

    def refuse(self):
        """Stops listening (connection refused) and closes what is open."""
        self._call(self._refuse())

    def cut_after(self, n, direction="client"):
        """Cuts each connection after n further bytes from the client ("client") or the server ("server")."""
        self._cut_after = None if n is None else [direction, n]

    def lose(self, n, direction):
        """The n-th piece of data from now, of whatever connection, is swallowed and ends its connection; once."""
        self._lose = [direction, n]

    def at_message(self, n, side, act):
        """Before the n-th message of PostgreSQL's protocol from that side, counted from now over all connections, act() is
        called, once. It returns whether the message is forwarded; where not, every connection is cut."""
        self.messages = {"client": 0, "server": 0}
        self._at = [side, n, act]

    def lost(self):
        return self._lose is None

    def connections(self):
        return len(self._pairs)

    def close(self):
        if self._thread.is_alive():
            self._call(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    # --- Inside the thread ---

    def _main(self, ready):
        asyncio.set_event_loop(self._loop)
        self._flow = asyncio.Event()
        self._flow.set()
        self._loop.call_soon(ready.set)
        self._loop.run_forever()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self, port):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        return self._server.sockets[0].getsockname()[1]

    async def _set_silent(self, silent):
        self._silent = silent
        if silent:
            self._flow.clear()
        else:
            self._flow.set()

    async def _cut(self, reset):
        for pair in list(self._pairs):
            for writer in pair:
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    with contextlib.suppress(OSError):  # it has been closed meanwhile
                        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort() if reset else writer.close()

    async def _refuse(self):
        if self._server:
            self._server.close()
            self._server = None
        await self._cut(False)

    async def _end(self):
        await self._refuse()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _accept(self, reader, writer):
        self.accepted += 1
        pair = [writer]
        self._pairs.add(pair_key := _Pair(pair))
        try:
            await self._flow.wait()
            up_reader, up_writer = await asyncio.open_connection(*self.target)
            pair.append(up_writer)
            await asyncio.gather(
                self._pump(reader, up_writer, "client", pair), self._pump(up_reader, writer, "server", pair)
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._pairs.discard(pair_key)
            for w in pair:
                w.close()

    async def _pump(self, reader, writer, side, pair):
        framer = Framer(side == "server")
        try:
            while data := await reader.read(65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flow.wait()
                cut = False
                rest = b""
                place = self._place(framer, side, data)
                if place is not None:
                    data, rest = data[:place], data[place:]
                if self._cut_after and self._cut_after[0] == side:
                    cut = len(data) >= self._cut_after[1]
                    data = data[: self._cut_after[1]]
                    self._cut_after[1] -= len(data)
                if self._is_lost(side):
                    for w in pair:
                        w.close()
                    return
                if side == "client":
                    self.client_bytes += len(data)
                else:
                    self.server_bytes += len(data)
                writer.write(data)
                await writer.drain()
                if place is not None and await self._act(writer, rest):
                    return
                if cut:
                    for w in pair:
                        w.close()
                    return
        except OSError:
            pass
        writer.close()

    def _place(self, framer, side, data):
        """Where the message begins that at_message() waits for, if it is in this piece."""
        found = None
        for offset in framer.begins(data):
            self.messages[side] += 1
            if self._at and self._at[0] == side and self._at[1] == self.messages[side]:
                found = offset
        return found

    async def _act(self, writer, rest):
        """True: everything was cut."""
        act, self._at = self._at[2], None
        if await asyncio.get_running_loop().run_in_executor(None, act):
            writer.write(rest)
            await writer.drain()
            return False
        await self._cut(False)
        return True

    def _is_lost(self, side):
        if not self._lose or self._lose[0] != side:
            return False
        self._lose[1] -= 1
        if self._lose[1] == 0:
            self._lose = None
            return True
        return False


class _Pair:
    """The two writers of one connection; hashable, iterable."""

    def __init__(self, writers):
        self.writers = writers

    def __iter__(self):
        return iter(self.writers)
