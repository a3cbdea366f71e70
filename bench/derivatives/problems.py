"""The contest's problems: which function, derived by what, of which inputs. NumPy only.

A turn calls the function again and again for SECONDS.
"""
import pathlib
import sys

import numpy as np

root = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "bench"), str(root / "tests" / "oracles")]
from example_problems import cast, inputs  # noqa: E402
from serving import serve  # noqa: E402,F401

SECONDS = 0.25
# File, function, its gradient, the inputs in order, the places of those that it is derived by.
PROBLEMS = {
    "attention": ("attention", "loss", "gradient", ["q", "k", "v", "target"], (0, 1, 2)),
    "neural_ode": ("neural_ode", "loss", "gradient", ["f", "y", "target", "tolerance"], (0, 1)),
    "kalman": ("kalman", "log_likelihood", "gradient", ["seen", "model"], (1,)),
    "logistic_regression": ("logistic_regression", "loss", "gradient", ["w", "x", "y", "ridge"], (0,)),
    "newton": ("logistic_regression", "validation", "ridge_slope",
               ["x", "y", "ridge", "other_x", "other_y"], (2,)),
    "kmeans": ("kmeans", "inertia", "gradient", ["x", "centre"], (0, 1)),
    "matrix_factorisation": ("matrix_factorisation", "error", "gradient",
                             ["f", "user", "item", "rating", "decay"], (0,)),
    "gaussian_mixture": ("gaussian_mixture", "log_likelihood", "gradient", ["x", "m"], (1,)),
    "bundle_adjustment": ("bundle_adjustment", "error", "gradient",
                          ["cameras", "points", "camera", "point", "seen"], (0, 1)),
    "language_model": ("language_model", "loss", "gradient", ["w", "text"], (0,)),
    "recurrence": ("recurrence", "loss", "gradient", ["w", "x"], (0, 1)),
}


def arguments(name):
    """The inputs by their names, in order, in f32."""
    file, _, _, names, _ = PROBLEMS[name]
    if name == "recurrence":
        r = np.random.default_rng(11)
        data = {"w": 0.4 * r.normal(size=(8, 8)), "x": r.normal(size=(10_000, 8))}
    else:
        data = inputs(file, "bench")
    if name == "language_model":
        data["text"] = data["text"][0]
    return {key: cast(data[key], np.float32) for key in names}
