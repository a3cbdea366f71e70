"""JAX with optax: lax.scan for the recurrence, the input's contraction outside of it, jit, donation."""
import functools

import jax
import jax.numpy as jnp
import optax

from common import arguments, batches, serve

args = arguments()
rate = args.dropout


def initial(key):
    keys = jax.random.split(key, 4)
    n = args.width
    return {
        "table": jax.random.uniform(keys[0], (args.words, n), minval=-0.05, maxval=0.05),
        "kernel": jax.random.normal(keys[1], (n, 4 * n)) * 0.06,
        "recurrent": jax.random.normal(keys[2], (n, 4 * n)) * 0.06,
        "bias": jnp.zeros((4 * n,)).at[n:2 * n].set(1.0),
        "weight": jax.random.normal(keys[3], (n, 1)) * 0.1,
        "offset": jnp.zeros((1,)),
    }


def mask(key, shape):
    return jax.random.bernoulli(key, 1 - rate, shape) / (1 - rate)


def forward(w, tokens, key):
    n = args.width
    x = jnp.swapaxes(w["table"][tokens], 0, 1)
    batch = x.shape[1]
    if rate:
        key_x, key_h = jax.random.split(key)
        x_mask, h_mask = mask(key_x, (4, batch, n)), mask(key_h, (4, batch, n))
        kernel, recurrent = w["kernel"].reshape(n, 4, n), w["recurrent"].reshape(n, 4, n)
        z_x = jnp.einsum("tbi,gbi,igu->tbgu", x, x_mask, kernel).reshape(-1, batch, 4 * n)
    else:
        z_x = x @ w["kernel"]

    def cell(carry, z_t):
        h, c = carry
        if rate:
            z = z_t + jnp.einsum("gbi,igu->bgu", h * h_mask, recurrent).reshape(batch, 4 * n)
        else:
            z = z_t + h @ w["recurrent"]
        i, f, g, o = jnp.split(z + w["bias"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), None

    zero = jnp.zeros((batch, n))
    (h, _), _ = jax.lax.scan(cell, (zero, zero), z_x)
    return (h @ w["weight"] + w["offset"])[:, 0]


def loss(w, tokens, labels, key):
    logits = forward(w, tokens, key)
    value = optax.sigmoid_binary_cross_entropy(logits, labels).mean()
    return value, ((logits > 0) == (labels > 0.5)).mean()


optimizer = optax.adam(1e-3)


@functools.partial(jax.jit, donate_argnums=(0, 1))
def step(w, state, tokens, labels, key):
    (value, accuracy), gradient = jax.value_and_grad(loss, has_aux=True)(w, tokens, labels, key)
    update, state = optimizer.update(gradient, state)
    return optax.apply_updates(w, update), state, value, accuracy


weights = initial(jax.random.key(0))
memory = optimizer.init(weights)
tokens, labels = map(jnp.asarray, batches(args, args.steps))
keys = jax.random.split(jax.random.key(1), args.steps)


def run():
    global weights, memory
    for k in range(args.steps):
        weights, memory, value, _ = step(weights, memory, tokens[k], labels[k], keys[k])
    value.block_until_ready()


serve(run, run, "JAX", args.steps)
