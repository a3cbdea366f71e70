"""Test accuracy of the text classifier after 3 epochs with dropout, beside Keras.

Both are given the same glosses; each splits and tokenises them in its own way (80 % train, 10 %
test), so the figure is the mean of a few seeds. Required: within 0.5 points of Keras's or better.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from record import record

root = pathlib.Path(__file__).resolve().parents[2]
example = root / "examples" / "text_classifier"
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--seeds", type=int, default=2)
args = parser.parse_args()


def keras_accuracy(seed):
    with open(example / "data" / "glosses.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    keras.utils.set_random_seed(seed)
    order = np.random.default_rng(seed).permutation(len(rows))
    texts = np.array([row[0] for row in rows])[order]
    labels = np.array([float(row[1]) for row in rows], np.float32)[order]
    train, test = int(0.8 * len(rows)), int(0.9 * len(rows))
    words = keras.layers.TextVectorization(max_tokens=10_000)
    words.adapt(texts[:train])
    ids = [np.trim_zeros(row, "b") for row in np.asarray(words(texts))]
    tokens = keras.utils.pad_sequences(ids, 100)
    model = keras.Sequential([
        keras.layers.Embedding(10_000, 128),
        keras.layers.LSTM(128, dropout=0.2, recurrent_dropout=0.2),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy",
                  metrics=["accuracy"])
    model.fit(tokens[:train], labels[:train], batch_size=32, epochs=3, verbose=0)
    return model.evaluate(tokens[test:], labels[test:], batch_size=32, verbose=0)[1]


def tenon_accuracy(seed, folder):
    program, run = str(example / "text_classifier.tn"), str(folder / f"run{seed}")
    subprocess.run([args.tenon, "train", program, "--seed", str(seed), "--run", run, "--quiet"],
                   check=True)
    answer = subprocess.run([args.tenon, "evaluate", program, "--run", run, "--json"], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(answer)["accuracy"]


with tempfile.TemporaryDirectory() as name:
    ours = [tenon_accuracy(seed, pathlib.Path(name)) for seed in range(1, args.seeds + 1)]
theirs = [keras_accuracy(seed) for seed in range(1, args.seeds + 1)]
apart = 100 * (np.mean(ours) - np.mean(theirs))
print(f"Tenon {ours}, Keras {theirs}: {apart:+.2f} points")
record("accuracy.py", ["keras", "tensorflow-cpu"],
       {"tenon": ours, "keras": theirs, "points": apart, "holds": bool(apart >= -0.5)})
sys.exit(0 if apart >= -0.5 else 1)
