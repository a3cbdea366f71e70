"""The command line from outside: what a user types, and what a user gets.

    python3 command_line_test.py TENON [test...]
"""
import json
import random
import signal
import struct
import subprocess
import sys
import time
import unittest

from harness import TENON, TenonTest, doubles, numbers, write_npy

CLASSIFIER = """\
import nn, losses, metrics, optim

dataset Texts {
  from csv("texts.csv")
  tokens: i32[6] = column("text") |> tokenize(vocabulary = 30) |> pad(6)
  label:  f32    = column("label")
  split train 0.7, validation 0.15, test 0.15
}

model Classifier {
  embedding = nn.Embedding(30, 4)
  lstm      = nn.LSTM(4, 5, dropout = 0.2, recurrent_dropout = 0.2)
  output    = nn.Dense(5, 1)

  fn predict(tokens: i32[batch, time]) -> f32[batch] {
    tokens |> embedding |> lstm |> last |> output |> squeeze |> sigmoid
  }
}

train Classifier on Texts {
  loss      = losses.binary_cross_entropy(predict(tokens), label)
  optimizer = optim.Adam(learning_rate = 1e-2)
  metrics   = { accuracy: metrics.binary_accuracy(predict(tokens), label), auc: metrics.AUC(thresholds = 20)(predict(tokens), label) }
  epochs    = 2
  batch     = 8
}
"""

FUNCTIONS = """\
fn smooth(x: f64[n], strength: f64) -> f64 {
  let step[i: n - 1] = (x[i + 1] - x[i]) ** 2
  strength * sum(step)
}

fn slope(x: f64[n], strength: f64) -> f64[n] = grad(smooth, wrt = x)(x, strength)

fn walk(n: int) -> f32[n] = random.normal(n)
"""

LIVING = ["a small bird", "a large dog of the north", "the tall tree", "a person who sings", "a fish"]
LIFELESS = ["a wooden table", "the idea of number", "a large stone house", "a song", "an old law"]


