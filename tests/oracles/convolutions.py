"""Convolutions and pooling of the standard library, and their gradients, beside PyTorch's in f64.

Random shapes, strides, dilations, groups and paddings, in f32 and f64, compiled for one thread or two;
half of them have tens of channels, as the tiled kernels want them. A case's result and its gradients by
all inputs along a random cotangent must agree within 1e-12 (f64) or 1e-5 (f32) of the largest
magnitude. Of `convolve2d_pooled`, a convolution, relu and a pooling, the result alone is asked for, so that
one kernel makes it where it can. Exits non-zero where a case doesn't agree.

    python convolutions.py [--tenon build/tenon] [--cases 800] [--first 0] [--seed 7]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

from record import record

root = pathlib.Path(__file__).resolve().parents[2]
WHOLE = 800
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--cases", type=int, default=WHOLE)
parser.add_argument("--first", type=int, default=0, help="number of the first case")
parser.add_argument("--seed", type=int, default=7)
args = parser.parse_args()
# How often each is drawn.
KINDS = {"convolve1d": 2, "convolve2d": 4, "convolve2d_pooled": 4, "convolve2d_transpose": 2, "max_pool": 2, "average_pool": 2,
         "global_max_pool": 1, "global_average_pool": 1, "upsample": 1}
BOUNDS = {"f64": 1e-12, "f32": 1e-5}


def around(n, reach, stride, padding):
    """Zeros before and behind n elements."""
    if padding == "valid":
        return 0, 0
    total = max((-(-n // stride) - 1) * stride + reach - n, 0)
    return total // 2, total - total // 2


def padded(x, reaches, stride, padding, value=0.0):
    """Channels first; the last dimensions surrounded."""
    sides = [side for n, reach in zip(reversed(x.shape[2:]), reversed(reaches)) for side in around(n, reach, stride, padding)]
    return F.pad(x, sides, value=value)


def reference(case, x, kernel):
    """What PyTorch makes of channels-last tensors."""
    stride, dilation, padding = case["stride"], case["dilation"], case["padding"]
    first = x.movedim(-1, 1).contiguous()
    if case["kind"] == "convolve1d":
        size, groups, inputs, outputs = kernel.shape
        weights = kernel.permute(1, 3, 2, 0).reshape(groups * outputs, inputs, size).contiguous()
        y = F.conv1d(padded(first, [dilation * (size - 1) + 1], stride, padding), weights, None, stride, 0, dilation, groups)
    elif case["kind"] in ("convolve2d", "convolve2d_pooled"):
        rows, columns, groups, inputs, outputs = kernel.shape
        weights = kernel.permute(2, 4, 3, 0, 1).reshape(groups * outputs, inputs, rows, columns).contiguous()
        reaches = [dilation * (size - 1) + 1 for size in (rows, columns)]
        y = F.conv2d(padded(first, reaches, stride, padding), weights, None, stride, 0, dilation, groups)
    elif case["kind"] == "convolve2d_transpose":
        y = F.conv_transpose2d(first, kernel.permute(2, 3, 0, 1).contiguous(), None, stride)
        spans = [n * stride if padding == "same" else (n - 1) * stride + max(size, stride)
                 for n, size in zip(x.shape[1:3], kernel.shape)]
        cuts = [max(size - stride, 0) // 2 if padding == "same" else 0 for size in kernel.shape[:2]]
        y = F.pad(y, (0, max(0, cuts[1] + spans[1] - y.shape[3]), 0, max(0, cuts[0] + spans[0] - y.shape[2])))
        y = y[:, :, cuts[0]:cuts[0] + spans[0], cuts[1]:cuts[1] + spans[1]]
    elif case["kind"] == "max_pool":
        y = F.max_pool2d(padded(first, [case["size"]] * 2, stride, padding, -torch.inf), case["size"], stride)
    elif case["kind"] == "global_max_pool":
        return x.amax((1, 2))
    elif case["kind"] == "global_average_pool":
        return x.mean((1, 2))
    elif case["kind"] == "upsample":
        y = F.interpolate(first, scale_factor=case["size"], mode="nearest")
    else:
        size = case["size"]
        total = F.avg_pool2d(padded(first, [size] * 2, stride, padding), size, stride)
        share = F.avg_pool2d(padded(torch.ones_like(first), [size] * 2, stride, padding), size, stride)
        y = total / share
    if "pool" in case:
        pool, size = case["pool"]
        y = {"max_pool": F.max_pool2d, "average_pool": F.avg_pool2d}[pool](F.relu(y), size)
    return y.movedim(1, -1)


def make_case(r):
    drawn = [kind for kind, share in KINDS.items() for _ in range(share)]
    case = {"kind": drawn[r.integers(len(drawn))], "float": ("f64", "f32")[r.integers(2)],
            "threads": int(r.integers(1, 3)), "stride": int(r.integers(1, 4)), "dilation": 1,
            "padding": ("valid", "same")[r.integers(2)], "size": int(r.integers(1, 5)), "kernel": None}
    most = (4, 7, 3) if r.integers(2) else (41, 14, 4)  # channels, places, pictures
    batch, groups = int(r.integers(1, most[2])), int(r.integers(1, 4))
    inputs, outputs = int(r.integers(1, most[0])), int(r.integers(1, most[0]))
    kind = case["kind"]
    if kind in ("convolve1d", "convolve2d", "convolve2d_pooled"):
        case["dilation"] = int(r.integers(1, 4))
    sizes = [int(size) for size in r.integers(1, 5, 1 if kind == "convolve1d" else 2)]
    if not kind.startswith("convolve"):
        sizes = [case["size"]] * 2
    spans = [case["dilation"] * (size - 1) + 1 for size in sizes]
    extents = [int(r.integers(1, most[1])) + (span - 1 if case["padding"] == "valid" else 0) for span in spans]
    if kind == "convolve2d_pooled":
        pool = int(r.integers(1, 4))
        case["pool"] = (("max_pool", "average_pool")[r.integers(2)], pool)
        extents = [extent + (pool - 1) * case["stride"] for extent in extents]
    channels = inputs
    if kind == "convolve2d_transpose":
        case["kernel"] = (*sizes, inputs, outputs)
    elif kind.startswith("convolve"):
        case["kernel"] = (*sizes, groups, inputs, outputs)
        channels = groups * inputs
    case["x"] = (batch, *extents, channels)
    return case


def call_of(case):
    settings = f"stride = {case['stride']}, padding = \"{case['padding']}\""
    if case["dilation"] != 1:
        settings += f", dilation = {case['dilation']}"
    if "pool" in case:
        pool, size = case["pool"]
        return f"{pool}(relu(nn.convolve2d(x, kernel, {settings})), {size})"
    if case["kernel"]:
        return f"nn.{case['kind']}(x, kernel, {settings})"
    if case["kind"].startswith("global"):
        return f"{case['kind']}(x)"
    return f"{case['kind']}(x, {case['size']}" + (")" if case["kind"] == "upsample" else f", {settings})")


def program(case, y):
    shape = lambda dims: f"{case['float']}[{', '.join(map(str, dims))}]"
    names, params = ("x",), f"x: {shape(case['x'])}"
    if case["kernel"]:
        names, params = ("x", "kernel"), f"{params}, kernel: {shape(case['kernel'])}"
    if "pool" in case:
        return f"import nn\nfn run({params}) = {call_of(case)}\n"
    return f"""import nn
