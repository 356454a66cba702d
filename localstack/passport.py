"""Draws the picture of a passport's page, as a PNG, with the standard library: the demo needs something to upload.

    python3 -m localstack.passport OK-1234567 > passport.png
"""

import random
import struct
import sys
import zlib

WIDTH, HEIGHT = 640, 440
PAPER, INK, PORTRAIT, SKIN = (233, 226, 214), (40, 44, 70), (170, 182, 196), (196, 152, 124)


def picture(seed: str) -> bytes:
    """A small page: portrait, lines of text, machine-readable zone. Another seed gives another picture."""
    rng = random.Random(seed)
    page = [[shade(PAPER, y, rng) for _ in range(WIDTH)] for y in range(HEIGHT)]
    fill(page, 30, 50, 210, 290, PORTRAIT)
    disc(page, 120, 150, 48, SKIN)
    disc(page, 120, 290, 78, INK, lowest=290)
    fill(page, 30, 18, 300, 32, INK)
    for row in range(7):
        fill(page, 240, 60 + row * 34, 240 + rng.randrange(120, 360), 70 + row * 34, INK)
    for row in range(2):
        for column in range(44):
            if rng.random() < 0.8:
                fill(page, 30 + column * 13, 350 + row * 36, 38 + column * 13, 368 + row * 36, INK)
    return png(page)


def shade(colour, y: int, rng: random.Random):
    tint = y // 24 + rng.randrange(4)
    return tuple(max(0, channel - tint) for channel in colour)


def fill(page, left: int, top: int, right: int, bottom: int, colour) -> None:
    for y in range(top, min(bottom, HEIGHT)):
        for x in range(left, min(right, WIDTH)):
            page[y][x] = colour


def disc(page, cx: int, cy: int, radius: int, colour, lowest: int = HEIGHT) -> None:
    for y in range(max(0, cy - radius), min(lowest, cy + radius)):
        half = int((radius**2 - (y - cy) ** 2) ** 0.5)
        for x in range(max(0, cx - half), min(WIDTH, cx + half)):
            page[y][x] = colour


def png(page) -> bytes:
    """8-bit RGB without interlacing (PNG, third edition)."""
    rows = b"".join(b"\0" + bytes(channel for pixel in row for channel in pixel) for row in page)
    header = struct.pack(">IIBBBBB", len(page[0]), len(page), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.buffer.write(picture(sys.argv[1]))
