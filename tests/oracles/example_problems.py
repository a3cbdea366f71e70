"""Inputs for the functions of examples/numerics, by seeded NumPy: trees of arrays, as dictionaries."""
import numpy as np

SIZES = {
    # Stored with what JAX makes of them, for a test without JAX.
    "small": {
        "attention": dict(batch=1, heads=2, time=4, depth=3),
        "bundle_adjustment": dict(cameras=3, points=5, count=9),
        "gaussian_mixture": dict(n=6, k=3, d=2),
        "kalman": dict(time=6, n=2),
        "kmeans": dict(n=12, k=3, d=2),
        "language_model": dict(steps=3, batch=2, time=5, words=4, width=2, units=3),
        "logistic_regression": dict(n=14, d=3, m=6),
        "matrix_factorisation": dict(users=4, items=3, n=8, rank=2),
        "neural_ode": dict(n=3, d=2, hidden=4),
    },
    "oracle": {
        "attention": dict(batch=2, heads=3, time=37, depth=8),
        "bundle_adjustment": dict(cameras=7, points=60, count=230),
        "gaussian_mixture": dict(n=150, k=5, d=4),
        "kalman": dict(time=80, n=4),
        "kmeans": dict(n=300, k=7, d=5),
        "language_model": dict(steps=12, batch=5, time=23, words=17, width=9, units=20),
        "logistic_regression": dict(n=120, d=9, m=50),
        "matrix_factorisation": dict(users=30, items=21, n=260, rank=4),
        "neural_ode": dict(n=40, d=3, hidden=16),
    },
    "bench": {
        "attention": dict(batch=4, heads=8, time=256, depth=64),
        "bundle_adjustment": dict(cameras=50, points=5_000, count=30_000),
        "gaussian_mixture": dict(n=4_000, k=10, d=32),
        "kalman": dict(time=1_000, n=6),
        "kmeans": dict(n=20_000, k=32, d=16),
        "language_model": dict(steps=1, batch=32, time=51, words=64, width=64, units=128),
        "logistic_regression": dict(n=5_000, d=20, m=1_000),
        "matrix_factorisation": dict(users=5_000, items=2_000, n=100_000, rank=16),
        "neural_ode": dict(n=256, d=8, hidden=64),
    },
}


def attention(r, batch, heads, time, depth):
    shape = (batch, heads, time, depth)
    return {name: r.normal(size=shape) for name in ("q", "k", "v", "target")}


def bundle_adjustment(r, cameras, points, count):
    rotation = 0.4 * r.normal(size=(cameras, 3))
    rotation[0] = 0.0  # where the formula divides by zero
    rotation[1] *= 1e-6
    return {
        "cameras": {
            "rotation": rotation,
            "centre": 0.3 * r.normal(size=(cameras, 3)),
            "focal": 500.0 + 20.0 * r.normal(size=cameras),
            "principal": 3.0 * r.normal(size=(cameras, 2)),
            "radial": 0.01 * r.normal(size=(cameras, 2)),
        },
        "points": r.normal(size=(points, 3)) + np.array([0.0, 0.0, 8.0]),
        "camera": np.concatenate([np.arange(cameras), r.integers(0, cameras, count - cameras)]).astype(np.int32),
        "point": r.integers(0, points, count).astype(np.int32),
        "seen": 100.0 * r.normal(size=(count, 2)),
    }


def gaussian_mixture(r, n, k, d):
    return {
        "x": 2.0 * r.normal(size=(n, d)),
        "m": {
            "logits": r.normal(size=k),
            "centre": 2.0 * r.normal(size=(k, d)),
            "diagonal": 0.3 * r.normal(size=(k, d)),
            "below": r.normal(size=(k, d, d)) / np.sqrt(d),
        },
    }


def kalman(r, time, n):
    root = r.normal(size=(n, n)) / np.sqrt(n)
    return {
        "seen": r.normal(size=time),
        "model": {
            "a": 0.7 * r.normal(size=(n, n)) / np.sqrt(n),
            "q": 0.1 * (root @ root.T + np.eye(n)),
            "c": r.normal(size=n),
            "r": np.array(0.5),
            "m": r.normal(size=n),
            "p": np.eye(n),
        },
    }


def kmeans(r, n, k, d):
    truth = 4.0 * r.normal(size=(k, d))
    x = truth[r.integers(0, k, n)] + r.normal(size=(n, d))
    return {"x": x, "centre": x[r.choice(n, k, replace=False)].copy()}


def language_model(r, steps, batch, time, words, width, units):
    bias = np.zeros((4, units))
    bias[1] = 1.0
    return {
        "w": {
            "table": 0.5 * r.normal(size=(words, width)),
            "kernel": r.normal(size=(width, 4, units)) / np.sqrt(width),
            "recurrent": r.normal(size=(units, 4, units)) / np.sqrt(units),
            "bias": bias,
            "output": r.normal(size=(units, words)) / np.sqrt(units),
            "offset": np.zeros(words),
        },
        "text": r.integers(0, words, (steps, batch, time)).astype(np.int32),
        "rate": np.array(0.3),
    }


def logistic_regression(r, n, d, m):
    truth = r.normal(size=d)

    def labelled(count):
        x = r.normal(size=(count, d))
        return x, (x @ truth + r.normal(size=count) > 0).astype(float)

    x, y = labelled(n)
    other_x, other_y = labelled(m)
    return {"w": 0.3 * r.normal(size=d), "x": x, "y": y, "ridge": np.array(0.7),
            "other_x": other_x, "other_y": other_y}


def matrix_factorisation(r, users, items, n, rank):
    return {
        "f": {
            "user": 0.5 * r.normal(size=(users, rank)),
            "item": 0.5 * r.normal(size=(items, rank)),
            "generous": 0.1 * r.normal(size=users),
            "good": 0.1 * r.normal(size=items),
        },
        "user": r.integers(0, users, n).astype(np.int32),
        "item": r.integers(0, items, n).astype(np.int32),
        "rating": r.integers(1, 6, n).astype(float),
        "decay": np.array(0.05),
        "rate": np.array(0.005),
    }


def neural_ode(r, n, d, hidden):
    return {
        "f": {
            "first": 1.5 * r.normal(size=(d, hidden)) / np.sqrt(d),
            "bias": 0.3 * r.normal(size=hidden),
            "second": 1.5 * r.normal(size=(hidden, d)) / np.sqrt(hidden),
            "drift": 0.1 * r.normal(size=d),
        },
        "y": r.normal(size=(n, d)),
        "target": r.normal(size=(n, d)),
        "tolerance": np.array(1e-5),
    }


def inputs(name, size):
    return globals()[name](np.random.default_rng(11), **SIZES[size][name])


def directions(tree, seed=5):
    """A tangent for a tree of real arrays."""
    r = np.random.default_rng(seed)

    def drawn(value):
        return {k: drawn(v) for k, v in value.items()} if isinstance(value, dict) else np.array(r.normal(size=value.shape))

    return drawn(tree)


def cast(tree, dtype):
    """Real leaves as `dtype`."""
    if isinstance(tree, dict):
        return {key: cast(value, dtype) for key, value in tree.items()}
    return tree.astype(dtype) if np.issubdtype(tree.dtype, np.floating) else tree


def leaves(tree, name=""):
    """(path, array) of each leaf, in order; tuples count their parts, as the command line names them."""
    if isinstance(tree, (tuple, list)):
        tree = {str(i): part for i, part in enumerate(tree)}
    if not isinstance(tree, dict):
        return [(name, tree)]
    found = []
    for key, value in tree.items():
        found += leaves(value, f"{name}.{key}" if name else key)
    return found
