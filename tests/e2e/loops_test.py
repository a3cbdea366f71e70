"""What loops compute, from outside: values, first and second derivatives, errors and limits.

    python3 loops_test.py TENON [test...]
"""
import math
import signal
import struct
import subprocess
import sys
import time
import unittest

from harness import TENON, TenonTest, write_npy

LOOPS = """\
fn collatz(n: i64) -> i32 {
  loop (k, steps) = (n, 0) while k > 1 {
    (if k % 2 == 0 { k / 2 } else { 3 * k + 1 }, steps + 1)
  }
  steps
}

fn root(a: f64) -> f64 {
  loop (x, step) = (a, 1.0) while abs(step) > 1e-12 at most 100 {
    let next = 0.5 * (x + a / x)
    (next, next - x)
  }
  x
}
fn root_slope(a: f64) -> f64 = grad(root)(a)
fn root_bend(a: f64) -> f64 = grad(root_slope)(a)
fn root_bend_forward(a: f64) -> f64 = jvp(root_slope)(a, 1.0)

fn free_root(a: f64) -> f64 {
  loop (x, step) = (a, 1.0) while abs(step) > 1e-12 {
    let next = 0.5 * (x + a / x)
    (next, next - x)
  }
  x
}
fn free_root_slope(a: f64) -> f64 = grad(free_root)(a)
fn free_root_bend(a: f64) -> f64 = grad(free_root_slope)(a)

fn roots(a: f64[n]) -> f64[n] {
  let r[i] = root(a[i])
  r
}
fn sum_of_roots(a: f64[n]) -> f64 = sum(roots(a))
fn slopes(a: f64[n]) -> f64[n] = grad(sum_of_roots)(a)

fn limited(x: f64, n: i32) -> f64 {
  loop y = x while y < 100.0 at most n { 2.0 * y }
  y
}
fn limited_slope(x: f64, n: i32) -> f64 = grad(limited, wrt = x)(x, n)

fn first_zero(x: i32[n]) -> i32 {
  loop at = 0 while x[at] != 0 at most n { at + 1 }
  at
}

fn walk(x: f64, steps: i32) -> f64 {
  loop (y, n) = (x, 0) while n < steps {
    let d: f64 = random.uniform()
    (y + d, n + 1)
  }
  y
}

fn endless(x: f64) -> f64 {
  loop y = x while y < 1.0 { 0.5 * sin(y) }
  y
}
fn endless_slope(x: f64) -> f64 = grad(endless)(x)

model Counter {
  state steps: i32 = 0
  fn call(x: f64) -> f64 {
    loop y = x while y < 100.0 {
      set steps = steps + 1
      2.0 * y
    }
    y
  }
}

fn chain(x: f64[d]) -> f64 {
  loop (y, n) = (x, 0) while n < 2000 at most 3000 { (sin(y) + 0.1 * x, n + 1) }
  sum(y)
}
fn chain_slope(x: f64[4]) -> f64[4] = grad(chain)(x)

fn along(x: f64[t, d], h: f64[d]) -> f64 {
  scan y = h over a in x { sin(y * a) }
  sum(y)
}
fn along_slope(x: f64[1000, 4], h: f64[4]) -> f64[1000, 4] = grad(along, wrt = x)(x, h)

/// A pendulum's steps of time, each solved for by iteration: a loop in a scan.
fn swing(angle: f64, times: f64[n]) -> f64 {
  scan (a, v) = (angle, 0.0) over dt in times {
    loop (next, change) = (a, 1.0) while abs(change) > 1e-13 {
      let better = a + dt * (v - 0.5 * dt * sin(0.5 * (a + next)))
      (better, better - next)
    }
    (next, v - dt * sin(0.5 * (a + next)))
  }
  a
}
fn swing_slope(angle: f64, times: f64[n]) -> f64 = grad(swing, wrt = angle)(angle, times)
"""


def swing(angle, times):
    a, v = angle, 0.0
    for dt in times:
        following, change = a, 1.0
        while abs(change) > 1e-13:
            better = a + dt * (v - 0.5 * dt * math.sin(0.5 * (a + following)))
            following, change = better, better - following
        a, v = following, v - dt * math.sin(0.5 * (a + following))
    return a


class Loops(TenonTest):
    def setUp(self):
        super().setUp()
        self.put("loops.tn", LOOPS)

    def save(self, name, numbers, shape=None):
        write_npy(self.folder / f"{name}.npy", "<f8", shape if shape is not None else (len(numbers),),
                  struct.pack(f"<{len(numbers)}d", *numbers))

    def save_integers(self, name, numbers, shape, bits=32):
        write_npy(self.folder / f"{name}.npy", f"<i{bits // 8}", shape,
                  struct.pack(f"<{len(numbers)}{'i' if bits == 32 else 'q'}", *numbers))

    def value(self, function, *arguments):
        done = self.tenon("run", "loops.tn", function, *arguments)
        return [float(word) for word in done.stdout.split("=")[1].split()]

    def test_values(self):
        for n, steps in ((1, 0), (2, 1), (7, 16), (27, 111)):
            self.save_integers("n", [n], (), bits=64)
            self.assertEqual(self.value("collatz", "--input", "n=n.npy"), [steps])
        for n, at in (((5, 0, 3), 1), ((1, 2, 3), 3), ((), 0)):
            self.save_integers("x", n, (len(n),))
            self.assertEqual(self.value("first_zero", "--input", "x=x.npy"), [at])

    def test_derivatives(self):
        for a in (2.0, 9.0):
            self.save("a", [a], ())
            expected = {"root": a ** 0.5, "free_root": a ** 0.5, "root_slope": 0.5 / a ** 0.5,
                        "free_root_slope": 0.5 / a ** 0.5, "root_bend": -0.25 / a ** 1.5,
                        "root_bend_forward": -0.25 / a ** 1.5, "free_root_bend": -0.25 / a ** 1.5}
            for function, value in expected.items():
                for threads in (1, 2):
                    got, = self.value(function, "--input", "a=a.npy", "--threads", threads)
                    self.assertAlmostEqual(got, value, delta=1e-8, msg=f"{function} {a}")

    def test_each_element_of_index_notation_has_its_own_loop(self):
        values = [0.01, 1.0, 2.0, 1e6, 3e-4]
        self.save("a", values)
        for got, a in zip(self.value("roots", "--input", "a=a.npy"), values):
            self.assertAlmostEqual(got / a ** 0.5, 1, delta=1e-8)
        for got, a in zip(self.value("slopes", "--input", "a=a.npy"), values):
            self.assertAlmostEqual(got * 2 * a ** 0.5, 1, delta=1e-8)

    def test_a_bound_known_at_run_time(self):
        self.save("x", [3.0], ())
        for n, value in ((0, 3), (-4, 3), (2, 12), (1000, 192)):
            self.save_integers("n", [n], ())
            arguments = ("--input", "x=x.npy", "--input", "n=n.npy")
            self.assertEqual(self.value("limited", *arguments), [value])
            self.assertEqual(self.value("limited_slope", *arguments), [value / 3])

    def test_a_loop_in_a_scan(self):
        times = [0.1 + 0.05 * (i % 3) for i in range(40)]
        self.save("times", times)
        self.save("angle", [0.7], ())
        arguments = ("--input", "angle=angle.npy", "--input", "times=times.npy")
        got, = self.value("swing", *arguments)
        self.assertAlmostEqual(got, swing(0.7, times), delta=1e-8)
        slope, = self.value("swing_slope", *arguments)
        h = 1e-5
        expected = (swing(0.7 + h, times) - swing(0.7 - h, times)) / (2 * h)
        self.assertAlmostEqual(slope, expected, delta=1e-6)

    def test_draws_differ_from_step_to_step(self):
        self.save("x", [0.0], ())

        def walked(steps, seed):
            self.save_integers("steps", [steps], ())
            return self.value("walk", "--input", "x=x.npy", "--input", "steps=steps.npy", "--seed",
                              seed)[0]

        one, two, three = (walked(steps, 3) for steps in (1, 2, 3))
        self.assertEqual(len({one, two - one, three - two}), 3)
        self.assertTrue(0 < one < two < three < one + 2)
        self.assertEqual(walked(3, 3), three)
        self.assertNotEqual(walked(3, 4), three)

    def test_a_loop_without_an_end_can_be_interrupted(self):
        self.save("x", [0.5], ())
        process = subprocess.Popen([TENON, "run", "loops.tn", "endless", "--input", "x=x.npy"],
                                   cwd=self.folder, env=self.environment, stderr=subprocess.PIPE)
        time.sleep(3)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertNotEqual(process.returncode, 0)

    def arena(self, function, *options):
        done = self.tenon("inspect", "loops.tn", function, "--stage", "memory", *options)
        return int(done.stdout.split("arena: ")[1].split(" bytes")[0])

    def test_a_budget_of_memory(self):
        self.save("x", [0.3, 0.1, -0.7, 0.9])
        self.save("h", [1.0, 2.0, 3.0, 0.5])
        self.save("long", [0.9 + 0.5 * (i * 37 % 101) / 101 for i in range(4000)], (1000, 4))
        budget = ("--memory-budget", "8K")
        for function in ("chain_slope", "along_slope"):
            self.assertLess(self.arena(function, *budget), 0.75 * self.arena(function))
        # Slices' cotangents are the same bits; a sum over the steps is made segment by segment.
        for name, options in (("plain", ()), ("budget", budget)):
            self.tenon("run", "loops.tn", "along_slope", "--input", "x=long.npy", "--input",
                       "h=h.npy", "--output", f"{name}.npy", *options)
        self.assertEqual((self.folder / "plain.npy").read_bytes(),
                         (self.folder / "budget.npy").read_bytes())
        plain = self.value("chain_slope", "--input", "x=x.npy")
        for one, other in zip(plain, self.value("chain_slope", "--input", "x=x.npy", *budget)):
            self.assertAlmostEqual(one / other, 1, delta=1e-8)

    def test_memory_has_an_end(self):
        self.save("x", [0.5], ())
        self.refused("run", "loops.tn", "endless_slope", "--input", "x=x.npy", "--memory-budget",
                     "1M", says=["loops.tn:", "1048576 bytes"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
