"""The functions of examples/numerics in JAX, written as JAX users write them."""
import jax
import jax.numpy as jnp
from jax.scipy.linalg import expm
from jax.scipy.special import logsumexp


def attention_loss(q, k, v, target):
    time, depth = q.shape[-2:]
    score = jnp.einsum("bhtd,bhsd->bhts", q, k) / jnp.sqrt(jnp.asarray(depth, q.dtype))
    score = jnp.where(jnp.tril(jnp.ones((time, time), bool)), score, -jnp.inf)
    y = jnp.einsum("bhts,bhsd->bhtd", jax.nn.softmax(score), v)
    return jnp.sum((y - target) ** 2) / 2


def generator(r):
    zero = jnp.zeros_like(r[0])
    return jnp.array([[zero, -r[2], r[1]], [r[2], zero, -r[0]], [-r[1], r[0], zero]])


def rotation_by_exponential(r):
    """No formula of Rodrigues in it, and no division by the angle."""
    return expm(generator(r))


def rotation_by_formula(r):
    """Rodrigues' formula, with the usual two `where`s around the division by zero."""
    s = r @ r
    tiny = s < 1e-12
    angle = jnp.sqrt(jnp.where(tiny, 1.0, s))
    a = jnp.where(tiny, 1.0 - s / 6, jnp.sin(angle) / angle)
    b = jnp.where(tiny, 0.5 - s / 24, 2 * (jnp.sin(angle / 2) / angle) ** 2)
    return (1 - b * s) * jnp.eye(3, dtype=r.dtype) + a * generator(r) + b * jnp.outer(r, r)


def reprojection_error(rotation):
    def project(turn, camera, point):
        x = turn @ (point - camera["centre"])
        flat = x[:2] / x[2]
        s = flat @ flat
        radial = camera["radial"]
        return camera["principal"] + camera["focal"] * (1 + radial[0] * s + radial[1] * s ** 2) * flat

    def error(cameras, points, camera, point, seen):
        turn = jax.vmap(rotation)(cameras["rotation"])
        chosen = {name: value[camera] for name, value in cameras.items()}
        return 0.5 * jnp.sum((jax.vmap(project)(turn[camera], chosen, points[point]) - seen) ** 2)

    return error


def mixture_log_likelihood(x, m):
    d = x.shape[1]
    factor = jnp.tril(m["below"], -1) + jax.vmap(jnp.diag)(jnp.exp(m["diagonal"]))
    z = jnp.einsum("cij,pcj->pci", factor, x[:, None] - m["centre"])
    part = m["logits"] + m["diagonal"].sum(1) - 0.5 * jnp.sum(z ** 2, -1)
    return (logsumexp(part, 1).sum()
            - x.shape[0] * (logsumexp(m["logits"]) + 0.5 * d * jnp.log(2 * jnp.pi)))


def kalman_log_likelihood(seen, model):
    a, c = model["a"], model["c"]

    def step(carry, y):
        m, p = carry
        m = a @ m
        p = a @ p @ a.T + model["q"]
        pc = p @ c
        s = c @ pc + model["r"]
        e = y - c @ m
        return (m + pc * e / s, p - jnp.outer(pc, pc) / s), -0.5 * (jnp.log(2 * jnp.pi * s) + e ** 2 / s)

    return jax.lax.scan(step, (model["m"], model["p"]), seen)[1].sum()


def squared_distances(x, centre):
    return jnp.sum((x[:, None] - centre) ** 2, -1)


def inertia(x, centre):
    return squared_distances(x, centre).min(1).mean()


def lloyd(x, centre, rounds):
    def step(centre, _):
        member = jax.nn.one_hot(squared_distances(x, centre).argmin(1), centre.shape[0], dtype=x.dtype)
        count = member.sum(0)
        mean = (member.T @ x) / jnp.maximum(count, 1)[:, None]
        return jnp.where(count[:, None] > 0, mean, centre), None

    return jax.lax.scan(step, centre, None, rounds)[0]


def language_model_loss(w, text):
    x = jnp.swapaxes(w["table"][text[:, :-1]], 0, 1)
    zero = jnp.zeros((text.shape[0], w["recurrent"].shape[0]), x.dtype)

    def cell(carry, x_t):
        h, c = carry
        z = (jnp.einsum("bi,igu->bgu", x_t, w["kernel"])
             + jnp.einsum("bi,igu->bgu", h, w["recurrent"]) + w["bias"])
        c = jax.nn.sigmoid(z[:, 1]) * c + jax.nn.sigmoid(z[:, 0]) * jnp.tanh(z[:, 2])
        h = jax.nn.sigmoid(z[:, 3]) * jnp.tanh(c)
        return (h, c), h

    h = jax.lax.scan(cell, (zero, zero), x)[1]
    logits = jnp.swapaxes(h @ w["output"] + w["offset"], 0, 1)
    chosen = jnp.take_along_axis(logits, text[:, 1:, None], -1)[..., 0]
    return jnp.mean(logsumexp(logits, -1) - chosen)


