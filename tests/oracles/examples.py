"""Values, gradients and second derivatives of examples/numerics beside JAX's.

Agreement required, as the largest difference over the largest magnitude of each result: in f64
within 1e-9, in f32 within 1e-5 of what JAX computes in f64 from the same inputs. What JAX's own f32
makes of them is recorded beside it. Exits non-zero where it doesn't hold.

    --store    writes small cases, with JAX's results, for tests/e2e/examples_test.py
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np

import example_functions as theirs
from example_problems import cast, directions, inputs, leaves
from record import record

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--store", action="store_true")
parser.add_argument("--only", default="", help="cases whose name contains this")
args = parser.parse_args()
jax.config.update("jax_enable_x64", True)
ROUNDS = 4


def by_part(function, which):
    """The derivative of `function`'s gradient by argument `which`, along a tangent of it."""
    def along(*values):
        *values, v = values
        return jax.jvp(lambda part: jax.grad(function, which)(*values[:which], part, *values[which + 1:]),
                       (values[which],), (v,))[1]

    return along


def cases():
    """(file, function, its inputs' names, JAX's function of them); `v` is a tangent of what follows."""
    reprojection = theirs.reprojection_error(theirs.rotation_by_exponential)
    mixture = theirs.mixture_log_likelihood
    kalman = theirs.kalman_log_likelihood
    factors = theirs.factorisation_error
    qkv = ["q", "k", "v", "target"]
    yield "attention", "gradient", qkv, jax.value_and_grad(theirs.attention_loss, (0, 1, 2))
    yield "attention", "curvature", qkv + [("v", "dq", "q")], by_part(theirs.attention_loss, 0)
    seen = ["cameras", "points", "camera", "point", "seen"]
    yield "bundle_adjustment", "gradient", seen, jax.value_and_grad(reprojection, (0, 1))
    yield "bundle_adjustment", "curvature", seen + [("v", "v", "cameras")], by_part(reprojection, 0)
    yield "gaussian_mixture", "gradient", ["x", "m"], jax.value_and_grad(mixture, 1)
    yield "gaussian_mixture", "curvature", ["x", "m", ("v", "v", "m")], by_part(mixture, 1)
    yield "kalman", "gradient", ["seen", "model"], jax.value_and_grad(kalman, 1)
    yield "kalman", "curvature", ["seen", "model", ("v", "v", "model")], by_part(kalman, 1)
    points = ["x", "centre"]
    yield "kmeans", "gradient", points, jax.value_and_grad(theirs.inertia, (0, 1))
    yield "kmeans", "curvature", points + [("v", "v", "centre")], by_part(theirs.inertia, 1)
    yield "kmeans", "fit", points + [("rounds", ROUNDS)], lambda x, c: theirs.lloyd(x, c, ROUNDS)
    yield "kmeans", "fitted_gradient", points + [("rounds", ROUNDS)], jax.value_and_grad(
        lambda x, c: theirs.inertia(x, theirs.lloyd(x, c, ROUNDS)))
    yield "language_model", "gradient", ["w", "text0"], jax.value_and_grad(theirs.language_model_loss)
    yield "language_model", "curvature", ["w", "text0", ("v", "v", "w")], by_part(theirs.language_model_loss, 0)
    yield "language_model", "train", ["w", "text", "rate"], theirs.language_model_training
    yield "language_model", "rate_slope", ["w", "text", "rate"], jax.value_and_grad(
        lambda w, text, rate: theirs.language_model_training(w, text, rate)[1][-1], 2)
    labelled = ["w", "x", "y", "ridge"]
    yield "logistic_regression", "gradient", labelled, jax.value_and_grad(theirs.logistic_loss)
    yield "logistic_regression", "curvature", labelled, jax.hessian(theirs.logistic_loss)
    yield "logistic_regression", "fit", ["x", "y", "ridge"], theirs.logistic_fit
    yield "logistic_regression", "ridge_slope", ["x", "y", "ridge", "other_x", "other_y"], jax.value_and_grad(
        theirs.logistic_validation, 2)
    ratings = ["f", "user", "item", "rating", "decay"]
    yield "matrix_factorisation", "gradient", ratings, jax.value_and_grad(factors)
    yield "matrix_factorisation", "curvature", ratings + [("v", "v", "f")], by_part(factors, 0)
    yield "matrix_factorisation", "fit", ratings + ["rate", ("rounds", ROUNDS)], (
        lambda *given: theirs.factorisation_fit(*given, ROUNDS))
    ode = ["f", "y", "target", "tolerance"]
    yield "neural_ode", "flow", ["f", "y", "tolerance"], theirs.ode_flow
    yield "neural_ode", "gradient", ode, jax.value_and_grad(theirs.ode_loss, (0, 1))
    yield "neural_ode", "curvature", ode + [("v", "v", "y")], by_part(theirs.ode_loss, 1)


