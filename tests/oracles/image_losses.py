"""50 consecutive training losses of an image classifier beside JAX and PyTorch.

Three blocks of 3×3 convolution ("same"), ReLU and 2×2 max-pooling on 28×28 pictures, then two dense
layers. The same initial weights, batches and order of batches, neither dropout nor augmentation.
Agreement required: in f64 within 1e-8 relative at every step, in f32 within 1e-4 for the first 10.
Exits non-zero where it doesn't hold.

Adam moves a weight of tiny gradient as far as any other, and a unit may be active or not by a rounding
error, so that from some weights the peers' own modes (JAX without 64-bit types, PyTorch without oneDNN)
part by 1e-3 within 10 steps in f32. So the weights and batches are the first ones drawn from which noise
like f32's in weights and gradients moves JAX's f64 losses by less than 1e-5.
"""
import argparse
import functools
import itertools
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

from record import apart, compare_losses, record

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "bench" / "image_step"))
import model_jax  # noqa: E402
from model_torch import Classifier, channels_first  # noqa: E402
from problem import Problem  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--steps", type=int, default=50)
args = parser.parse_args()
jax.config.update("jax_enable_x64", True)
problem = Problem(size=28, channels=1, padding="same")


def torch_losses(weights, images, labels):
    model = Classifier(problem, weights)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for x, y in zip(images, labels):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(channels_first(x)), torch.tensor(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


optimizer = optax.adam(1e-3)


def noisy(tensors, noise, key):
    """Each number off by `noise` of itself and of its tensor's root mean square; what is 0 stays it."""
    keys = jax.random.split(key, len(tensors))
    return {name: x + (x != 0) * noise * (x + jnp.sqrt(jnp.mean(x ** 2))) * jax.random.normal(k, x.shape, x.dtype)
            for k, (name, x) in zip(keys, tensors.items())}


@functools.partial(jax.jit, static_argnames="noise")
def jax_step(w, memory, x, y, key, noise):
    if noise:
        w = noisy(w, noise / 10, jax.random.fold_in(key, 1))
    value, gradient = jax.value_and_grad(model_jax.loss)(w, x, y, problem.padding)
    if noise:
        gradient = noisy(gradient, noise, key)
    update, memory = optimizer.update(gradient, memory)
    return optax.apply_updates(w, update), memory, value


def jax_losses(weights, images, labels, noise=0.0, seed=0):
    w = {name: jnp.asarray(value) for name, value in weights.items()}
    memory = optimizer.init(w)
    losses = []
    for x, y, key in zip(images, labels, jax.random.split(jax.random.key(seed), len(images))):
        w, memory, value = jax_step(w, memory, x, y, key, noise)
        losses.append(float(value))
    return np.array(losses)


def steady_start():
    """Its seed, weights and batches, and how far noise moved the first 10 losses."""
    for seed in itertools.count(7):
        random = np.random.default_rng(seed)
        weights, (images, labels) = problem.weights(random), problem.batches(random, args.steps, 32)
        exact = jax_losses(weights, images[:10], labels[:10])
        moved = max(apart(jax_losses(weights, images[:10], labels[:10], 1e-6, k), exact) for k in range(4))
        if moved < 1e-5:
            return seed, weights, images, labels, moved


def tenon_losses(weights, images, labels, name, folder):
    program = folder / f"program_{name}.tn"
    text = (root / "bench" / "image_step" / "program.tn").read_text()
    program.write_text(problem.program(text).replace("f32", name))
    save_file(weights, folder / "weights.safetensors")
    np.save(folder / "image.npy", images)
    np.save(folder / "label.npy", labels)
    subprocess.run([args.tenon, "bench", program, "--float", name, "--rounds", "1",
                    "--weights", folder / "weights.safetensors", "--losses", folder / "losses.npy",
                    "--input", f"image={folder}/image.npy",
                    "--input", f"label={folder}/label.npy"], check=True)
    return np.load(folder / "losses.npy")


seed, weights, images, labels, moved = steady_start()
figures = {"start": {"seed": seed, "moved_by_noise": moved}}
print(f"start {seed}: noise in the gradients moves the losses by {moved:.1e}", flush=True)
with tempfile.TemporaryDirectory() as scratch:
    for name, dtype, steps, bound in (("f64", np.float64, args.steps, 1e-8), ("f32", np.float32, 10, 1e-4)):
        given = ({key: value.astype(dtype) for key, value in weights.items()}, images.astype(dtype), labels.astype(dtype))
        ours = tenon_losses(*given, name, pathlib.Path(scratch))
        peers = {"PyTorch": torch_losses(*given), "JAX": jax_losses(*given)}
        figures |= compare_losses(name, ours, peers, steps, bound)
record("image_losses.py", ["jax", "torch", "optax", "numpy"], figures)
sys.exit(0 if all(f.get("holds", True) for f in figures.values() if isinstance(f, dict)) else 1)