def language_model_training(w, text, rate):
    def step(carry, rows):
        w, velocity = carry
        value, slope = jax.value_and_grad(language_model_loss)(w, rows)
        length = jnp.sqrt(sum(jnp.sum(g ** 2) for g in jax.tree.leaves(slope)))
        velocity = jax.tree.map(lambda v, g: 0.9 * v - rate / jnp.maximum(length, 1.0) * g, velocity, slope)
        return (jax.tree.map(jnp.add, w, velocity), velocity), value

    (w, _), losses = jax.lax.scan(step, (w, jax.tree.map(jnp.zeros_like, w)), text)
    return w, losses


def logistic_loss(w, x, y, ridge):
    return jnp.sum(jax.nn.softplus(-(2 * y - 1) * (x @ w))) + 0.5 * ridge * jnp.sum(w ** 2)


def logistic_fit(x, y, ridge):
    """Newton's method in a fixed number of steps, more than enough."""
    def step(w, _):
        return w - jnp.linalg.solve(jax.hessian(logistic_loss)(w, x, y, ridge),
                                    jax.grad(logistic_loss)(w, x, y, ridge)), None

    return jax.lax.scan(step, jnp.zeros(x.shape[1], x.dtype), None, 12)[0]


def logistic_validation(x, y, ridge, other_x, other_y):
    return logistic_loss(logistic_fit(x, y, ridge), other_x, other_y, 0.0)


def factorisation_error(f, user, item, rating, decay):
    guess = (rating.mean() + f["generous"][user] + f["good"][item]
             + jnp.sum(f["user"][user] * f["item"][item], 1))
    return jnp.sum((rating - guess) ** 2) + decay * sum(jnp.sum(part ** 2) for part in f.values())


def factorisation_fit(f, user, item, rating, decay, rate, rounds):
    def step(carry, _):
        f, velocity = carry
        e, slope = jax.value_and_grad(factorisation_error)(f, user, item, rating, decay)
        velocity = jax.tree.map(lambda v, g: 0.9 * v - rate * g, velocity, slope)
        return (jax.tree.map(jnp.add, f, velocity), velocity), e

    return jax.lax.scan(step, (f, jax.tree.map(jnp.zeros_like, f)), None, rounds)[1]


A = [[], [1 / 5], [3 / 40, 9 / 40], [44 / 45, -56 / 15, 32 / 9],
     [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
     [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
     [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]]
FOURTH = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40]


def ode_step(f, state, tolerance):
    t, h, y, steps = state

    def slope(y):
        return jnp.tanh(y @ f["first"] + f["bias"]) @ f["second"] + f["drift"]

    h = jnp.minimum(h, 1 - t)
    k = []
    for row in A:
        at = y + h * sum(a * k_i for a, k_i in zip(row, k)) if row else y
        k.append(slope(at))
    error = at - (y + h * sum(b * k_i for b, k_i in zip(FOURTH, k)))
    size = jnp.sqrt(jnp.mean((error / (tolerance + tolerance * jnp.maximum(jnp.abs(y), jnp.abs(at)))) ** 2))
    size = jax.lax.stop_gradient(size)
    longer = h * jnp.minimum(5.0, jnp.maximum(0.2, 0.9 * size ** -0.2))
    taken = size <= 1.0
    return jnp.where(taken, t + h, t), longer, jnp.where(taken, at, y), steps + 1


def ode_flow(f, y, tolerance, at_most=100, reverse=True):
    """At most 100 steps, by `scan` and `cond` where it is to be derived in reverse."""
    zero = jnp.zeros((), y.dtype)
    start = (zero, zero + 0.1, y, jnp.int32(0))
    if not reverse:
        end = jax.lax.while_loop(lambda s: (s[0] < 1) & (s[3] < at_most), lambda s: ode_step(f, s, tolerance), start)
    else:
        end = jax.lax.scan(
            lambda s, _: (jax.lax.cond(s[0] < 1, lambda s: ode_step(f, s, tolerance), lambda s: s, s), None),
            start, None, at_most)[0]
    return end[2], end[3]


def ode_loss(f, y, target, tolerance, at_most=100, reverse=True):
    return jnp.mean((ode_flow(f, y, tolerance, at_most, reverse)[0] - target) ** 2)