fn run({params}, dy: {shape(y)}) {{
  let f({params}) = {call_of(case)}
  (f({', '.join(names)}), vjp(f, wrt = ({', '.join(names)}{',' if len(names) == 1 else ''}))({', '.join(names)}, dy))
}}
"""


def difference(ours, theirs):
    if ours.shape != theirs.shape:
        sys.exit(f"{ours.shape} is not {theirs.shape}")
    return float(np.abs(ours - theirs).max(initial=0) / max(np.abs(theirs).max(initial=0), 1e-300))


def made(shape, case, r):
    """Numbers that the case's type has exactly."""
    return r.normal(size=shape).astype(np.float32 if case["float"] == "f32" else np.float64)


def run(case, folder, r):
    arrays = {"x": made(case["x"], case, r)}
    if case["kernel"]:
        arrays["kernel"] = made(case["kernel"], case, r)
    tensors = {name: torch.tensor(array.astype(np.float64), requires_grad=True) for name, array in arrays.items()}
    y = reference(case, tensors["x"], tensors.get("kernel"))
    theirs = [y.detach()]
    if "pool" not in case:
        arrays["dy"] = made(y.shape, case, r)
        theirs += torch.autograd.grad(y, list(tensors.values()), torch.tensor(arrays["dy"].astype(np.float64)))
    (folder / "case.tn").write_text(program(case, y.shape))
    command = [args.tenon, "run", str(folder / "case.tn"), "run", "--threads", str(case["threads"]), "--no-cache",
               "--float", case["float"]]
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        command += ["--input", f"{name}={folder / name}.npy"]
    names = ["0"] + ([f"1.{i}" for i in range(len(tensors))] if len(tensors) > 1 else ["1"])
    if "pool" in case:
        names = ["0"]
        command += ["--output", str(folder / "0.npy")]
    else:
        for name in names:
            command += ["--output", f"{name}={folder / name}.npy"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{case}\n{program(case, y.shape)}{done.stdout}{done.stderr}")
    return max(difference(np.load(folder / f"{name}.npy"), tensor.numpy()) for name, tensor in zip(names, theirs))


worst = {kind: dict.fromkeys(BOUNDS, 0.0) for kind in KINDS}
counts, missed = dict.fromkeys(KINDS, 0), 0
with tempfile.TemporaryDirectory() as scratch:
    for number in range(args.first, args.first + args.cases):
        generator = np.random.default_rng([args.seed, number])
        case = make_case(generator)
        found = run(case, pathlib.Path(scratch), generator)
        kind, dtype = case["kind"], case["float"]
        counts[kind] += 1
        worst[kind][dtype] = max(worst[kind][dtype], found)
        if not found <= BOUNDS[dtype]:
            missed += 1
            print(f"case {number}: {found:.1e} {case}", flush=True)
for kind in KINDS:
    print(f"{kind:22}{counts[kind]:5} cases, of the largest magnitude at most {worst[kind]['f64']:.1e} in f64, "
          f"{worst[kind]['f32']:.1e} in f32")
if args.cases >= WHOLE:
    record("convolutions.py", ["torch", "numpy"], {"cases": counts, "largest_difference": worst})
sys.exit(1 if missed else 0)