class CommandLine(TenonTest):
    def setUp(self):
        super().setUp()
        self.put("texts.tn", CLASSIFIER)
        self.put("functions.tn", FUNCTIONS)
        self.put("texts.csv", self.rows())

    def rows(self, count=60):
        lines = ["text,label"]
        for i in range(count):
            texts = LIVING if i % 2 else LIFELESS
            lines.append(f'"{texts[i % 5]} {LIVING[i % 3].split()[1]}",{i % 2}')
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------ train, evaluate, predict

    def test_trains_evaluates_and_predicts(self):
        done = self.tenon("train", "texts.tn", "--run", "one")
        self.assertIn("accuracy", done.stdout)
        for name in ("metrics.jsonl", "config.json", "loss.svg", "accuracy.svg"):
            self.assertTrue((self.folder / "one" / name).stat().st_size > 0, name)
        scores = json.loads(self.tenon("evaluate", "texts.tn", "--run", "one", "--json").stdout)
        self.assertEqual(list(scores), ["loss", "accuracy", "auc"])
        one = self.tenon("predict", "texts.tn", "a small bird", "--run", "one").stdout
        both = self.tenon("predict", "texts.tn", "a small bird", "an old law of number and song",
                          "--run", "one").stdout
        self.assertEqual(both.splitlines()[0], one.strip())
        self.assertTrue(0 < float(one) < 1)

    def test_threads_and_cache_change_no_bit(self):
        self.tenon("train", "texts.tn", "--run", "one", "--threads", 1)
        self.tenon("train", "texts.tn", "--run", "two", "--threads", 2)
        self.tenon("train", "texts.tn", "--run", "anew", "--threads", 2, "--no-cache")
        self.tenon("train", "texts.tn", "--run", "other", "--seed", 1)
        self.assertEqual(self.checkpoint("one"), self.checkpoint("two"))
        self.assertEqual(self.checkpoint("one"), self.checkpoint("anew"))
        self.assertNotEqual(self.checkpoint("one"), self.checkpoint("other"))

    def test_killed_and_resumed_ends_the_same(self):
        settings = ["train", "texts.tn", "--epochs", 12, "--checkpoint-steps", 1]
        self.tenon(*settings, "--run", "whole")
        chance = random.Random(3)
        for attempt in range(200):
            command = [TENON, *map(str, settings), "--run", "killed"]
            if (self.folder / "killed" / "checkpoint.safetensors").exists():
                command.append("--resume")
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.uniform(0.02, 0.2) * (1 + attempt / 10))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.checkpoint("whole"), self.checkpoint("killed"))
        self.assertEqual((self.folder / "whole" / "metrics.jsonl").read_bytes(),
                         (self.folder / "killed" / "metrics.jsonl").read_bytes())

    def test_interrupted_says_how_to_go_on(self):
        settings = ["train", "texts.tn", "--epochs", "4000", "--run", "stopped"]
        process = subprocess.Popen([TENON, *settings], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        log = self.folder / "stopped" / "metrics.jsonl"
        deadline = time.monotonic() + 120
        while not (log.exists() and log.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("--resume", output)
        self.assertTrue(self.checkpoint("stopped"))

    # ------------------------------------------------------------------ functions

    def test_runs_functions_and_gradients(self):
        write_npy(self.folder / "x.npy", "<f8", (4,), struct.pack("<4d", 1, 2, 4, 7))
        write_npy(self.folder / "s.npy", "<f8", (), struct.pack("<d", 0.5))
        inputs = ["--input", "x=x.npy", "--input", "strength=s.npy"]
        done = self.tenon("run", "functions.tn", "smooth", *inputs)
        self.assertIn("= 7", done.stdout)
        self.tenon("run", "functions.tn", "slope", *inputs, "--output", "g.npy")
        self.assertEqual(doubles(self.folder / "g.npy"), (-1.0, -1.0, -1.0, 3.0))
        draws = [self.tenon("run", "functions.tn", "walk", "--input", "n=3", "--seed", s).stdout
                 for s in (1, 1, 2)]
        self.assertEqual(draws[0], draws[1])
        self.assertNotEqual(draws[0], draws[2])

    def test_refuses_inputs_that_do_not_fit(self):
        self.refused("run", "functions.tn", "nowhere", says=["nowhere"])
        self.refused("run", "functions.tn", "smooth", "--input", "x=absent.npy",
                     says=["absent.npy", "No such file"])
        write_npy(self.folder / "x.npy", "<f8", (2, 2), struct.pack("<4d", 1, 2, 4, 7))
        self.refused("run", "functions.tn", "smooth", "--input", "x=x.npy", says=["x"])

    # ------------------------------------------------------------------ check, inspect, cache

    def test_check_reports_every_error(self):
        self.tenon("check", "texts.tn")
        self.put("broken.tn", CLASSIFIER.replace("nn.Dense(5, 1)", "nn.Dense(6, 1)")
                 .replace("optim.Adam", "optim.Adm"))
        done = self.refused("check", "broken.tn", says=["error[E02", "error[E03", "broken.tn:16", "did you mean `optim.Adam`"])
        self.assertEqual(len(json.loads(self.tenon("check", "broken.tn", "--json", code=1).stdout)),
                         done.stderr.count("error[E"))

    def test_fmt_changes_layout_in_place(self):
        laid_out = "let x = 1  // one\n"
        self.put("a.tn", "let  x=1 // one")
        self.put("b.tn", laid_out)
        self.put("broken.tn", "fn f(")
        (self.folder / "a.tn").chmod(0o640)
        (self.folder / "link.tn").symlink_to("a.tn")
        done = self.tenon("fmt", "--check", "a.tn", "b.tn", code=1)
        self.assertEqual(done.stdout, "a.tn\n")
        self.assertNotEqual((self.folder / "a.tn").read_text(), laid_out)
        done = self.tenon("fmt", "link.tn", "broken.tn", "b.tn", "missing.tn", code=1)
        self.assertIn("E0105", done.stderr)
        self.assertIn("missing.tn", done.stderr)
        self.assertEqual((self.folder / "a.tn").read_text(), laid_out)
        self.assertEqual((self.folder / "a.tn").stat().st_mode & 0o777, 0o640)
        self.assertTrue((self.folder / "link.tn").is_symlink())
        self.assertEqual((self.folder / "broken.tn").read_text(), "fn f(")
        self.tenon("fmt", "--check", "a.tn", "b.tn")
        done = subprocess.run([TENON, "fmt", "-"], input="let  x=1 // one", text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, laid_out))

    def test_explain_knows_every_code(self):
        listed = self.tenon("explain").stdout
        codes = [line.split()[0] for line in listed.splitlines()]
        self.assertIn("E0203", codes)
        for code in codes[::10]:
            self.assertTrue(self.tenon("explain", code).stdout.startswith(code + ": "))
        self.assertEqual(self.tenon("explain", "203").stdout, self.tenon("explain", "E0203").stdout)
        self.refused("explain", "E0321", says=["E0321", "E0320"])

    def test_inspect_shows_every_stage(self):
        expected = {"graph": "tenon.vjp", "derivative": "tenon.scan", "fused": "tenon.kernel",
                    "kernels": "tenon.kernel", "llvm": "define", "asm": ".globl",
                    "memory": "arena"}
        for stage, text in expected.items():
            self.assertIn(text, self.tenon("inspect", "texts.tn", "--stage", stage).stdout, stage)
        self.assertNotIn("tenon.vjp", self.tenon("inspect", "texts.tn", "--stage",
                                                 "derivative").stdout)

    def test_cache_serves_and_survives_damage(self):
        first = self.tenon("train", "texts.tn", "--run", "a").stdout
        self.assertNotIn("from the cache", first)
        self.assertIn("from the cache", self.tenon("train", "texts.tn", "--run", "b").stdout)
        for entry in (self.folder / "cache").rglob("*"):
            if entry.is_file():
                data = bytearray(entry.read_bytes())
                data[len(data) // 2] ^= 0x55
                entry.write_bytes(data)
        self.assertNotIn("from the cache", self.tenon("train", "texts.tn", "--run", "c").stdout)
        self.assertEqual(self.checkpoint("a"), self.checkpoint("c"))

    # ------------------------------------------------------------------ check beside the data

    def test_check_compares_columns_with_the_data(self):
        self.assertNotIn("not checked", self.tenon("check", "texts.tn").stdout)
        self.put("wrong.tn", CLASSIFIER.replace('column("text")', 'column("txt")')
                 .replace('column("label")', 'column("text")'))
        says = ["error[E0513]", "wrong.tn:5:27", "did you mean `text`?",
                "error[E0514]", "wrong.tn:6:27", "which is no number", "texts.csv:2"]
        self.refused("check", "wrong.tn", says=says)
        self.refused("train", "wrong.tn", says=says)
        # A program that was compiled before its data changed.
        self.tenon("train", "texts.tn", "--run", "before", "--epochs", 1)
        self.put("texts.csv", self.rows().replace("text,label", "text,lable"))
        self.refused("train", "texts.tn", "--run", "after",
                     says=["error[E0513]", "texts.tn:6:27", "did you mean `lable`?"])
        self.put("texts.csv", "text,label\nalone\n")
        self.refused("check", "texts.tn", says=["error[E0515]", "texts.tn:4:3", "texts.csv:2"])
        (self.folder / "texts.csv").unlink()
        self.assertIn("columns not checked, since there is no `texts.csv`",
                      self.tenon("check", "texts.tn").stdout)

    # ------------------------------------------------------------------ resuming something else

    def test_a_resumed_run_notices_what_has_changed(self):
        self.put("mine.tn", CLASSIFIER)
        resume = ["train", "mine.tn", "--run", "run", "--resume", "--epochs"]
        self.tenon("train", "mine.tn", "--run", "run")
        before = self.checkpoint("run")
        changes = [
            ("learning_rate = 1e-2", "learning_rate = 3e-2",
             ["`optimizer.learning_rate` was 0.01 and is 0.03", "mine.tn:22:"]),
            ("dropout = 0.2, r", "dropout = 0.4, r", ["`lstm.dropout` was 0.2 and is 0.4"]),
            ("sigmoid\n  }", "tanh |> sigmoid\n  }", ["`model Classifier` has changed", "mine.tn:10:"]),
            ("loss      = ", "loss      = 2.0 * ", ["`loss` of `train` has changed"]),
            ("batch     = 8", "batch     = 16", ["the batch was 8 and is 16"]),
            ("pad(6)", 'pad(6, side = "right")', ["the declaration of `Texts` has changed"]),
        ]
        for old, new, says in changes:
            with self.subTest(new):
                self.assertEqual(CLASSIFIER.count(old), 1)
                self.put("mine.tn", CLASSIFIER.replace(old, new))
                done = self.refused(*resume, 3, says=[*says, "--accept-changes"])
                self.assertEqual(sum(line.startswith("  ") for line in done.stderr.splitlines()), 1)
                self.assertEqual(before, self.checkpoint("run"))
        # What is only written otherwise is the same program.
        self.put("mine.tn", "// A comment.\n" + CLASSIFIER.replace("1e-2", "0.010"))
        self.tenon(*resume, 3)
        self.put("mine.tn", CLASSIFIER.replace("1e-2", "2e-2"))
        self.refused(*resume, 4, says=["was 0.01 and is 0.02"])
        done = self.tenon(*resume, 4, "--accept-changes")
        self.assertIn("changed: `optimizer.learning_rate`", done.stdout)
        self.tenon(*resume, 5)

    def test_changed_data_is_noticed_and_read_as_the_model_knows_it(self):
        self.tenon("train", "texts.tn", "--run", "run", "--epochs", 1)
        self.put("texts.csv", self.rows() + "an unheard word,1\n")
        resume = ["train", "texts.tn", "--run", "run", "--resume", "--epochs", 2]
        self.refused(*resume, says=["the number of rows was 60 and is 61", "--accept-changes"])
        self.tenon(*resume, "--accept-changes")
        self.tenon("evaluate", "texts.tn", "--run", "run")

    # ------------------------------------------------------------------ bad data

    def test_bad_data(self):
        good = self.rows()
        lines = good.splitlines()
        cases = {
            "missing file": (None, ["texts.csv", "No such file"]),
            "missing column": (good.replace("text,label", "txet,label"), ["`text`", "txet"]),
            "empty": ("", ["texts.csv"]),
            "only a header": ("text,label\n", ["texts.csv"]),
            "invalid UTF-8": (good.encode().replace(b"small", b"sm\xff\xfell", 1), ["UTF-8", "texts.csv:"]),
            "label that is no number": (good.replace(",1\n", ",yes\n", 1), ["yes", "texts.csv:"]),
            "row with too few fields": ("\n".join(lines[:5] + ["alone"] + lines[5:]) + "\n",
                                        ["texts.csv:6"]),
            "label outside the range": (good.replace(",1\n", ",7\n"),
                                        ["between 0 and 1", "step 1", "texts.csv:"]),
        }
        for name, (content, says) in cases.items():
            with self.subTest(name):
                (self.folder / "texts.csv").unlink(missing_ok=True)
                if content is not None:
                    self.put("texts.csv", content)
                self.refused("train", "texts.tn", "--run", name.replace(" ", "-"), says=says)

    def test_bad_checkpoints(self):
        self.refused("evaluate", "texts.tn", says=["train"])
        self.tenon("train", "texts.tn", "--run", "good", "--epochs", 1)
        self.refused("predict", "texts.tn", "xyzzy plugh", "--run", "good", says=["was seen in training"])
        whole = self.checkpoint("good")
        for size in (0, 7, 100, len(whole) // 2, len(whole) - 1):
            (self.folder / "good" / "checkpoint.safetensors").write_bytes(whole[:size])
            self.refused("evaluate", "texts.tn", "--run", "good", says=["checkpoint.safetensors"])
        (self.folder / "good" / "checkpoint.safetensors").write_bytes(whole)
        self.put("other.tn", CLASSIFIER.replace("LSTM(4, 5", "LSTM(4, 6").replace("Dense(5", "Dense(6"))
        self.refused("evaluate", "other.tn", "--run", "good", says=["lstm."])
        self.refused("train", "other.tn", "--run", "good", "--resume", says=["good"])
        self.assertEqual(whole, self.checkpoint("good"))

    def test_a_probability_of_zero_costs_what_its_logit_says(self):
        """exp(-200) is 0 in f32, and its logarithm isn't."""
        self.put("loss.tn", """import losses
fn loss(x: f32[n, 3], y: f32[n, 3]) -> f32 = losses.categorical_cross_entropy(softmax(x), y)
fn slope(x: f32[n, 3], y: f32[n, 3]) = grad(loss, wrt = x)(x, y)
""")
        write_npy(self.folder / "x.npy", "<f4", (1, 3), struct.pack("<3f", 200, 0, 0))
        write_npy(self.folder / "y.npy", "<f4", (1, 3), struct.pack("<3f", 0, 1, 0))
        inputs = ("--input", "x=x.npy", "y=y.npy")
        self.assertEqual(self.tenon("run", "loss.tn", "loss", *inputs).stdout.strip(), "result: f32 = 200")
        self.tenon("run", "loss.tn", "slope", *inputs, "--output", "g.npy")
        self.assertEqual(numbers(self.folder / "g.npy", "f"), (1, -1, 0))

    def test_a_loss_that_is_not_finite_names_its_line(self):
        text = CLASSIFIER.replace("|> squeeze |> sigmoid", "|> squeeze |> blow")
        text += "\nfn blow(x: f32[b]) -> f32[b] {\n  let far = exp(100.0 * abs(x) + 100.0)\n  far / far\n}\n"
        self.put("blow.tn", text)
        line = text[:text.index("exp(")].count("\n") + 1
        self.refused("train", "blow.tn", "--run", "blown",
                     says=["step 1", f"blow.tn:{line}:", "not finite"])
        self.assertTrue(self.checkpoint("blown"))

    def test_a_loss_that_explodes_later_keeps_the_last_good_checkpoint(self):
        text = CLASSIFIER.replace("learning_rate = 1e-2", "learning_rate = 1e30")
        text = text.replace("losses.binary_cross_entropy(predict(tokens), label)",
                            "far(predict(tokens), label)")
        text += ("\nfn far(p: f32[n], y: f32[n]) -> f32 {\n  let apart[i] = exp(80.0 * p[i]) - y[i]\n"
                 "  mean(apart * apart)\n}\n")
        self.put("far.tn", text)
        done = self.refused("train", "far.tn", "--run", "far", "--checkpoint-steps", 1,
                            says=["far.tn:", "not finite", "the checkpoint of step "])
        step = int(done.stderr.split("step ")[1].split()[0])
        self.assertGreater(step, 1)
        self.assertIn(f"the checkpoint of step {step - 1} is in far/", done.stderr)
        good = self.checkpoint("far")
        again = self.refused("train", "far.tn", "--run", "far", "--resume", says=[f"step {step} "])
        self.assertEqual(done.stderr, again.stderr)
        self.assertEqual(good, self.checkpoint("far"))

    def test_a_full_disk_keeps_the_last_good_checkpoint(self):
        self.tenon("train", "texts.tn", "--run", "whole", "--epochs", 3)
        self.tenon("train", "texts.tn", "--run", "full", "--epochs", 1)
        good = self.checkpoint("full")
        resume = ["train", "texts.tn", "--run", "full", "--resume", "--epochs", 3]
        self.refused(*resume, limit=len(good) // 2,
                     says=["cannot write `full/checkpoint.safetensors`", "is untouched"])
        self.assertEqual(good, self.checkpoint("full"))
        self.tenon(*resume)
        self.assertEqual(self.checkpoint("whole"), self.checkpoint("full"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
