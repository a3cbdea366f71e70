"""Programs that are measured side by side, taking turns.

A contestant is a process that prepares, answers one line of JSON, `{"prepare": seconds}` (and `"name"`
where it knows it best), and then, for each line that it is given, works for a while and answers
`{"seconds": …}`, with how many `"calls"` it made in them and how many `"megabytes"` it has resident.
So a slow minute of the machine is slow for all of them. `serving.py` is the other side, in Python.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "oracles"))
from record import cpu_name  # noqa: E402,F401

def isa():
    flags = open("/proc/cpuinfo").read()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "x86-64"


class Contestant:
    """Ends the whole run where the process ends before its turn is over, with what it said on standard
    error. `first`: its first answer."""

    def __init__(self, command, name=None, environment=None):
        self.command = [str(part) for part in command]
        self.log = tempfile.TemporaryFile("w+")
        # In the folder of the script that is run, where a peer's scripts and modules are.
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            cwd=pathlib.Path(sys.argv[0]).resolve().parent,
            env=dict(environment or os.environ, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2"))
        self.first = self.answer()
        self.name, self.prepare = name or self.first["name"], self.first["prepare"]
        self.times, self.megabytes = [], 0.0
        self.turn()  # warm-up
        self.times.clear()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            sys.exit(f"{' '.join(self.command)}: ended without an answer\n{self.log.read()}")
        return json.loads(line)

    def turn(self):
        """One turn; its time for a call, in ms, joins `times`."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.answer()
        self.times.append(1e3 * answer["seconds"] / answer["calls"])
        self.megabytes = answer.get("megabytes", 0.0)

    @property
    def median(self):
        return statistics.median(self.times)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
