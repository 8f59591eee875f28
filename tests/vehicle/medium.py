"""A disk that loses power as disks do: what was written and not yet flushed is gone, or half of it is.

A file as the emulator's disk would be too kind: whatever its cache mode, a write that reached the host's kernel
outlives the emulator. So the machine's disk is served from here, by the NBD protocol, and is honest in both directions:
a flush is answered when all writes that were answered before are on the medium, and at a cut each sector of the other
writes is there or not by chance, in any order, as with a disk's volatile cache. A sector of 512 bytes is never torn.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

SECTOR = 512

# https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md: fixed newstyle, simple replies, one export.
_GREETING = struct.Struct(">8s8sH")
_OPTION = struct.Struct(">8sII")
_OPTION_REPLY = struct.Struct(">QIII")
_EXPORT = struct.Struct(">HQH")
_REQUEST = struct.Struct(">IHHQQI")
_REPLY = struct.Struct(">IIQ")
_OPTION_MAGIC, _REPLY_MAGIC = 0x3E889045565A9, 0x67446698
_FIXED_NEWSTYLE, _NO_ZEROES = 1, 2
_ABORT, _INFO, _GO = 2, 6, 7
_ACK, _ERR_UNSUPPORTED = 1, 0x80000001
_HAS_FLAGS, _SEND_FLUSH = 1, 4
_READ, _WRITE, _DISCONNECT, _FLUSH = range(4)
_EINVAL = 22


class Medium:
    """A disk with the content `image`; `flushes` counts what it was asked to keep."""

    def __init__(self, image: bytes, chance: random.Random) -> None:
        self._kept = bytearray(image)
        self._seen = bytearray(image)
        self._loose: list[tuple[int, bytes]] = []
        self._chance = chance
        self.flushes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, begin: int, size: int) -> bytes:
        return bytes(self._seen[begin : begin + size])

    def write(self, begin: int, content: bytes) -> None:
        self._seen[begin : begin + len(content)] = content
        self._loose.append((begin, content))

    def flush(self) -> None:
        for begin, content in self._loose:
            self._kept[begin : begin + len(content)] = content
        self._loose.clear()
        self.flushes += 1

    def cut(self, share: float) -> int:
        """Lose power: of what was not flushed, that `share` of the sectors is kept; gives how many are lost."""
        lost = 0
        for begin, content in self._loose:
            for at in range(0, len(content), SECTOR):
                if self._chance.random() < share:
                    sector = content[at : at + SECTOR]
                    self._kept[begin + at : begin + at + len(sector)] = sector
                else:
                    lost += 1
        self._loose.clear()
        self._seen[:] = self._kept
        return lost

    @property
    def content(self) -> bytes:
        """What a reader finds who takes it out of the machine."""
        return bytes(self._kept)


class Served:
    """The medium on the socket `path`, for one machine at a time; `join` waits until the machine has gone.

    `stop_after` makes the next cut fall amid what the disk is doing: so many writes and flushes are done, then nothing
    is done or answered any more, and `stopped` is set.
    """

    def __init__(self, medium: Medium, path: Path) -> None:
        self._medium = medium
        self._left: int | None = None
        self.stopped = threading.Event()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop_after(self, operations: int) -> None:
        self._left = operations

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive(), "the machine has not let its disk go"

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self._listener.close()
        with connection, connection.makefile("rb") as asked:
            try:
                connection.sendall(_GREETING.pack(b"NBDMAGIC", b"IHAVEOPT", _FIXED_NEWSTYLE | _NO_ZEROES))
                asked.read(4)
                if self._agree(connection, asked.read):
                    while self._answer(connection, asked.read):
                        pass
                while self.stopped.is_set() and asked.read(SECTOR):
                    pass
            except (OSError, struct.error):  # it was killed amid a question
                return

    def _agree(self, connection: socket.socket, read: Callable[[int], bytes]) -> bool:
        while True:
            _, option, size = _OPTION.unpack(read(_OPTION.size))
            read(size)
            if option in (_INFO, _GO):
                export = _EXPORT.pack(0, len(self._medium), _HAS_FLAGS | _SEND_FLUSH)
                connection.sendall(_OPTION_REPLY.pack(_OPTION_MAGIC, option, 3, len(export)) + export)
                connection.sendall(_OPTION_REPLY.pack(_OPTION_MAGIC, option, _ACK, 0))
                if option == _GO:
                    return True
            else:
                connection.sendall(_OPTION_REPLY.pack(_OPTION_MAGIC, option, _ERR_UNSUPPORTED, 0))
                if option == _ABORT:
                    return False

    def _answer(self, connection: socket.socket, read: Callable[[int], bytes]) -> bool:
        _, _, kind, cookie, begin, size = _REQUEST.unpack(read(_REQUEST.size))
        trouble, content = 0, b""
        if self._left is not None and kind in (_WRITE, _FLUSH):
            self._left -= 1
            if self._left < 0:
                self.stopped.set()
                return False
        if kind == _DISCONNECT:
            return False
        if kind == _READ:
            content = self._medium.read(begin, size)
        elif kind == _WRITE:
            written = read(size)
            if len(written) < size:
                return False
            self._medium.write(begin, written)
        elif kind == _FLUSH:
            self._medium.flush()
        else:
            trouble = _EINVAL
        connection.sendall(_REPLY.pack(_REPLY_MAGIC, trouble, cookie) + content)
        return True
