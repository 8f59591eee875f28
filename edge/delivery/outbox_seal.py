"""What a row of the outbox holds, encrypted with AES-256-GCM and bound to its place."""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
"""96 bits, random: far fewer than 2**32 rows are ever written with one key (NIST SP 800-38D, 8.3)."""
_PROOF = b"driver-monitor outbox"


class UnreadableError(Exception):
    """Written with another key, damaged, altered, or moved from another row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sealed event: its ticket, its level (0 advisory to 2 critical), seconds since 1970 when it was put."""

    sequence: int
    level: int
    put: int
    nonce: bytes
    body: bytes


class Seal:
    """Seals and opens with one key; sequence, level and time are not secret, but cannot be changed or exchanged."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, sequence: int, level: int, put: int, content: bytes) -> Row:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Row(sequence, level, put, nonce, self._cipher.encrypt(nonce, content, _bound(sequence, level, put)))

    def open(self, row: Row) -> bytes:
        """The content.

        Raises:
            UnreadableError: it is not what this key sealed in this row.
        """
        try:
            return self._cipher.decrypt(row.nonce, row.body, _bound(row.sequence, row.level, row.put))
        except (InvalidTag, ValueError, TypeError, struct.error):  # a damaged row may have any type and size
            raise UnreadableError from None

    def proof(self) -> bytes:
        """Something by which a database knows its key, and that says nothing of it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, _PROOF, None)

    def proves(self, proof: object) -> bool:
        """Whether `proof` was made with this key."""
        if not isinstance(proof, bytes):
            return False
        try:
            return self._cipher.decrypt(proof[:NONCE_BYTES], proof[NONCE_BYTES:], None) == _PROOF
        except (InvalidTag, ValueError):
            return False


def _bound(sequence: int, level: int, put: int) -> bytes:
    return struct.pack(">QBq", sequence, level, put)
