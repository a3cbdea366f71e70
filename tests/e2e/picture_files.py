"""Files of pictures for tests: PNG folders and idx, by the standard library alone."""
import gzip
import struct
import zlib


def png(rows):
    """A PNG of rows of grey values, or of (red, green, blue)."""
    colour = not isinstance(rows[0][0], int)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    lines = b"".join(b"\0" + bytes(sum(map(list, row), []) if colour else row) for row in rows)
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2 if colour else 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def noise(chance, height, width, base, colour=True):
    """A picture of random values from `base` on."""
    def pixel():
        return [base + chance.randrange(40) for _ in range(3)] if colour else base + chance.randrange(40)
    return png([[pixel() for _ in range(width)] for _ in range(height)])


def put_folder(folder, chance, classes, count, sides, colour=True):
    """`count` pictures for each class, lighter from class to class, of sides in the range `sides`."""
    for at, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            height, width = chance.randrange(*sides), chance.randrange(*sides)
            base = 20 + at * 180 // max(1, len(classes) - 1)
            (folder / name / f"{i}.png").write_bytes(noise(chance, height, width, base, colour))


def idx(dims, data):
    """A gzipped idx file of u8."""
    head = bytes((0, 0, 8, len(dims))) + struct.pack(f">{len(dims)}I", *dims)
    return gzip.compress(head + bytes(data), mtime=0)
