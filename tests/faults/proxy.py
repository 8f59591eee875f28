"""The network between a vehicle and its broker, and what can be wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Literal

from packets import PUBACK, PUBLISH, Packets

Direction = Literal["up", "down"]
UP, DOWN = "up", "down"


class Network:
    """The event loop in which every proxy of a campaign runs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], Any]) -> Any:
        """Do it in the loop's thread."""

        async def do() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


class Proxy:
    """Listens on `port` for one vehicle and passes what it says to the broker, and back.

    `silent` directions pass nothing: it is held, as the network's own repetition does, and comes late or never.
    `delay_s`: each piece comes so much later. `duplicating`: each PUBLISH and PUBACK comes twice. `cut_next`: the
    next piece in that direction is cut in its middle, and the connection with it.
    """

    def __init__(self, network: Network, port: int, broker_port: int) -> None:
        self.port = port
        self._network, self._broker_port = network, broker_port
        self.silent: set[Direction] = set()
        self.duplicating = False
        self.delay_s = 0.0
        self.cut_next: Direction | None = None
        self.duplicated = self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._refused_by: set[str] = set()
        self._server: asyncio.Server | None = None
        self._settling = asyncio.Lock()
        self._listen()

    def heal(self) -> None:
        self.silent = set()
        self.duplicating = False
        self.delay_s, self.cut_next = 0.0, None
        self.accept("network")

    def refuse(self, why: str) -> None:
        """No connection comes about until `accept` was called for every reason."""
        self._refused_by.add(why)
        self._listen()

    def accept(self, why: str) -> None:
        self._refused_by.discard(why)
        self._listen()

    def reset(self) -> None:
        """Every connection ends at once, with what is on its way."""
        self._network.call(lambda: [writer.transport.abort() for writer in list(self._writers)])

    def _listen(self) -> None:
        asyncio.run_coroutine_threadsafe(self._settle(), self._network.loop).result(30)

    async def _settle(self) -> None:
        async with self._settling:
            if self._refused_by and self._server is not None:
                self._server.close()
                self._server = None
            elif not self._refused_by and self._server is None:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            try:
                other_reader, other = await asyncio.open_connection("127.0.0.1", self._broker_port)
            except OSError:
                return
            self.connections += 1
            self._writers.add(other)
            try:
                down = asyncio.create_task(self._pump(other_reader, writer, DOWN))
                await self._pump(reader, other, UP)
                await asyncio.wait([down], timeout=1)
                down.cancel()
            finally:
                other.transport.abort() if self.silent else other.close()
                self._writers.discard(other)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        packets = Packets()
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                while way in self.silent:
                    await asyncio.sleep(0.02)
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.cut_next == way:
                    self.cut_next = None
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    break
                for packet in packets.feed(data):
                    again = self.duplicating and packet[0] >> 4 in (PUBLISH, PUBACK)
                    self.duplicated += again and packet[0] >> 4 == PUBLISH
                    if writer.is_closing():
                        return
                    writer.write(packet * 2 if again else packet)
                await writer.drain()
        if way == DOWN:
            writer.close()
