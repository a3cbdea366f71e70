"""Whole programs as people bring them, each made small enough to train in a moment.

    python3 programs_test.py TENON [test...]
"""
import json
import math
import pathlib
import random
import re
import struct
import sys
import unittest
import zipfile

from harness import TenonTest, numbers, write_npy
from picture_files import idx, png, put_folder

PROGRAMS = pathlib.Path(__file__).parent / "programs"
SYNTAX = pathlib.Path(__file__).resolve().parents[1] / "syntax" / "programs"


def integers(path):
    return numbers(path, "i")


class Programs(TenonTest):
    def smaller(self, name, **sizes):
        """A program with other numbers, put into the test's folder."""
        text = (PROGRAMS / name).read_text()
        for entry, value in sizes.items():
            text, count = re.subn(rf"\b{entry}( *)= [\d_.]+(e-?\d+)?", rf"{entry}\1= {value}", text)
            self.assertGreater(count, 0, entry)
        self.put(name, text)

    def changed(self, path, *changes):
        """A program's text with parts of it replaced."""
        text = path.read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def losses(self, run):
        lines = (self.folder / run / "metrics.jsonl").read_text().splitlines()
        return [line["loss"] for line in map(json.loads, lines) if line["kind"] == "epoch"]

    def test_gpt_trains_and_generates(self):
        """A cache of records in a list, carried by a scan; what is generated has the prompt in front,
        and doesn't depend on what else is in the batch."""
        self.smaller("gpt.tn", context=32, width=16, heads=2, layers=2, epochs=2, batch=8)
        text = (self.folder / "gpt.tn").read_text()
        self.put("gpt.tn", text.replace("257", "25").replace("warmup = 200", "warmup = 4"))
        self.put("corpus.txt", "to be or not to be, that is the question. " * 60)
        self.tenon("check", "gpt.tn")
        self.tenon("train", "gpt.tn", "--run", "run")
        first, last = self.losses("run")
        self.assertLess(last, first)
        prompts = [b"to be or", b"question"]
        for name, rows in (("both", prompts), ("one", prompts[:1])):
            ids = [byte for row in rows for byte in row]
            write_npy(self.folder / f"{name}.npy", "<i4", (len(rows), 8), struct.pack(f"<{len(ids)}i", *ids))
            self.tenon("run", "gpt.tn", "Gpt.generate", "--input", "limit=24", "--input", f"prompt={name}.npy",
                       "--weights", "run/checkpoint.safetensors", "--output", f"{name}.out.npy")
        both, one = integers(self.folder / "both.out.npy"), integers(self.folder / "one.out.npy")
        self.assertEqual((len(both), len(one)), (48, 24))
        self.assertEqual(bytes(both[:8]), prompts[0])
        self.assertEqual(bytes(both[24:32]), prompts[1])
        self.assertEqual(one, both[:24])

    def test_translator_trains_and_predicts_words(self):
        self.smaller("translator.tn", words=40, width=24, epochs=60, batch=8, learning_rate=1e-2)
        text = (self.folder / "translator.tn").read_text()
        self.put("translator.tn", text.replace("40] =", "6] =").replace("pad(40", "pad(6").replace("42", "8"))
        nouns = [("dog", "Hund"), ("house", "Haus"), ("tree", "Baum"), ("bird", "Vogel")]
        said = [("see", "sehe"), ("know", "kenne"), ("paint", "male")]
        pairs = [(f"i {verb} the {noun}", f"ich {tut} den {was}") for noun, was in nouns for verb, tut in said] * 6
        random.Random(5).shuffle(pairs)
        self.put("pairs.csv", "english,german\n" + "".join(f"{a},{b}\n" for a, b in pairs))
        self.tenon("train", "translator.tn", "--run", "run")
        losses = self.losses("run")
        self.assertLess(losses[-1], 0.5 * losses[0])
        said = self.tenon("predict", "translator.tn", "--run", "run", "i see the bird", "i paint the tree").stdout
        self.assertEqual(said, "ich sehe den vogel\nich male den baum\n")
        answer = self.tenon("predict", "translator.tn", "--run", "run", "--json", "i know the dog").stdout
        self.assertEqual(json.loads(answer), "ich kenne den hund")

    def test_dlrm_trains(self):
        """Column groups, hashes of their own sizes, a function of the program before `normalise`."""
        text = (PROGRAMS / "dlrm.tn").read_text().replace("batch     = 512", "batch     = 16")
        sizes = [7 + i for i in range(26)]
        text = re.sub(r"let sizes = \[[^]]*\]", f"let sizes = {sizes}", text)
        self.put("dlrm.tn", text)
        chance = random.Random(2)
        names = ["label"] + [f"I{i}" for i in range(1, 14)] + [f"C{i}" for i in range(1, 27)]
        rows = [",".join(names)]
        for _ in range(120):
            numbers = ["" if chance.random() < 0.2 else str(chance.randrange(-1, 500)) for _ in range(13)]
            words = ["" if chance.random() < 0.1 else f"{chance.randrange(40):08x}" for _ in range(26)]
            rows.append(",".join([str(chance.randrange(2)), *numbers, *words]))
        self.put("criteo.csv", "\n".join(rows) + "\n")
        self.tenon("check", "dlrm.tn")
        self.tenon("train", "dlrm.tn", "--run", "one", "--threads", 1)
        self.tenon("train", "dlrm.tn", "--run", "two", "--threads", 2)
        self.assertEqual(self.checkpoint("one"), self.checkpoint("two"))
        scores = json.loads(self.tenon("evaluate", "dlrm.tn", "--run", "one", "--json").stdout)
        self.assertTrue(0 < scores["loss"] < 5)
        columns = [f"--column={name}={'3' if name[0] == 'I' else 'abc'}" for name in names[1:]]
        self.assertTrue(0 < float(self.tenon("predict", "dlrm.tn", "--run", "one", *columns).stdout) < 1)

    def test_two_tower_trains(self):
        text = (PROGRAMS / "two_tower.tn").read_text()
        for old, new in (("50_000", "50"), ("10_000", "30"), ("20_000", "40"), ("width = 64", "width = 8"),
                         ("batch     = 1024", "batch     = 16"), ("epochs    = 5", "epochs    = 2")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.put("two_tower.tn", text)
        chance = random.Random(3)
        titles = ["the long night", "a small town", "night of the town", "long way home", "home"]
        rows = [f'u{chance.randrange(30)},f{chance.randrange(20)},"{titles[chance.randrange(5)]}"' for _ in range(150)]
        self.put("ratings.csv", "user,film,title\n" + "\n".join(rows) + "\n")
        self.tenon("train", "two_tower.tn", "--run", "run")
        first, last = self.losses("run")
        self.assertLess(last, first)

    def test_optimizers_of_the_programs_own(self):
        """Each minimises (w - 3)^2 + (v + 1)^2; the wrapped ones go where the inner one goes."""
        self.put("optimizers.tn", (PROGRAMS / "optimizers.tn").read_text())
        self.put("points.csv", "x\n" + "1\n" * 8)
        losses = {}
        for name in ("SGD(learning_rate = 0.1)", "SGD(momentum = 0.5)", "Adam(learning_rate = 0.2)",
                     "Clipped(optimizers.Adam(learning_rate = 0.2), norm = 1.0)",
                     "OnPlateau(optimizers.SGD(learning_rate = 0.1))",
                     "Adam(learning_rate = 0.2, schedule = optimizers.cosine(warmup = 4))"):
            self.put("line.tn", f"""\
import optimizers

dataset Points {{
  from csv("points.csv")
  x: f32 = column("x")
  split train 0.5, validation 0.5
}}

model Pair {{
  param w: f32 = 0.0
  param v: f32 = 0.0
  fn loss(x: f32[batch]) -> f32 = mean[b] (x[b] * ((w - 3.0) ** 2 + (v + 1.0) ** 2))
}}

train Pair on Points {{
  loss      = loss(x)
  optimizer = optimizers.{name}
  epochs    = 20
  batch     = 4
}}
""")
            self.tenon("train", "line.tn", "--run", name[:3] + str(len(losses)))
            losses[name] = self.losses(name[:3] + str(len(losses)))
            self.assertLess(losses[name][-1], 0.5 * losses[name][0], name)
        self.assertEqual(losses["SGD(learning_rate = 0.1)"], losses["OnPlateau(optimizers.SGD(learning_rate = 0.1))"])

    def test_image_classifier_trains(self):
        chance = random.Random(7)
        classes = ("ant", "bee", "cow")
        put_folder(self.folder / "data" / "train", chance, classes, 12, (20, 30))
        put_folder(self.folder / "data" / "test", chance, classes, 3, (20, 30))
        self.put("image.tn", self.changed(SYNTAX / "01_image_classifier.tn", ("side = 128", "side = 22"),
                                          ("Conv2D(3, 32, 3", "Conv2D(3, 4, 3"), ("Conv2D(32, 64, 3", "Conv2D(4, 4, 3"),
                                          ("Conv2D(64, 128, 3", "Conv2D(4, 8, 3"), ("warmup = 500", "warmup = 4")))
        self.tenon("check", "image.tn")
        self.tenon("train", "image.tn", "--run", "run")
        losses = self.losses("run")
        self.assertLess(losses[-1], losses[0])
        self.assertIn("test (9 rows)", self.tenon("evaluate", "image.tn", "--run", "run").stdout)
        answer = self.tenon("predict", "image.tn", "--run", "run", "data/test/ant/0.png").stdout
        self.assertEqual(sorted(answer.split()[::2]), sorted(classes))

    def put_digits(self, prefix, rows):
        chance = random.Random(rows)
        self.put(f"{prefix}-images.gz", idx((rows, 28, 28), (chance.randrange(256) for _ in range(rows * 784))))
        self.put(f"{prefix}-labels.gz", idx((rows,), (chance.randrange(10) for _ in range(rows))))

    def test_vae_trains_and_samples(self):
        self.put_digits("train", 32)
        self.put_digits("t10k", 8)
        self.put("vae.tn", self.changed(SYNTAX / "04_vae.tn", ("epochs    = 20", "epochs    = 3"),
                                        ("batch     = 128", "batch     = 8")))
        self.tenon("check", "vae.tn")
        self.tenon("train", "vae.tn", "--run", "run")
        losses = self.losses("run")
        self.assertLess(losses[-1], losses[0])
        self.tenon("run", "vae.tn", "Vae.sample", "--input", "count=2", "--weights",
                   "run/checkpoint.safetensors", "--output", "sample.npy")
        self.assertEqual(len(integers(self.folder / "sample.npy")), 2 * 28 * 28)

    def test_diffusion_trains(self):
        self.put_digits("train", 8)
        self.put("diffusion.tn", self.changed(SYNTAX / "10_diffusion.tn", ("width = 64", "width = 4"),
                                              ("epochs    = 50", "epochs    = 2"), ("batch     = 128", "batch     = 4")))
        self.tenon("check", "diffusion.tn")
        self.tenon("train", "diffusion.tn", "--run", "run")
        self.assertTrue(all(0 < loss < 100 for loss in self.losses("run")))

    def put_birds(self, *splits):
        """Folders of two classes, pictures of one colour with sides from 224 on."""
        for split in splits:
            for at, name in enumerate(("crow", "wren")):
                (self.folder / "birds" / split / name).mkdir(parents=True)
                for i in range(3):
                    pixel = [(60 + 150 * at + i, 80, 250 - 200 * at)]
                    self.put(f"birds/{split}/{name}/{i}.png", png([pixel * (224 + 9 * i)] * (240 - 8 * i)))

    def test_data_of_two_kinds(self):
        """Pictures through a function of any size, and a table with everything in it."""
        self.put_birds("train", "valid", "test")
        self.put("birds/train/crow/notes.txt", "no picture")
        chance = random.Random(11)
        rows = ["age;amount;job;owner;purpose;default"]
        for i in range(80):
            age = "" if i % 9 == 0 else chance.randrange(18, 80)
            rows.append(f"{age};{chance.randrange(100, 9000)};{chance.choice(['cook', 'smith', ''])};"
                        f"{chance.choice(['yes', 'no'])};{chance.choice(['a car', 'a small house'])};{i % 2}")
        self.put("loans.csv", "\n".join(rows).replace(";;", ";none;") + "\n")
        text = self.changed(SYNTAX / "11_data.tn", ("epochs    = 20", "epochs    = 2"), ("batch     = 256", "batch     = 16"))
        self.put("data.tn", text)
        self.tenon("check", "data.tn")
        self.tenon("train", "data.tn", "--run", "run")
        self.assertTrue(all(0 < loss < 10 for loss in self.losses("run")))
        start = text.index("dataset Loans")
        self.put("birds.tn", text[:start] + """
model Colour(kinds: int) {
  out = nn.Dense(3, kinds)
  fn predict(image: f32[batch, height, width, 3]) -> f32[batch, kinds] =
    image |> global_average_pool |> out |> softmax
}

train Colour(kinds = Birds.kinds) on Birds {
  loss      = losses.categorical_cross_entropy(predict(image), label)
  optimizer = optim.Adam(learning_rate = 0.1)
  predicts  = label
  epochs    = 20
  batch     = 4
}
""")
        said = self.tenon("train", "birds.tn", "--run", "birds_run").stdout
        self.assertIn("note: 1 of 7 files in `birds/train` are skipped, broken: birds/train/crow/notes.txt", said)
        losses = self.losses("birds_run")
        self.assertLess(losses[-1], 0.5 * losses[0])
        answer = self.tenon("predict", "birds.tn", "--run", "birds_run", "birds/test/wren/0.png").stdout
        self.assertTrue(answer.startswith("wren "), answer)

    def tensors(self, path):
        """The tensors of a safetensors file: dtype, shape and bytes by name."""
        raw = (self.folder / path).read_bytes()
        (length,) = struct.unpack("<Q", raw[:8])
        body = raw[8 + length:]
        return {name: (each["dtype"], each["shape"], body[slice(*each["data_offsets"])])
                for name, each in json.loads(raw[8:8 + length]).items() if name != "__metadata__"}

    def put_tensors(self, path, tensors):
        header, body = {}, b""
        for name, (dtype, shape, data) in tensors.items():
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
            body += data
        text = json.dumps(header).encode()
        self.put(path, struct.pack("<Q", len(text)) + text + body)

    def test_finetuning_starts_from_another_models_weights(self):
        """What is frozen stays as the file has it, and the rest is trained."""
        chance = random.Random(12)
        for split, count in (("train", 2), ("test", 1)):
            put_folder(self.folder / "birds" / split, chance, ("crow", "wren"), count, (30, 40))
        (self.folder / "models").mkdir()
        self.put("models/resnet.tn", (SYNTAX / "09_resnet.tn").read_text())
        text = self.changed(SYNTAX / "12_finetune.tn", ("224", "32"), ("epochs    = 5", "epochs    = 1"),
                            ("batch     = 32", "batch     = 2"))
        self.put("fresh.tn", re.sub(r"  start .*?\n  \}\n", "", text, flags=re.S))
        self.tenon("train", "fresh.tn", "--run", "fresh", "--seed", 1)
        names = {"stem": "conv1", "head": "fc"}
        given = {}
        for name, tensor in self.tensors("fresh/checkpoint.safetensors").items():
            model, _, rest = name.partition(".")
            if model == "backbone":
                first, _, last = rest.partition(".")
                given[f"{names.get(first, first)}.{last}"] = tensor
        self.put_tensors("resnet18.safetensors", given)
        self.put("fine.tn", text)
        self.tenon("train", "fine.tn", "--run", "fine")
        fine = self.tensors("fine/checkpoint.safetensors")
        self.assertEqual(fine["backbone.stem.kernel"], given["conv1.kernel"])
        self.assertEqual(fine["backbone.head.bias"], given["fc.bias"])
        start = self.tensors("fine/checkpoint.previous.safetensors")
        self.assertNotEqual(fine["head.kernel"], start["head.kernel"])

    def test_layers_of_the_programs_own(self):
        chance = random.Random(7)
        pictures = [[chance.gauss(0, 1) for _ in range(72)] for _ in range(96)]
        labels = [float(sum(picture[::2]) > 0) for picture in pictures]
        self.save("x", sum(pictures, []), (96, 6, 6, 2), "f")
        self.save("y", labels, (96,), "f")
        with zipfile.ZipFile(self.folder / "made.npz", "w") as archive:
            for name in ("x.npy", "y.npy"):
                archive.write(self.folder / name, name)
        self.put("layers.tn", (SYNTAX / "07_layers.tn").read_text())
        self.put("own.tn", (PROGRAMS / "own_layers.tn").read_text())
        self.tenon("check", "own.tn")
        self.tenon("train", "own.tn", "--run", "run")
        losses = self.losses("run")
        self.assertLess(losses[-1], 0.7 * losses[0])
        self.assertIn("recall", self.tenon("evaluate", "own.tn", "--run", "run").stdout)
        # Two clusters, and a gradient for every row.
        centres = self.value("layers.tn", "nearest", "f", x=([0, 1, 10, 12], (4, 1)), centre=([2, 9], (2, 1)))
        self.assertEqual(centres, (0.5, 11))
        slopes = self.value("layers.tn", "each", "f", w=([1, 2], (2,)), x=([1, 0, 1, 1], (2, 2)), y=([0, 1], (2,)))
        self.assertEqual(slopes, (2, 0, 4, 4))

    def save(self, name, values, shape, kind="d"):
        write_npy(self.folder / f"{name}.npy", f"<f{struct.calcsize(kind)}", shape,
                  struct.pack(f"<{len(values)}{kind}", *values))

    def value(self, program, function, kind="d", **inputs):
        """What a function of f64 (`kind` "f": f32) gives; each input is its values and its shape."""
        options = []
        for name, (values, shape) in inputs.items():
            self.save(name, values, shape, kind)
            options += ["--input", f"{name}={name}.npy"]
        self.tenon("run", program, function, *options, "--output", "out.npy")
        return numbers(self.folder / "out.npy", kind)

    def test_numerics_without_a_network(self):
        for name in ("numerics.tn", "words.tn"):
            self.put(name, (PROGRAMS / name).read_text())
        x = self.value("numerics.tn", "solve", a=([0, 2, 1, 1, 1, 1, 2, 0, 3], (3, 3)), b=([5, 6, 13], (3,)))
        for got, wanted in zip(x, (2, 1, 3)):
            self.assertAlmostEqual(got, wanted, delta=1e-12)
        # Newton's method ends where the gradient is zero.
        chance = random.Random(6)
        rows = [[1.0, chance.gauss(0, 1)] for _ in range(20)]
        labels = [float(row[1] + chance.gauss(0, 1) > 0) for row in rows]
        w = self.value("numerics.tn", "newton", w=([0, 0], (2,)), x=(sum(rows, []), (20, 2)), y=(labels, (20,)))
        for i in range(2):
            slope = w[i]
            for row, label in zip(rows, labels):
                sign = 2 * label - 1
                slope -= sign * row[i] / (1 + math.exp(sign * sum(a * b for a, b in zip(row, w))))
            self.assertAlmostEqual(slope, 0, delta=1e-12)
        # One dimension, by hand.
        m, p, total, seen = 0.5, 2.0, 0.0, [1.0, -0.5, 0.25]
        for y in seen:
            m, p = 0.9 * m, 0.1 + 0.9 * p * 0.9
            s, e = 0.3 + p, y - m
            total -= 0.5 * (math.log(2 * math.pi * s) + e * e / s)
            m, p = m + p * e / s, p - p * p / s
        got = self.value("numerics.tn", "kalman", seen=(seen, (3,)), a=([0.9], (1, 1)), q=([0.1], (1, 1)),
                         c=([1], (1,)), r=([0.3], ()), m0=([0.5], (1,)), p0=([2], (1, 1)))
        self.assertAlmostEqual(got[0], total, delta=1e-12)
        pulled = self.value("numerics.tn", "pulled", w=([1, 2, 3, 4, 5, 6], (2, 3)), x=([1, 1, 1], (3,)), dy=([1, 10], (2,)))
        self.assertEqual(pulled, (41, 52, 63))
        far = self.value("words.tn", "kalman", state=([1.0], (1,)), set=([0.5], (1, 1)), type=([0.25, 1.0], (2, 1)),
                         mean=([0.75], (1,)))
        state = 0.5 * (0.5 + 0.75 - 0.25) + 0.75 - 1.0
        self.assertAlmostEqual(far[0], state * (-state * 0.75 / 2 + (state - 0.75) + 3 * state ** 2) + math.exp(0.75),
                               delta=1e-12)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
