"""PyTorch: eager or compiled. peer_torch.py PROBLEM function|gradient [compile]"""
import math
import sys

import torch
import torch.nn.functional as F

from problems import PROBLEMS, SECONDS, arguments, serve


def attention(q, k, v, target):
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return ((y - target) ** 2).sum() / 2


TABLE = [[], [1 / 5], [3 / 40, 9 / 40], [44 / 45, -56 / 15, 32 / 9],
         [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
         [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
         [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]]
FOURTH = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40]


def neural_ode(f, y, target, tolerance):
    t, h = 0.0, 0.1
    for _ in range(100):
        if t >= 1:
            break
        h = min(h, 1 - t)
        k = []
        for row in TABLE:
            at = y + h * sum(a * k_i for a, k_i in zip(row, k) if a) if row else y
            k.append(torch.tanh(torch.addmm(f["bias"], at, f["first"])) @ f["second"] + f["drift"])
        with torch.no_grad():
            error = at - (y + h * sum(b * k_i for b, k_i in zip(FOURTH, k)))
            size = (error / (tolerance + tolerance * torch.maximum(y.abs(), at.abs()))).square().mean().sqrt().item()
        if size <= 1:
            t, y = t + h, at
        h *= min(5.0, max(0.2, 0.9 * size ** -0.2))
    return ((y - target) ** 2).mean()


def kalman(seen, model):
    a, c, m, p, total = model["a"], model["c"], model["m"], model["p"], 0.0
    for y in seen:
        m = a @ m
        p = a @ p @ a.T + model["q"]
        pc = p @ c
        s = c @ pc + model["r"]
        e = y - c @ m
        m, p = m + pc * e / s, p - torch.outer(pc, pc) / s
        total = total - 0.5 * (torch.log(2 * math.pi * s) + e ** 2 / s)
    return total


def logistic_regression(w, x, y, ridge):
    return F.softplus(-(2 * y - 1) * (x @ w)).sum() + 0.5 * ridge * (w ** 2).sum()


def newton(x, y, ridge, other_x, other_y):
    w = torch.zeros(x.shape[1])
    for _ in range(12):
        slope = torch.func.grad(logistic_regression)(w, x, y, ridge)
        curvature = torch.func.hessian(logistic_regression)(w, x, y, ridge)
        w = w - torch.linalg.solve(curvature, slope)
    return logistic_regression(w, other_x, other_y, 0.0)


def kmeans(x, centre):
    return ((x[:, None] - centre) ** 2).sum(-1).min(1).values.mean()


def matrix_factorisation(f, user, item, rating, decay):
    guess = rating.mean() + f["generous"][user] + f["good"][item] + (f["user"][user] * f["item"][item]).sum(1)
    return ((rating - guess) ** 2).sum() + decay * sum((part ** 2).sum() for part in f.values())


def gaussian_mixture(x, m):
    factor = torch.tril(m["below"], -1) + torch.diag_embed(m["diagonal"].exp())
    z = torch.einsum("cij,pcj->pci", factor, x[:, None] - m["centre"])
    part = m["logits"] + m["diagonal"].sum(1) - 0.5 * (z ** 2).sum(-1)
    return (torch.logsumexp(part, 1).sum()
            - len(x) * (torch.logsumexp(m["logits"], 0) + 0.5 * x.shape[1] * math.log(2 * math.pi)))


def rotation(r):
    s = (r ** 2).sum(-1)
    tiny = s < 1e-12
    angle = torch.where(tiny, 1.0, s).sqrt()
    a = torch.where(tiny, 1 - s / 6, angle.sin() / angle)[:, None, None]
    b = torch.where(tiny, 0.5 - s / 24, 2 * ((angle / 2).sin() / angle) ** 2)[:, None, None]
    zero = torch.zeros_like(s)
    generator = torch.stack([zero, -r[:, 2], r[:, 1], r[:, 2], zero, -r[:, 0], -r[:, 1], r[:, 0], zero], -1)
    return ((1 - b * s[:, None, None]) * torch.eye(3) + a * generator.reshape(-1, 3, 3)
            + b * r[:, :, None] * r[:, None])


def bundle_adjustment(cameras, points, camera, point, seen):
    at = {name: value[camera] for name, value in cameras.items()}
    turn = rotation(cameras["rotation"])[camera]
    x = (turn @ (points[point] - at["centre"])[..., None])[..., 0]
    flat = x[:, :2] / x[:, 2:]
    s = (flat ** 2).sum(-1, keepdim=True)
    radial = at["radial"]
    image = at["principal"] + at["focal"][:, None] * (1 + radial[:, :1] * s + radial[:, 1:] * s ** 2) * flat
    return 0.5 * ((image - seen) ** 2).sum()


def language_model(w, text):
    """As tensors, the recurrence written out; `lstm` is the layer."""
    x = w["table"][text[:, :-1]]
    units = w["recurrent"].shape[0]
    kernel, recurrent = (w[name].reshape(-1, 4 * units).T for name in ("kernel", "recurrent"))
    bias = w["bias"].reshape(-1)
    zero = torch.zeros(1, len(text), units)
    h, _, _ = torch.lstm(x, (zero, zero), [kernel, recurrent, bias, torch.zeros_like(bias)],
                         True, 1, 0.0, False, False, True)
    logits = h @ w["output"] + w["offset"]
    return F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten())


def recurrence(w, x):
    h = torch.zeros(w.shape[0])
    for x_t in x:
        h = torch.tanh(x_t + w @ h)
    return (h ** 2).sum()


def leaves(value):
    return list(value.values()) if isinstance(value, dict) else [value]


torch.set_num_threads(2)
name, what, *mode = sys.argv[1:]
loss = globals()[name]
if mode:
    loss = torch.compile(loss)
given = []
for key, value in arguments(name).items():
    whole = key in ("camera", "point", "user", "item", "text") and not isinstance(value, dict)
    tensor = {k: torch.from_numpy(v) for k, v in value.items()} if isinstance(value, dict) else torch.from_numpy(value)
    given.append(tensor.long() if whole else tensor)
by = [leaf for place in PROBLEMS[name][4] for leaf in leaves(given[place])]
if what == "gradient":
    for leaf in by:
        leaf.requires_grad_(True)


def run():
    if what == "function":
        with torch.no_grad():
            loss(*given)
    else:
        torch.autograd.grad(loss(*given), by)


serve(run, run, seconds=SECONDS)
