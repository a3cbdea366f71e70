"""What every contestant of the training-step benchmark shares: the problem. A turn is `steps` steps."""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from serving import serve  # noqa: E402,F401


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--time", type=int, default=100)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--mode", default="")
    return parser.parse_args()


def batches(args, count):
    """`count` batches of uniformly drawn words and labels, the same for every contestant."""
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, args.words, (count, args.batch, args.time), dtype=np.int32)
    labels = generator.integers(0, 2, (count, args.batch)).astype(np.float32)
    return tokens, labels
