"""Keeps back what libraries written in C++ print past Python's streams."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import UserError


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing of the block reaches standard output or error, unless it ends in an error that no one foresaw.

    TensorFlow logs to the file descriptors before its own log level counts, so the descriptors themselves are turned
    aside; not for blocks that other threads print beside.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    descriptors = (1, 2)
    saved = [os.dup(descriptor) for descriptor in descriptors]
    with tempfile.TemporaryFile() as kept:
        for descriptor in descriptors:
            os.dup2(kept.fileno(), descriptor)
        show = True
        try:
            yield
            show = False
        except (UserError, KeyboardInterrupt):
            show = False
            raise
        finally:
            for stream in streams:
                stream.flush()
            for descriptor, original in zip(descriptors, saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
            if show:
                kept.seek(0)
                os.write(2, kept.read())
