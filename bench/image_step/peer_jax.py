"""JAX with optax: jit, donated weights."""
import functools

import jax
import jax.numpy as jnp
import optax

import model_jax
from common import PROBLEM, contend, image, label, weights

optimizer = optax.adam(1e-3)
loss = functools.partial(model_jax.loss, padding=PROBLEM.padding)
w = {name: jnp.asarray(value) for name, value in weights.items()}
memory = optimizer.init(w)
x, y = jnp.asarray(image), jnp.asarray(label)


@functools.partial(jax.jit, donate_argnums=(0, 1))
def update(w, memory, x, y):
    value, gradient = jax.value_and_grad(loss)(w, x, y)
    change, memory = optimizer.update(gradient, memory)
    return optax.apply_updates(w, change), memory, value


@jax.jit
def probabilities(w, x):
    return jax.nn.softmax(model_jax.logits(w, x, PROBLEM.padding))


def step(k):
    global w, memory
    w, memory, value = update(w, memory, x[k], y[k])
    return value


contend("JAX", step, lambda: probabilities(w, x).block_until_ready())
