"""What the tests of the command line share: a folder and a cache for each, and ways to ask."""
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import unittest

TENON = os.path.abspath(sys.argv[1])


def write_npy(path, descr, shape, data):
    header = str({"descr": descr, "fortran_order": False, "shape": shape})
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    pathlib.Path(path).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
                                   + header.encode() + data)


def numbers(path, kind):
    """The elements of a .npy file, `kind` as in `struct`."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<H", raw[8:10])
    return tuple(number for (number,) in struct.iter_unpack(f"<{kind}", raw[10 + length:]))


def doubles(path):
    return numbers(path, "d")


class TenonTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.environment = dict(os.environ, TENON_CACHE=str(self.folder / "cache"), NO_COLOR="1")

    def tearDown(self):
        self.scratch.cleanup()

    def put(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(data)

    def tenon(self, *arguments, code=0, limit=None):
        """Runs a command; `limit` is the largest file that it may write."""
        def restrict():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        done = subprocess.run([TENON, *map(str, arguments)], cwd=self.folder, text=True,
                              env=self.environment, capture_output=True, timeout=300,
                              preexec_fn=restrict)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def refused(self, *arguments, says, limit=None):
        done = self.tenon(*arguments, code=1, limit=limit)
        for part in says:
            self.assertIn(part, done.stderr)
        for word in ("Assertion", "tenon.", "LLVM ERROR", "Stack dump", "terminate called"):
            self.assertNotIn(word, done.stderr.replace("texts.tn", "").replace("tenon.csv", ""))
        return done

    def checkpoint(self, run):
        return (self.folder / run / "checkpoint.safetensors").read_bytes()
