"""What the machine can do at best (machine.cpp), and how long work takes at that rate."""
import json
import pathlib
import subprocess


class Machine:
    """The best of all measurements: whatever else runs makes them smaller."""

    def __init__(self, folder):
        self.program = pathlib.Path(folder) / "machine"
        self.gflops = self.gigabytes_per_second = 0.0
        subprocess.run(["clang++-22", "-O3", "-march=native", "-pthread",
                        pathlib.Path(__file__).with_suffix(".cpp"), "-o", self.program], check=True)

    def measure(self):
        found = json.loads(subprocess.run([self.program], check=True, stdout=subprocess.PIPE).stdout)
        self.gflops = max(self.gflops, found["gflops"])
        self.gigabytes_per_second = max(self.gigabytes_per_second, found["gigabytes_per_second"])

    def floor_ms(self, flop, bytes_moved):
        """Arithmetic and memory one after the other."""
        return flop / self.gflops / 1e6 + bytes_moved / self.gigabytes_per_second / 1e6

    def describe(self):
        return (f"multiply-add peak on two threads: {self.gflops:.0f} GFLOP/s; "
                f"bandwidth: {self.gigabytes_per_second:.1f} GB/s")