def run(file, function, dtype, given, results, folder):
    """What the command line makes of it: arrays by the results' paths."""
    command = [args.tenon, "run", root / "examples" / "numerics" / f"{file}.tn", function, "--float", dtype]
    for name, value in given.items():
        if isinstance(value, int):
            command += ["--input", f"{name}={value}"]
            continue
        for path, leaf in leaves(value, name):
            np.save(folder / f"{path}.npy", leaf)
            command += ["--input", f"{path}={folder / path}.npy"]
    for path, _ in results:
        where = folder / f"result_{path}.npy"
        command += ["--output", f"{path}={where}" if path else where]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return {path: np.load(folder / f"result_{path}.npy") for path, _ in results}


def given_of(file, names, size):
    """The function's inputs in their order, and JAX's positional arguments."""
    data = inputs(file, size)
    given, positional = {}, []
    for entry in names:
        if entry == "text0":
            given["text"] = data["text"][0]
            positional.append(given["text"])
        elif isinstance(entry, str):
            given[entry] = data[entry]
            positional.append(data[entry])
        elif len(entry) == 2:
            given[entry[0]] = entry[1]
        else:
            _, name, of = entry
            given[name] = directions(data[of])
            positional.append(given[name])
    return given, positional


def apart(ours, expected):
    """The largest difference over the largest magnitude, over all results."""
    worst = 0.0
    for path, value in expected:
        mine = ours[path]
        if mine.shape != value.shape or not np.all(np.isfinite(mine)):
            return float("inf")
        size = np.max(np.abs(value), initial=0.0)
        worst = max(worst, float(np.max(np.abs(mine - value), initial=0.0) / (size or 1.0)))
    return worst


def evaluate(function, positional, dtype):
    as_jax = [jax.tree.map(jnp.asarray, cast(value, dtype)) for value in positional]
    return [(path, np.asarray(value)) for path, value in leaves(in_order(jax.jit(function)(*as_jax), positional))]


def in_order(results, positional):
    """JAX sorts the keys of dictionaries; here they get the inputs' order back."""
    orders = {frozenset(value): list(value) for value in positional if isinstance(value, dict)}

    def sort(tree):
        if isinstance(tree, dict):
            return {key: sort(tree[key]) for key in orders[frozenset(tree)]}
        return tuple(map(sort, tree)) if isinstance(tree, tuple) else tree

    return sort(results)


def store():
    kept = []
    for file, function, names, reference in cases():
        given, positional = given_of(file, names, "small")
        expected = evaluate(reference, positional, np.float64)
        flat = {}
        for name, value in given.items():
            for path, leaf in ([(name, value)] if isinstance(value, int) else leaves(value, name)):
                flat[path] = described(leaf)
        kept.append({"file": file, "function": function, "inputs": flat,
                     "results": {path: described(value) for path, value in expected}})
    path = root / "tests" / "e2e" / "examples.json"
    lines = ",\n".join(json.dumps(case) for case in kept)
    path.write_text(f"[\n{lines}\n]\n")


def described(value):
    if isinstance(value, int):
        return value
    kind = {"float64": "f64", "int32": "i32"}[str(value.dtype)]
    return {"type": kind, "shape": list(value.shape), "data": [x.item() for x in value.ravel()]}


def compare():
    figures, holds = {}, True
    for file, function, names, reference in cases():
        name = f"{file}.{function}"
        if args.only not in name:
            continue
        given, positional = given_of(file, names, "oracle")
        row = {}
        # Rounded to f32 first, so that both have the same inputs.
        for dtype, kind, bound in ((np.float64, "f64", 1e-9), (np.float32, "f32", 1e-5)):
            typed = {key: value if isinstance(value, int) else cast(value, dtype) for key, value in given.items()}
            same = [cast(cast(value, dtype), np.float64) for value in positional]
            expected = evaluate(reference, same, np.float64)
            with tempfile.TemporaryDirectory() as folder:
                ours = run(file, function, kind, typed, expected, pathlib.Path(folder))
            row[kind] = apart(ours, expected)
            if kind == "f32":
                row["JAX f32"] = apart(dict(evaluate(reference, positional, np.float32)), expected)
            row[f"{kind} holds"] = row[kind] <= bound
            holds &= row[f"{kind} holds"]
        figures[name] = row
        print(f"{name:38} f64 {row['f64']:.1e}   f32 {row['f32']:.1e}   (JAX in f32 {row['JAX f32']:.1e})"
              f"{'' if row['f64 holds'] and row['f32 holds'] else '   DOES NOT HOLD'}", flush=True)
    if not args.only:
        record("examples.py", ["jax", "numpy"], figures)
    return holds


if args.store:
    store()
else:
    sys.exit(0 if compare() else 1)
