"""Convolutions and pooling of the standard library, and their gradients, beside PyTorch's, in f64.

Random shapes, strides, dilations, groups and paddings; a case's result and its gradients by all inputs
along a random cotangent must agree within 1e-12 of the largest magnitude. Exits non-zero where one
doesn't.

    python convolutions.py [--tenon build/tenon] [--cases 600]
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
parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build" / "tenon"))
parser.add_argument("--cases", type=int, default=600)
args = parser.parse_args()
KINDS = ("convolve1d", "convolve2d", "convolve2d_transpose", "max_pool", "average_pool")


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
    elif case["kind"] == "convolve2d":
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
    else:
        size = case["size"]
        total = F.avg_pool2d(padded(first, [size] * 2, stride, padding), size, stride)
        share = F.avg_pool2d(padded(torch.ones_like(first), [size] * 2, stride, padding), size, stride)
        y = total / share
    return y.movedim(1, -1)


def make_case(r):
    case = {"kind": KINDS[r.integers(len(KINDS))], "stride": int(r.integers(1, 4)), "dilation": 1,
            "padding": ("valid", "same")[r.integers(2)], "size": int(r.integers(1, 5)), "kernel": None}
    batch, groups = int(r.integers(1, 3)), int(r.integers(1, 4))
    inputs, outputs = int(r.integers(1, 4)), int(r.integers(1, 4))
    if case["kind"].startswith("convolve") and not case["kind"].endswith("transpose"):
        case["dilation"] = int(r.integers(1, 4))
    sizes = [int(size) for size in r.integers(1, 5, 1 if case["kind"] == "convolve1d" else 2)]
    if case["kind"].endswith("pool"):
        sizes = [case["size"]] * 2
    spans = [case["dilation"] * (size - 1) + 1 for size in sizes]
    extents = [int(r.integers(1, 7)) + (span - 1 if case["padding"] == "valid" else 0) for span in spans]
    channels = inputs
    if case["kind"].startswith("convolve"):
        case["kernel"] = (*sizes, inputs, outputs) if case["kind"].endswith("transpose") else (*sizes, groups, inputs, outputs)
        channels = inputs if case["kind"].endswith("transpose") else groups * inputs
    case["x"] = (batch, *extents, channels)
    return case


def program(case, y):
    shape = lambda dims: f"f64[{', '.join(map(str, dims))}]"
    settings = f"stride = {case['stride']}, padding = \"{case['padding']}\""
    if case["dilation"] != 1:
        settings += f", dilation = {case['dilation']}"
    if case["kernel"]:
        call, names = f"nn.{case['kind']}(x, kernel, {settings})", ("x", "kernel")
        params = f"x: {shape(case['x'])}, kernel: {shape(case['kernel'])}"
    else:
        call, names = f"{case['kind']}(x, {case['size']}, {settings})", ("x",)
        params = f"x: {shape(case['x'])}"
    return f"""import nn
fn run({params}, dy: {shape(y)}) {{
  let f({params}) = {call}
  (f({', '.join(names)}), vjp(f, wrt = ({', '.join(names)}{',' if len(names) == 1 else ''}))({', '.join(names)}, dy))
}}
"""


def difference(ours, theirs):
    if ours.shape != theirs.shape:
        sys.exit(f"{ours.shape} is not {theirs.shape}")
    return float(np.abs(ours - theirs).max(initial=0) / max(np.abs(theirs).max(initial=0), 1e-300))


def run(case, folder, r):
    tensors = {"x": torch.tensor(r.normal(size=case["x"]), requires_grad=True)}
    if case["kernel"]:
        tensors["kernel"] = torch.tensor(r.normal(size=case["kernel"]), requires_grad=True)
    y = reference(case, tensors["x"], tensors.get("kernel"))
    dy = torch.tensor(r.normal(size=y.shape))
    theirs = [y.detach()] + list(torch.autograd.grad(y, list(tensors.values()), dy))
    (folder / "case.tn").write_text(program(case, y.shape))
    command = [args.tenon, "run", str(folder / "case.tn"), "run", "--threads", "1", "--no-cache"]
    for name, tensor in (tensors | {"dy": dy}).items():
        np.save(folder / f"{name}.npy", tensor.detach().numpy())
        command += ["--input", f"{name}={folder / name}.npy"]
    names = ["0"] + ([f"1.{i}" for i in range(len(tensors))] if len(tensors) > 1 else ["1"])
    for name in names:
        command += ["--output", f"{name}={folder / name}.npy"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{case}\n{program(case, y.shape)}{done.stdout}{done.stderr}")
    return max(difference(np.load(folder / f"{name}.npy"), tensor.numpy()) for name, tensor in zip(names, theirs))


worst, counts, missed = {kind: 0.0 for kind in KINDS}, {kind: 0 for kind in KINDS}, 0
generator = np.random.default_rng(7)
with tempfile.TemporaryDirectory() as scratch:
    for number in range(args.cases):
        case = make_case(generator)
        found = run(case, pathlib.Path(scratch), generator)
        counts[case["kind"]] += 1
        worst[case["kind"]] = max(worst[case["kind"]], found)
        if found > 1e-12:
            missed += 1
            print(f"case {number}: {found:.1e} {case}")
for kind in KINDS:
    print(f"{kind:22}{counts[kind]:5} cases, {worst[kind]:.1e} of the largest magnitude at most")
if args.cases >= 600:
    record("convolutions.py", ["torch", "numpy"], {"cases": counts, "largest_difference": worst})
sys.exit(1 if missed else 0)
