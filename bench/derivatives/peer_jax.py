"""JAX: jit of the function, or of value_and_grad. peer_jax.py PROBLEM function|gradient"""
import sys

import jax
import jax.numpy as jnp

from problems import PROBLEMS, SECONDS, arguments, serve
import example_functions as functions


def recurrence_loss(w, x):
    return jnp.sum(jax.lax.scan(lambda h, x_t: (jnp.tanh(x_t + w @ h), None), jnp.zeros(w.shape[0]), x)[0] ** 2)


def ode_loss(reverse):
    # 32 steps are enough here; each that isn't needed costs little, but not nothing.
    return lambda f, y, target, tolerance: functions.ode_loss(f, y, target, tolerance, 32, reverse)


LOSSES = {
    "attention": functions.attention_loss,
    "neural_ode": None,
    "kalman": functions.kalman_log_likelihood,
    "logistic_regression": functions.logistic_loss,
    "newton": functions.logistic_validation,
    "kmeans": functions.inertia,
    "matrix_factorisation": functions.factorisation_error,
    "gaussian_mixture": functions.mixture_log_likelihood,
    "bundle_adjustment": functions.reprojection_error(functions.rotation_by_formula),
    "language_model": functions.language_model_loss,
    "recurrence": recurrence_loss,
}

name, what = sys.argv[1:]
by = PROBLEMS[name][4]
given = [jax.tree.map(jnp.asarray, value) for value in arguments(name).values()]
loss = LOSSES[name] or ode_loss(reverse=what == "gradient")
call = jax.jit(loss if what == "function" else jax.value_and_grad(loss, by if len(by) > 1 else by[0]))


def run():
    jax.block_until_ready(call(*given))


serve(run, run, seconds=SECONDS)
