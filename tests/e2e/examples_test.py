"""Every function of examples/numerics on small inputs, beside stored results.

    python3 examples_test.py TENON [test...]

`examples.json` holds the inputs and what JAX made of them in f64 (`tests/oracles/examples.py --store`),
so that neither JAX nor NumPy is needed here.
"""
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

TENON = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "examples" / "numerics"
CASES = json.loads((pathlib.Path(__file__).parent / "examples.json").read_text())
FORMATS = {"f64": ("<f8", "d"), "i32": ("<i4", "i")}


def write_npy(path, dtype, shape, data):
    descr, letter = FORMATS[dtype]
    header = str({"descr": descr, "fortran_order": False, "shape": tuple(shape)})
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                     + struct.pack(f"<{len(data)}{letter}", *data))


def read_npy(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<H", raw[8:10])
    header = raw[10:10 + length].decode()
    descr = re.search(r"'descr': '([^']+)'", header)[1]
    shape = [int(n) for n in re.findall(r"\d+", re.search(r"'shape': \(([^)]*)\)", header)[1])]
    dtype, letter = next((name, f[1]) for name, f in FORMATS.items() if f[0] == descr)
    body = raw[10 + length:]
    return dtype, shape, struct.unpack(f"<{math.prod(shape)}{letter}", body)


class Examples(unittest.TestCase):
    def compare(self, case):
        """The largest difference over the largest magnitude stays within 1e-9."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            command = [TENON, "run", PROGRAMS / f"{case['file']}.tn", case["function"],
                       "--float", "f64", "--threads", "2"]
            for path, value in case["inputs"].items():
                if isinstance(value, int):
                    command += ["--input", f"{path}={value}"]
                    continue
                write_npy(folder / f"{path}.npy", value["type"], value["shape"], value["data"])
                command += ["--input", f"{path}={folder / path}.npy"]
            for path in case["results"]:
                where = folder / f"result_{path}.npy"
                command += ["--output", f"{path}={where}" if path else where]
            environment = dict(os.environ, TENON_CACHE=str(folder / "cache"))
            done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            for path, expected in case["results"].items():
                dtype, shape, ours = read_npy(folder / f"result_{path}.npy")
                self.assertEqual(dtype, expected["type"], path)
                self.assertEqual(shape, expected["shape"], path)
                size = max(map(abs, expected["data"]), default=0.0)
                apart = max((abs(a - b) for a, b in zip(ours, expected["data"])), default=0.0)
                self.assertLessEqual(apart, 1e-9 * (size or 1.0), path)

    def test_no_function_is_left_out(self):
        """Whatever only helps others in its file is run with them."""
        compared = {(case["file"], case["function"]) for case in CASES}
        for program in sorted(PROGRAMS.glob("*.tn")):
            text = program.read_text()
            for name in re.findall(r"^fn (\w+)", text, re.M):
                used = len(re.findall(rf"\b{name}\b", text)) > 1
                self.assertTrue((program.stem, name) in compared or used, f"{program.name}: {name}")


for case in CASES:
    setattr(Examples, f"test_{case['file']}_{case['function']}", lambda self, case=case: self.compare(case))

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
