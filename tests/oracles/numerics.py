#!/usr/bin/env python3
"""Functions of tests/syntax/programs that need no training, beside NumPy.

usage: numerics.py TENON

Prints the largest difference of each; fails above 1e-11 in f64 and 1e-6 in f32.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PROGRAMS = Path(__file__).resolve().parent.parent / "syntax" / "programs"
OPTIM = """import optimizers
fn clipped(w: f32[4, 3], b: f32[3], norm: f32) -> (f32[4, 3], f32[3]) = optimizers.clip((w, b), norm)
fn shrunk(w: f32[4, 3], b: f32[3], rate: f32) -> (f32[4, 3], f32[3]) = optimizers.decayed((w, b), rate)
fn factor(step: i32, steps: i32) -> f32 = optimizers.cosine(warmup = 10, least = 0.1)(step, steps)
"""


def run(tenon, folder, program, function, inputs, results=1, real="f64"):
    command = [tenon, "run", str(program), function, "--float", real]
    for name, value in inputs.items():
        np.save(folder / f"{name}.npy", value)
        command += ["--input", f"{name}={folder / name}.npy"]
    outputs = [folder / f"result{i}.npy" for i in range(results)]
    for i, path in enumerate(outputs):
        command += ["--output", str(path) if results == 1 else f"{i}={path}"]
    subprocess.run(command, check=True)
    return [np.load(path) for path in outputs]


def kalman(seen, a, q, c, r, m0, p0):
    m, p, total = m0, p0, 0.0
    for y in seen:
        m, p = a @ m, q + a @ p @ a.T
        pc = p @ c
        s, e = r + c @ pc, y - c @ m
        m, p = m + pc * e / s, p - np.outer(pc, pc) / s
        total -= 0.5 * (np.log(2 * np.pi * s) + e**2 / s)
    return total


def words(state, set, type, mean):
    for along in type:
        state = set @ state + mean - along
    model = -(state * mean / 2).sum() + (state - mean).max()
    return state * (model + 3 * (state**2).max()) + np.exp(mean)


def main(tenon):
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.normal(size=shape)
    words_in = dict(state=normal(5), set=0.3 * normal(5, 5), type=normal(7, 5), mean=normal(5))
    solve_in = dict(a=normal(6, 6), b=normal(6))
    filter_in = dict(seen=normal(20), a=0.4 * normal(3, 3), q=0.2 * np.eye(3), c=normal(3),
                     r=np.float64(0.5), m0=np.zeros(3), p0=np.eye(3))
    pulled_in = dict(w=normal(4, 3), x=normal(3), dy=normal(4))
    rows = dict(w=normal(3), x=normal(9, 3), y=(normal(9) > 0) * 1.0)
    margin = (2 * rows["y"] - 1) * (rows["x"] @ rows["w"])
    e = np.exp(rows["x"] - rows["x"].max(-1, keepdims=True))
    tree = dict(w=normal(4, 3).astype("f4"), b=normal(3).astype("f4"))
    length = np.sqrt(sum((leaf**2).sum() for leaf in tree.values()))
    numerics = PROGRAMS / "14_numerics.tn"
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "optimizers.tn").write_text((PROGRAMS / "08_optim.tn").read_text())
        optim = folder / "use.tn"
        optim.write_text(OPTIM)
        f64 = [
            (PROGRAMS / "13_words.tn", "kalman", words_in, words(**words_in)),
            (numerics, "solve", solve_in, np.linalg.solve(**solve_in)),
            (numerics, "kalman", filter_in, kalman(**filter_in)),
            (numerics, "pulled", pulled_in, pulled_in["w"].T @ pulled_in["dy"]),
            (numerics, "logistic", rows, np.log1p(np.exp(-margin)).sum() + 0.5 * (rows["w"]**2).sum()),
            (numerics, "softmax", dict(x=rows["x"]), e / e.sum(-1, keepdims=True)),
        ]
        for program, function, inputs, expected in f64:
            [actual] = run(tenon, folder, program, function, inputs)
            difference = np.abs(actual - expected).max()
            print(f"{program.stem}.{function}: {difference:.1e}")
            worst = max(worst, difference / 1e-11)
        f32 = [
            ("clipped", dict(tree, norm=np.float32(0.7)), [leaf * min(1, 0.7 / (length + 1e-6)) for leaf in tree.values()]),
            ("shrunk", dict(tree, rate=np.float32(0.1)), [tree["w"] * 0.9, tree["b"]]),
            ("factor", dict(step=np.int32(40), steps=np.int32(100)), [0.1 + 0.45 * (1 + np.cos(np.pi / 3))]),
        ]
        for function, inputs, expected in f32:
            actual = run(tenon, folder, optim, function, inputs, len(expected), "f32")
            difference = max(np.abs(a - b).max() for a, b in zip(actual, expected))
            print(f"08_optim.{function}: {difference:.1e}")
            worst = max(worst, difference / 1e-6)
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
