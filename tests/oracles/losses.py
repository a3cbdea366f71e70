"""50 consecutive training losses of the text classifier beside JAX and PyTorch.

The same initial weights, batches and order of batches, dropout off. Agreement required: in f64
within 1e-8 relative at every step, in f32 within 1e-4 for the first 10. The batches are real text
lengths: most tokens are the padding's 0, as `pad` makes them. Exits non-zero where it doesn't hold.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from safetensors.numpy import save_file

from record import compare_losses, record

root = pathlib.Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--steps", type=int, default=50)
args = parser.parse_args()
jax.config.update("jax_enable_x64", True)

words, width, time, batch = 10_000, 128, 100, 32
random = np.random.default_rng(7)


def made_weights():
    """Gates in the order input, forget, candidate, output."""
    def uniform(*shape):
        limit = np.sqrt(3.0 / shape[0])
        return random.uniform(-limit, limit, shape)

    bias = np.zeros((4, width))
    bias[1] = 1.0
    return {
        "embedding.table": random.uniform(-0.05, 0.05, (words, width)),
        "lstm.kernel": uniform(width, 4, width),
        "lstm.recurrent": uniform(width, 4, width),
        "lstm.bias": bias,
        "output.kernel": uniform(width, 1),
        "output.bias": np.zeros(1),
    }


def made_batches():
    tokens = np.zeros((args.steps, batch, time), np.int32)
    for k in range(args.steps):
        for row in range(batch):
            length = random.integers(3, 60)
            tokens[k, row, time - length:] = random.zipf(1.3, length).clip(1, words - 1)
    return tokens, random.integers(0, 2, (args.steps, batch))


def torch_losses(weights, tokens, labels, dtype):
    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(words, width)
            self.lstm = torch.nn.LSTM(width, width, batch_first=True)
            self.output = torch.nn.Linear(width, 1)

        def forward(self, x):
            return self.output(self.lstm(self.embedding(x))[0][:, -1])[:, 0]

    def gates(matrix):
        return torch.tensor(matrix.reshape(width, 4 * width).T)

    model = Classifier().to(dtype)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.tensor(weights["embedding.table"]))
        model.lstm.weight_ih_l0.copy_(gates(weights["lstm.kernel"]))
        model.lstm.weight_hh_l0.copy_(gates(weights["lstm.recurrent"]))
        model.lstm.bias_ih_l0.copy_(torch.tensor(weights["lstm.bias"].reshape(-1)))
        # One bias, not two that are both trained.
        model.lstm.bias_hh_l0.zero_()
        model.output.weight.copy_(torch.tensor(weights["output.kernel"].T))
        model.output.bias.copy_(torch.tensor(weights["output.bias"]))
    model.lstm.bias_hh_l0.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for x, y in zip(tokens, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(torch.tensor(x)), torch.tensor(y).to(dtype))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def jax_losses(weights, tokens, labels, dtype):
    def loss(w, x, y):
        x = jnp.swapaxes(w["embedding.table"][x], 0, 1)
        zero = jnp.zeros((batch, width), dtype)

        def cell(carry, x_t):
            h, c = carry
            z = (jnp.einsum("bi,igu->bgu", x_t, w["lstm.kernel"])
                 + jnp.einsum("bi,igu->bgu", h, w["lstm.recurrent"]) + w["lstm.bias"])
            c = jax.nn.sigmoid(z[:, 1]) * c + jax.nn.sigmoid(z[:, 0]) * jnp.tanh(z[:, 2])
            h = jax.nn.sigmoid(z[:, 3]) * jnp.tanh(c)
            return (h, c), None

        (h, _), _ = jax.lax.scan(cell, (zero, zero), x)
        logits = (h @ w["output.kernel"] + w["output.bias"])[:, 0]
        return optax.sigmoid_binary_cross_entropy(logits, y).mean()

    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(w, memory, x, y):
        value, gradient = jax.value_and_grad(loss)(w, x, y)
        update, memory = optimizer.update(gradient, memory)
        return optax.apply_updates(w, update), memory, value

    w = {name: jnp.asarray(value, dtype) for name, value in weights.items()}
    memory = optimizer.init(w)
    losses = []
    for x, y in zip(tokens, labels):
        w, memory, value = step(w, memory, x, jnp.asarray(y, dtype))
        losses.append(float(value))
    return np.array(losses)


def tenon_losses(weights, tokens, labels, name, folder):
    dtype = np.dtype({"f32": np.float32, "f64": np.float64}[name])
    text = (root / "bench" / "train_step" / "program.tn").read_text()
    program = folder / f"program_{name}.tn"
    program.write_text(text.replace("RATE", "0.0").replace("f32", name))
    save_file({key: np.ascontiguousarray(value.astype(dtype)) for key, value in weights.items()},
              folder / "weights.safetensors")
    np.save(folder / "tokens.npy", tokens)
    np.save(folder / "label.npy", labels.astype(dtype))
    subprocess.run([args.tenon, "bench", program, "--float", name, "--rounds", "1",
                    "--weights", folder / "weights.safetensors", "--losses", folder / "losses.npy",
                    "--input", f"tokens={folder}/tokens.npy",
                    "--input", f"label={folder}/label.npy"], check=True)
    return np.load(folder / "losses.npy")


weights = made_weights()
tokens, labels = made_batches()
figures = {}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for dtype, peer_types, steps, bound in (
            ("f64", (torch.float64, jnp.float64), args.steps, 1e-8),
            ("f32", (torch.float32, jnp.float32), 10, 1e-4)):
        ours = tenon_losses(weights, tokens, labels, dtype, folder)
        peers = {"PyTorch": torch_losses(weights, tokens, labels, peer_types[0]),
                 "JAX": jax_losses(weights, tokens, labels, peer_types[1])}
        figures |= compare_losses(dtype, ours, peers, steps, bound)
record("losses.py", ["jax", "torch", "optax", "numpy"], figures)
sys.exit(0 if all(f.get("holds", True) for f in figures.values() if isinstance(f, dict)) else 1)
