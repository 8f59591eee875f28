"""Damages bytes as storage, networks and bad programs do."""

from __future__ import annotations

import random
from collections.abc import Sequence

INTERESTING = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"{", b"[", b'"', b"\\u0000", b"NaN", b"1e999")


def mutate(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with one to eight changes: bits, bytes, stretches cut, repeated, joined with another's."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        place = chance.randrange(len(data) + 1)
        length = chance.choice([1, 2, 4, chance.randrange(1, 64)])
        match chance.randrange(7):
            case 0 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place : place + length] = chance.randbytes(length)
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = data[place : place + length] * chance.choice([1, 2, 30])
            case 4:
                data[place : place + length] = chance.choice(INTERESTING)
            case 5:
                del data[place:]
            case _:
                other = chance.choice(seeds)
                data[place:] = other[chance.randrange(len(other) + 1) :]
    return bytes(data)
