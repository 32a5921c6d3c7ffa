"""Pictures as PNG files, from the standard library alone.

Source: "Portable Network Graphics (PNG) Specification", W3C, third edition, 2025.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_PALETTE = 256


def encode(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture, shape (height, width, 3), as a PNG file; with a palette if it fits one."""
    height, width, _ = picture.shape
    colours, index = np.unique(picture.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) <= _LARGEST_PALETTE:
        lines = index.reshape(height, width).astype(np.uint8)
        kind, palette = 3, _chunk(b"PLTE", colours.tobytes())
    else:
        lines = picture.reshape(height, -1)
        kind, palette = 2, b""
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    unfiltered = np.pad(lines, ((0, 0), (1, 0))).tobytes()
    data = _chunk(b"IDAT", zlib.compress(unfiltered, 9))
    return _SIGNATURE + _chunk(b"IHDR", header) + palette + data + _chunk(b"IEND", b"")


def data_url(picture: NDArray[np.uint8]) -> str:
    """Return a picture as a URL that holds it."""
    return f"data:image/png;base64,{base64.b64encode(encode(picture)).decode()}"


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum
