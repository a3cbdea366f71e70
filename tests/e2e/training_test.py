"""Data sets and `train` blocks from outside: sources, stages, wrapped optimizers, and the entries
beside loss and optimizer.

    python3 training_test.py TENON [test...]
"""
import json
import math
import pathlib
import random
import signal
import struct
import subprocess
import sys
import time
import unittest
import zipfile

from harness import TENON, TenonTest, write_npy

LINE = """\
import losses, optim

dataset Points {
  from csv("points.csv")
  x: f32 = column("x")
  y: f32 = column("y")
  split train 0.75, validation 0.25
}

model Line {
  param slope:  f32 = 0.5
  param offset: f32 = 0.0
  fn predict(x: f32[batch]) -> f32[batch] = slope * x + offset
}

train Line on Points {
  loss      = losses.mean_squared_error(predict(x), y)
  optimizer = optim.SGD(learning_rate = 0.1, momentum = 0.9)
  epochs    = 4
  batch     = 8
}
"""


def tensors(path):
    """The f32 tensors of a safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        if tensor["dtype"] == "F32":
            found[name] = struct.unpack(f"<{(end - begin) // 4}f", raw[8 + size + begin:8 + size + end])
    return found


def write_tensors(path, values):
    header, data = {}, b""
    for name, (shape, numbers) in values.items():
        packed = struct.pack(f"<{len(numbers)}f", *numbers)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class Training(TenonTest):
    def setUp(self):
        super().setUp()
        chance = random.Random(1)
        rows = [(x, 3 * x - 1) for x in (chance.uniform(-1, 1) for _ in range(64))]
        self.put("points.csv", "x,y\n" + "".join(f"{x:.6f},{y:.6f}\n" for x, y in rows))
        self.put("line.tn", LINE)

    def changed(self, **entries):
        """LINE with entries of its `train` block replaced or added."""
        text = LINE
        for name, value in entries.items():
            lines = text.splitlines()
            at = [i for i, line in enumerate(lines) if line.split("=")[0].strip() == name]
            if at:
                lines[at[0]] = f"  {name} = {value}"
            else:
                lines.insert(len(lines) - 1, f"  {name} = {value}")
            text = "\n".join(lines) + "\n"
        self.put("line.tn", text)
        return text

    def train(self, run, *more, code=0):
        return self.tenon("train", "line.tn", "--run", run, *more, code=code)

    def trained(self, run):
        return tensors(self.folder / run / "checkpoint.safetensors")

    def epochs(self, run):
        lines = (self.folder / run / "metrics.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["kind"] == "epoch"]

    # ------------------------------------------------------------------ sources and stages

    def test_windows_of_bytes(self):
        self.put("bytes.tn", """\
import nn, losses, optim

dataset Corpus {
  from text_file("corpus.txt", window = 9)
  text: i32[9] = column("bytes") |> i32
  split train 0.9, test 0.1
}

model Bigrams {
  table = nn.Embedding(256, 256)
  fn call(text: i32[batch, time]) -> f32[batch, time, 256] = table(text)
}

train Bigrams on Corpus {
  let logit = call(text[:, :-1])
  loss      = losses.sparse_cross_entropy(logit, text[:, 1:])
  optimizer = optim.Clipped(optim.AdamW(learning_rate = 3e-2, schedule = optim.cosine(warmup = 2)), norm = 1.0)
  epochs    = 3
  batch     = 16
}
""")
        self.put("corpus.txt", "to be or not to be, that is the question. " * 40)
        self.tenon("train", "bytes.tn", "--run", "run")
        losses = [line["loss"] for line in self.epochs("run")]
        self.assertLess(losses[-1], losses[0])
        self.assertIn("optimizer/inner.first/table.table", tensors(self.folder / "run/checkpoint.safetensors"))

    def test_texts_with_ends_padded_on_the_right(self):
        self.put("pairs.tn", """\
import nn, losses, optim

let words = 20

dataset Sentences {
  from csv("pairs.csv")
  source: i32[4] = column("english") |> tokenize(vocabulary = words) |> pad(4, side = "right")
  target: i32[5] = column("german") |> tokenize(vocabulary = words, ends = true) |> pad(5, side = "right")
  split train 0.8, validation 0.1, test 0.1
}

model Words {
  table  = nn.Embedding(words, 8)
  output = nn.Dense(8, words)
  fn call(source: i32[batch, n], target: i32[batch, time]) -> f32[batch, time, words] {
    let about[b, d] = mean[t] table(source)[b, t, d]
    let each = table(target)
    let h[b, t, d] = each[b, t, d] + about[b, d]
    output(h)
  }
}

train Words on Sentences {
  let logit = call(source, target[:, :-1])
  loss      = losses.sparse_cross_entropy(logit, target[:, 1:], ignore = 0)
  optimizer = optim.Adam(learning_rate = 1e-2)
  epochs    = 2
  batch     = 8
}
""")
        pairs = [("a dog", "ein Hund"), ("the cat", "die Katze"), ("one house", "ein Haus")] * 10
        self.put("pairs.csv", "english,german\n" + "".join(f"{a},{b}\n" for a, b in pairs))
        self.tenon("train", "pairs.tn", "--run", "run")

    def test_arrays_functions_and_draws(self):
        """`noise` draws anew for each row and epoch in training, and not otherwise."""
        program = """\
import losses, optim

dataset Points {
  train      from npy(x = "x.npy", y = "y.npy")
  validation from npy(x = "x.npy", y = "y.npy")
  x: f32[3] = column("x") |> noise(0.5) |> rescale(2.0) |> normalise
  y: f32    = column("y") |> f32
}

fn noise(x: f32[n], scale: real) -> f32[n] = if training { x + scale * random.normal(n) } else { x }

model Line {
  param slope: f32[3] = ones()
  fn predict(x: f32[batch, 3]) -> f32[batch] {
    let y[b] = sum[i] slope[i] * x[b, i]
    y
  }
}

train Line on Points {
  loss      = losses.mean_squared_error(predict(x), y)
  optimizer = optim.SGD(learning_rate = 0.0)
  epochs    = 3
  batch     = 4
}
"""
        self.put("noise.tn", program)
        chance = random.Random(4)
        xs = [[chance.uniform(-1, 1) for _ in range(3)] for _ in range(12)]
        write_npy(self.folder / "x.npy", "<f4", (12, 3), struct.pack("<36f", *sum(xs, [])))
        write_npy(self.folder / "y.npy", "<i8", (12,), struct.pack("<12q", *range(12)))
        self.tenon("train", "noise.tn", "--run", "one", "--threads", 1)
        self.tenon("train", "noise.tn", "--run", "two", "--threads", 2)
        self.assertEqual(self.checkpoint("one"), self.checkpoint("two"))
        epochs = self.epochs("one")
        # The parameters stay; only the draws differ from epoch to epoch.
        self.assertEqual(len({line["loss"] for line in epochs}), 3)
        mean = [sum(x[i] for x in xs) / 12 for i in range(3)]
        spread = [math.sqrt(sum((x[i] - mean[i]) ** 2 for x in xs) / 12) for i in range(3)]
        loss = sum((sum((x[i] - mean[i]) / spread[i] for i in range(3)) - y) ** 2 for y, x in enumerate(xs)) / 12
        for line in epochs:
            self.assertAlmostEqual(line["validation"]["loss"], loss, delta=1e-4)
        # A row's draws don't depend on the rows beside it.
        self.tenon("train", "noise.tn", "--run", "whole", "--batch", 12, "--epochs", 1)
        self.assertAlmostEqual(self.epochs("whole")[0]["loss"], epochs[0]["loss"], delta=1e-5)
        self.tenon("train", "noise.tn", "--run", "halves", "--epochs", 1)
        self.tenon("train", "noise.tn", "--run", "halves", "--epochs", 3, "--resume")
        self.assertEqual((self.folder / "halves/metrics.jsonl").read_bytes(),
                         (self.folder / "one/metrics.jsonl").read_bytes())
        self.put("noise.tn", program.replace("noise(0.5)", "noise(0.6)"))
        self.refused("train", "noise.tn", "--run", "halves", "--resume", "--epochs", 4,
                     says=["the declaration of `Points` has changed"])

    def test_predicts_from_arrays_and_files(self):
        self.put("sum.tn", """\
import losses, optim

dataset Points {
  from npz("points.npz")
  x: f32[3] = column("x")
  z: f32    = column("z")
  y: f32    = column("y")
}

model Line {
  param slope: f32 = 1.0
  fn predict(x: f32[batch, 3], z: f32[batch]) -> f32[batch] {
    let y[b] = slope * z[b] + sum[i] x[b, i]
    y
  }
}

train Line on Points {
  loss      = losses.mean_squared_error(predict(x, z), y)
  optimizer = optim.SGD(learning_rate = 0.0)
}
""")
        write_npy(self.folder / "x.npy", "<f8", (2, 3), struct.pack("<6d", 1, 2, 3, 4, 5, 6))
        write_npy(self.folder / "z.npy", "<i8", (2,), struct.pack("<2q", 10, 20))
        with zipfile.ZipFile(self.folder / "points.npz", "w") as archive:
            for column, file in (("x", "x"), ("z", "z"), ("y", "z")):
                archive.write(self.folder / f"{file}.npy", f"{column}.npy")
        self.tenon("train", "sum.tn", "--run", "run")
        for given in (("--column", "x=x.npy", "--column", "z=z.npy"), ("--rows", "points.npz"),
                      ("--column", "x=x.npy", "--column", "z=10", "--column", "z=20")):
            said = self.tenon("predict", "sum.tn", "--run", "run", *given).stdout
            self.assertEqual(said, "16.0000\n35.0000\n")
        self.tenon("predict", "sum.tn", "--run", "run", "--rows", "points.npz", "--output", "out.npy")
        self.assertEqual((self.folder / "out.npy").read_bytes()[-8:], struct.pack("<2f", 16, 35))
        for given, says in ((("--column", "x=x.npy"), "`z` is not given"),
                            (("--column", "x=z.npy", "--column", "z=z.npy"), "is declared with rank 1, but its stages give rank 0"),
                            (("--column", "x=x.npy", "--column", "z=1"), "`x` has 2 rows, and `z` 1"),
                            (("--column", "x=y.npy"), "y.npy"),
                            (("--rows", "x.npy"), "rows are read from .csv and .npz files"),
                            ((), "`predict` needs 2 columns")):
            self.refused("predict", "sum.tn", "--run", "run", *given, says=[says])

    # ------------------------------------------------------------------ loops

    ENDLESS = LINE.replace("-> f32[batch] = slope * x + offset", """-> f32[batch] {
    loop (at, y) = (0, slope * x + offset) while max[b] (x[b]) > LIMIT at most 100 { (at + 1, 0.5 * y + x) }
    y
  }""")

    def test_a_model_whose_size_the_data_tells(self):
        self.put("sizes.tn", """\
import losses, nn, optim

fn doubled(x: f32) -> f32 = 2.0 * x

dataset Sizes {
  from csv("sizes.csv")
  size: f32          = column("size") |> doubled
  kind: f32[classes] = column("kind") |> one_hot
}

model Sorter(classes: int) {
  output = nn.Dense(1, classes)
  fn predict(size: f32[batch]) -> f32[batch, classes] =
    reshape(size, batch, 1) |> output |> softmax
}

train Sorter(classes = Sizes.classes) on Sizes {
  loss      = losses.categorical_cross_entropy(predict(size), kind)
  optimizer = optim.Adam(learning_rate = 0.1)
  predicts  = kind
  epochs    = 20
}
""")
        for count in (2, 3):
            kinds = ["large", "small", "middling"][:count]
            rows = "".join(f"{i % 7 - 3},{kinds[i % 7 * count // 7]}\n" for i in range(210))
            self.put("sizes.csv", "size,kind\n" + rows)
            self.tenon("train", "sizes.tn", "--run", f"run{count}")
            shown = self.tenon("predict", "sizes.tn", "--run", f"run{count}", "-3").stdout
            self.assertTrue(shown.startswith("large "), shown)
            self.assertEqual(len(shown.split()), 2 * count)

    def test_a_step_without_an_end_is_interrupted(self):
        self.put("line.tn", self.ENDLESS.replace("LIMIT", "-9.0").replace(" at most 100", ""))
        process = subprocess.Popen([TENON, "train", "line.tn", "--run", "run"], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 120
        while not (self.folder / "run/checkpoint.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("stopped at step 0", output)
        self.assertEqual(self.trained("run")["slope"], (0.5,))

    def test_a_resumed_run_has_its_budget_of_memory(self):
        self.put("line.tn", self.ENDLESS.replace("LIMIT", "-9.0"))
        self.train("run", "--epochs", 1, "--memory-budget", "1K")
        self.refused("train", "line.tn", "--run", "run", "--epochs", 2, "--resume",
                     says=["--memory-budget was 1024 and is 0"])
        self.train("run", "--epochs", 2, "--memory-budget", "1K", "--resume")

    # ------------------------------------------------------------------ entries

    def test_accumulate_is_a_larger_batch(self):
        self.changed(epochs="2", batch="24", optimizer="optim.SGD(learning_rate = 0.1, momentum = 0.9)")
        self.train("large")
        self.changed(epochs="2", batch="8", accumulate="3")
        self.train("small", "--checkpoint-steps", 1)
        large, small = self.trained("large"), self.trained("small")
        for name in ("slope", "offset"):
            self.assertAlmostEqual(large[name][0], small[name][0], delta=1e-5)
        self.assertEqual(small["optimizer/accumulated/slope"], (0.0,))

    def test_freeze_holds_a_part_as_it_is(self):
        self.changed(freeze="[slope]")
        self.train("frozen")
        frozen = self.trained("frozen")
        self.assertEqual(frozen["slope"], (0.5,))
        self.assertNotEqual(frozen["offset"], (0.0,))
        self.assertNotIn("optimizer/velocity/slope", frozen)
        self.changed(freeze="[slop]")
        self.refused("check", "line.tn", says=["E0510", "did you mean `slope`?"])

    def test_training_is_false_in_a_frozen_part(self):
        self.put("net.tn", """\
import losses, optim

dataset Points {
  from csv("points.csv")
  x: f32 = column("x")
  y: f32 = column("y")
}

model Counter {
  param weight: f32 = 1.0
  state steps:  f32 = 0.0
  fn call(x: f32[batch]) -> f32[batch] {
    set steps = if training { steps + 1.0 } else { steps }
    weight * x
  }
}

model Net {
  body = Counter()
  head = Counter()
  fn predict(x: f32[batch]) -> f32[batch] = x |> body |> head
}

train Net on Points {
  loss      = losses.mean_squared_error(predict(x), y)
  optimizer = optim.SGD(learning_rate = 0.1)
  freeze    = [body]
  batch     = 16
}
""")
        self.tenon("train", "net.tn", "--run", "run")
        trained = tensors(self.folder / "run/checkpoint.safetensors")
        self.assertEqual((trained["body.steps"], trained["body.weight"]), ((0.0,), (1.0,)))
        self.assertEqual(trained["head.steps"], (4.0,))
        self.assertNotEqual(trained["head.weight"], (1.0,))

    def test_start_loads_and_renames(self):
        write_tensors(self.folder / "old.safetensors",
                      {"a.gradient": ([], [2.5]), "a.rest": ([], [7.0]), "other": ([2], [1.0, 2.0])})
        self.changed(start='safetensors("old.safetensors", rename = [("a.gradient", "slope"), ("a.rest", "offset")])',
                     optimizer="optim.SGD(learning_rate = 0.0)")
        self.train("begun")
        begun = self.trained("begun")
        self.assertEqual((begun["slope"], begun["offset"]), ((2.5,), (7.0,)))
        self.changed(start='{ slope: safetensors("old.safetensors") }')
        done = self.train("none", code=1)
        self.assertIn("line.tn:21:20", done.stderr)
        self.assertIn("has no", done.stderr)
        self.changed(start='safetensors("old.safetensors", rename = [("other", "slope"), ("a.rest", "offset")])')
        self.assertIn("`slope` is f32, and `other` of `old.safetensors` is f32[2]", self.train("bad", code=1).stderr)
        self.changed(start='safetensors("absent.safetensors")')
        self.assertIn("absent.safetensors", self.train("absent", code=1).stderr)
        self.assertFalse((self.folder / "absent").exists())

    def test_a_parameter_without_a_value_needs_a_file(self):
        text = LINE.replace("param offset: f32 = 0.0", "param offset: f32")
        self.put("line.tn", text)
        self.refused("check", "line.tn", says=["E0508", "`offset` has no initial value"])
        write_tensors(self.folder / "w.safetensors", {"slope": ([], [2.0]), "offset": ([], [-1.5])})
        self.changed(start='safetensors("w.safetensors")', optimizer="optim.SGD(learning_rate = 0.0)")
        self.put("line.tn", (self.folder / "line.tn").read_text().replace("param offset: f32 = 0.0", "param offset: f32"))
        self.train("run")
        self.assertEqual(self.trained("run")["offset"], (-1.5,))

    def test_patience_and_the_best_epoch(self):
        """A rate so large that the loss grows: the first epoch stays the best."""
        self.changed(epochs="50", patience="3", keep='"best"', optimizer="optim.SGD(learning_rate = 1.2)")
        done = self.train("run")
        self.assertIn("has not been better for 3 epochs", done.stdout)
        losses = [line["validation"]["loss"] for line in self.epochs("run")]
        best = losses.index(min(losses))
        self.assertEqual(len(losses), best + 4)
        scores = json.loads(self.tenon("evaluate", "line.tn", "--run", "run", "--split", "validation", "--json").stdout)
        self.assertAlmostEqual(scores["loss"], losses[best], delta=1e-6 * losses[best])
        # It doesn't begin again where it has stopped.
        self.train("run", "--resume")
        self.assertEqual(len(self.epochs("run")), len(losses))
        # Stopped and resumed on the way, it remembers how long it has waited.
        self.train("parts", "--epochs", best + 2)
        self.train("parts", "--epochs", 50, "--resume")
        for name in ("checkpoint.safetensors", "metrics.jsonl"):
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "parts" / name).read_bytes())
        kept = "checkpoint.best.safetensors"  # which also says how many epochs were planned then
        self.assertEqual(tensors(self.folder / "run" / kept), tensors(self.folder / "parts" / kept))

    def test_wrapped_optimizers_have_states_of_their_own(self):
        self.changed(epochs="12", optimizer="optim.OnPlateau(optim.OnPlateau(optim.Adam(learning_rate = 3.0), "
                                            "factor = 0.5, patience = 1), factor = 0.1, patience = 2)")
        self.train("run")
        trained = self.trained("run")
        losses = [line["validation"]["loss"] for line in self.epochs("run")]
        best, waited, scale = math.inf, 0, 1.0
        for loss in (struct.unpack("<f", struct.pack("<f", each))[0] for each in losses):
            worse = loss >= best
            late = worse and waited + 1 >= 2
            scale = scale * 0.1 if late else scale
            waited = waited + 1 if worse and not late else 0
            best = min(best, loss)
        self.assertLess(scale, 1.0)
        self.assertAlmostEqual(trained["optimizer/scale"][0], scale, delta=1e-6 * scale)
        # The outermost is told; what it wraps belongs to it.
        self.assertEqual(trained["optimizer/inner.scale"], (1.0,))
        self.assertIn("optimizer/inner.inner.first/slope", trained)
        self.train("parts", "--epochs", 5)
        self.train("parts", "--epochs", 12, "--resume")
        self.assertEqual(self.checkpoint("run"), self.checkpoint("parts"))

    def test_what_goes_by_validations_needs_one(self):
        text = self.changed(patience="2").replace("  split train 0.75, validation 0.25\n", "")
        self.put("line.tn", text)
        self.refused("check", "line.tn", says=["E0510", "`patience` goes by the loss of each validation"])
        text = self.changed(optimizer="optim.OnPlateau(optim.SGD())").replace("  split train 0.75, validation 0.25\n", "")
        self.put("line.tn", text)
        self.refused("check", "line.tn", says=["E0510", "`OnPlateau` goes by the loss of each validation"])

    def test_classes_count_by_their_weights(self):
        """Three rows of one kind for each of the other: with weights 1 and 3 both count alike."""
        self.put("kinds.csv", "kind\n" + "a\na\na\nb\n" * 16)
        program = """\
import losses, optim

dataset Kinds {
  from csv("kinds.csv")
  kind: f32[2] = column("kind") |> one_hot
}

model Constant {
  param scores: f32[2] = zeros()
  fn call(kind: f32[batch, 2]) -> f32[batch, 2] {
    let p = softmax(scores)
    let each[b, c] = p[c] + 0.0 * kind[b, c]
    each
  }
}

train Constant on Kinds {
  loss      = losses.categorical_cross_entropy(call(kind), kindWEIGHTS)
  optimizer = optim.SGD(learning_rate = 0.2)
  epochs    = 150
  batch     = 64
}
"""
        for weights, odds in (("", 3), (", weights = stack(1.0, 3.0)", 1)):
            with self.subTest(weights):
                self.put("kinds.tn", program.replace("WEIGHTS", weights))
                run = f"odds{odds}"
                self.tenon("train", "kinds.tn", "--run", run)
                first, second = self.trained(run)["scores"]
                self.assertAlmostEqual(math.exp(first - second), odds, delta=0.02)

    def test_clipped_gradients_are_no_longer_than_that(self):
        """One step down a gradient of length 5 (3 and 4), shortened to 0.5; another that is shorter."""
        for norm, part in ((0.5, 0.1), (10.0, 1.0)):
            text = self.changed(epochs="1", batch="48", loss="height() + 0.0 * mean(predict(x))",
                                optimizer=f"optim.Clipped(optim.SGD(learning_rate = 1.0), {norm})")
            self.put("line.tn", text.replace("= slope * x + offset\n", "= slope * x + offset\n"
                                             "  fn height() -> f32 = 3.0 * slope + 4.0 * offset\n"))
            self.train(f"norm{norm}")
            trained = self.trained(f"norm{norm}")
            self.assertAlmostEqual(trained["slope"][0], 0.5 - 3 * part, delta=1e-5)
            self.assertAlmostEqual(trained["offset"][0], -4 * part, delta=1e-5)

    def test_schedules(self):
        factors = {"optim.linear(warmup = 2)": lambda s, n: (s + 1) / 2 if s < 2 else 1 - (s - 2) / (n - 2),
                   "optim.staircase(2, factor = 0.25)": lambda s, n: 0.25 ** (s // 2),
                   "optim.cosine(warmup = 1)": lambda s, n: 1.0 if s < 1 else 0.5 * (1 + math.cos(math.pi * (s - 1) / (n - 1)))}
        for schedule, factor in factors.items():
            with self.subTest(schedule):
                text = self.changed(epochs="2", batch="16", loss="predict(x) |> mean_offset",
                                    optimizer=f"optim.SGD(learning_rate = 1.0, schedule = {schedule})")
                # The gradient of the offset is 1: it falls by the factors.
                self.put("line.tn", text + "\nfn mean_offset(y: f32[batch]) -> f32 = mean(y)\n")
                run = schedule.split("(")[0]
                self.train(run)
                total = sum(factor(step, 6) for step in range(6))
                self.assertAlmostEqual(self.trained(run)["offset"][0], -total, delta=1e-5)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
