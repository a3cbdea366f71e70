#!/bin/sh
# Writes Fashion-MNIST as PNG folders, one a class: data/train (60,000 pictures) and data/test (10,000),
# beside this file. The data set is Debian's package dataset-fashion-mnist.
set -eu
cd "$(dirname "$0")"
source=/usr/share/datasets/fashion-mnist
if [ ! -d "$source" ]; then
  echo "there is no $source: apt-get install dataset-fashion-mnist" >&2
  exit 1
fi
exec python3 - "$source" data <<'PYTHON'
import gzip
import pathlib
import struct
import sys
import zlib

NAMES = ("t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle_boot")


def read(path, magic, rank):
    data = gzip.decompress(path.read_bytes())
    found, *dims = struct.unpack(f">{rank + 1}I", data[:4 * rank + 4])
    if found != magic:
        sys.exit(f"{path} is not what it should be")
    return dims, data[4 * rank + 4:]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(height, width, pixels):
    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


source, target = map(pathlib.Path, sys.argv[1:])
for split, prefix in (("train", "train"), ("test", "t10k")):
    (count, height, width), pixels = read(source / f"{prefix}-images-idx3-ubyte.gz", 0x803, 3)
    _, labels = read(source / f"{prefix}-labels-idx1-ubyte.gz", 0x801, 1)
    for name in NAMES:
        (target / split / name).mkdir(parents=True, exist_ok=True)
    size = height * width
    for i in range(count):
        picture = png(height, width, pixels[i * size:(i + 1) * size])
        (target / split / NAMES[labels[i]] / f"{i:05}.png").write_bytes(picture)
    print(f"{count} pictures in {target / split}")
PYTHON
