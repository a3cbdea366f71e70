#!/usr/bin/env python3
"""Affine maps of pictures beside scipy.ndimage.affine_transform (order 1), in f64.

usage: pictures.py TENON [CASES]

Sizes, maps and pictures are random, fills all three; prints the largest difference, fails above 1e-9.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform

MODES = {"nearest": "nearest", "reflect": "reflect", "constant": "grid-constant"}
PROGRAM = "import images\n" + "".join(f"""
fn {fill}(x: f64[height, width, channels], turn: f64[2, 2], move: f64[2]) -> f64[height, width, channels] =
  images.affine(x, turn, move, fill = "{fill}")
""" for fill in MODES)


def wanted(x, turn, move, mode):
    centre = (np.array(x.shape[:2]) - 1) / 2
    offset = centre - turn @ centre + move
    return np.stack([affine_transform(x[..., c], turn, offset=offset, order=1, mode=mode)
                     for c in range(x.shape[2])], axis=-1)


def main(tenon, cases=60):
    rng = np.random.default_rng(0)
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "affine.tn").write_text(PROGRAM)
        for case in range(cases):
            fill = list(MODES)[case % 3]
            inputs = {"x": rng.normal(size=rng.integers([2, 2, 1], [20, 20, 4])),
                      "turn": np.eye(2) + rng.normal(scale=0.4, size=(2, 2)), "move": rng.normal(scale=2, size=2)}
            command = [tenon, "run", folder / "affine.tn", fill, "--float", "f64", "--output", folder / "y.npy"]
            for key, value in inputs.items():
                np.save(folder / f"{key}.npy", value)
                command += ["--input", f"{key}={folder / key}.npy"]
            subprocess.run(command, check=True)
            apart = np.abs(np.load(folder / "y.npy") - wanted(**inputs, mode=MODES[fill])).max()
            if apart > 1e-9:
                sys.exit(f"case {case}, {fill}, {inputs['x'].shape}: {apart:g} apart")
            worst = max(worst, apart)
    print(f"{cases} maps, at most {worst:.2g} apart")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
