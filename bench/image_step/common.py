"""What the contestants in Python share: peer_X.py train|predict FOLDER [MODE]

FOLDER has weights.safetensors, and image.npy and label.npy: for training the batches of a turn stacked,
for predictions one batch. A contestant's first answer says the losses of its first three steps, or the
probabilities of its first picture, which run.py compares.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from problem import Problem  # noqa: E402
from serving import serve  # noqa: E402

PROBLEM, SECONDS, CHECKED = Problem(), 0.5, 3
what, folder, *mode = sys.argv[1:]
mode = mode[0] if mode else ""
weights = load_file(pathlib.Path(folder) / "weights.safetensors")
image, label = (np.load(pathlib.Path(folder) / f"{name}.npy") for name in ("image", "label"))


def contend(name, step=None, predict=None):
    """`step(k)` trains on batch `k` and returns something to turn into its loss, which isn't waited for;
    `predict()` gives probabilities, computed."""
    if what == "predict":
        def prepare():
            predict()
            return {"probabilities": [float(p) for p in np.asarray(predict())[0]]}
        serve(prepare, predict, name, seconds=SECONDS)
    else:
        def prepare():
            return {"losses": [float(step(k)) for k in range(CHECKED)]}

        def run():
            for k in range(len(image)):
                loss = step(k)
            float(loss)
        serve(prepare, run, name, len(image))
