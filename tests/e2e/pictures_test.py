"""Pictures from files to training, and what is said of broken ones.

    python3 pictures_test.py TENON [test...]
"""
import json
import math
import random
import struct
import sys
import unittest

from harness import TenonTest, doubles, write_npy
from picture_files import noise, put_folder

PROGRAM = """\
import nn, losses, metrics, optim, images

dataset Pictures {
  train from image_folder("train")
  test  from image_folder("test")
  image: f32[8, 8, 3] = column("picture") |> resize(8, 8) |> rescale(1.0 / 255)
    |> images.shear(0.2) |> images.zoom(0.2) |> images.rotate(0.3, fill = "reflect")
    |> images.shift(0.1, 0.1, fill = "constant") |> images.flip_horizontal(0.5)
  label: f32[classes] = column("class") |> one_hot
}

model Classifier(classes: int) {
  output = nn.Dense(_, classes)
  fn predict(image: f32[batch, height, width, 3]) -> f32[batch, classes] =
    image |> flatten |> output |> softmax
}

train Classifier(classes = Pictures.classes) on Pictures {
  let p = predict(image)
  loss      = losses.categorical_cross_entropy(p, label)
  optimizer = optim.Adam(learning_rate = 0.01)
  metrics   = { accuracy: metrics.accuracy(p, label) }
  predicts  = label
  epochs    = 4
  batch     = 8
}
"""

AFFINE = "import images\n" + "".join(f"""
fn {fill}(x: f64[height, width, channels], turn: f64[2, 2], move: f64[2]) -> f64[height, width, channels] =
  images.affine(x, turn, move, fill = "{fill}")
""" for fill in ("nearest", "reflect", "constant"))

# What scipy.ndimage.affine_transform(order = 1) makes of 4 by 5 pixels with 2 channels, element i being
# (37 i² + 11 i) mod 251, about the centre; modes nearest, reflect and grid-constant.
FIGURES = [
    ("nearest", [1.0, -0.5, 0.0, 0.875], [0, 0], [
      81, 90.25, 173.375, 130.375, 134, 227, 141.875, 144.75, 183.5, 96.25, 177.75, 236.75, 139.8125,
      177.9375, 127, 207, 127, 123.375, 183.5, 96.25, 207.25, 65, 101.75, 221, 241, 57, 157.75, 125.4375,
      131, 30.75, 207.25, 65, 105.125, 217.875, 225, 28, 184, 123, 199.5, 86.25]),
    ("reflect", [1.5, 0.25, -0.25, 1.25], [0.75, -2.5], [
      147.5, 185, 63.75, 73.125, 0, 48, 169.4375, 129.6875, 129, 176.875, 134.75, 196.25, 133.21875,
      139.8125, 128, 156.5, 113.71875, 213.5625, 235.625, 70.125, 226, 54, 104.5625, 222.78125, 247, 5,
      147.625, 155, 207.875, 55.125, 199.125, 57.625, 103.4375, 219.4375, 229, 119, 167.6875, 202.71875,
      179.875, 128.625]),
    ("constant", [0.8, 0.3, -0.3, 0.9], [1.25, -0.75], [
      38.475, 70.56, 146.3, 145.85, 171.175, 144.405, 200.44, 122.25, 190.75, 120.125, 101.7, 116.85,
      145.65, 234.725, 143.06, 166.91, 212.63, 64.58, 153.56, 132.3, 69.24, 32.28, 210.58, 80.45, 86.445,
      189.805, 123.75, 15.4, 40.725, 24.775, 0, 0, 77.805, 1.575, 5.99, 9.85, 0, 0, 0, 0]),
]


class Pictures(TenonTest):
    def make(self, program=PROGRAM):
        chance = random.Random(4)
        put_folder(self.folder / "train", chance, ("ant", "bee", "cow"), 12, (6, 14))
        put_folder(self.folder / "test", chance, ("ant", "bee", "cow"), 4, (6, 14))
        self.put("p.tn", program)

    def test_affine_maps_agree_with_scipy(self):
        self.put("affine.tn", AFFINE)
        values = [(37 * i * i + 11 * i) % 251 for i in range(40)]
        for fill, turn, move, wanted in FIGURES:
            for name, numbers, shape in (("x", values, (4, 5, 2)), ("turn", turn, (2, 2)), ("move", move, (2,))):
                write_npy(self.folder / f"{name}.npy", "<f8", shape, struct.pack(f"<{len(numbers)}d", *numbers))
            self.tenon("run", "affine.tn", fill, "--float", "f64", "--input", "x=x.npy", "--input", "turn=turn.npy",
                       "--input", "move=move.npy", "--output", "y.npy")
            for got, value in zip(doubles(self.folder / "y.npy"), wanted, strict=True):
                self.assertAlmostEqual(got, value, delta=1e-5, msg=fill)

    def test_training_learns_and_predicts(self):
        self.make()
        self.tenon("check", "p.tn")
        self.tenon("train", "p.tn", "--run", "run", "--epochs", 200)
        said = self.tenon("evaluate", "p.tn", "--run", "run", "--json").stdout
        self.assertGreater(json.loads(said)["accuracy"], 0.7)
        answer = self.tenon("predict", "p.tn", "--run", "run", "test/ant/0.png", "test/cow/1.png").stdout
        first, second = answer.splitlines()
        self.assertTrue(first.startswith("ant ") and second.startswith("cow "), answer)
        self.refused("predict", "p.tn", "--run", "run", "nowhere.png", says=["cannot read `nowhere.png`"])

    def test_augmentation_depends_on_the_seed_alone(self):
        self.make()
        for name, threads, seed in (("one", 1, 7), ("two", 2, 7), ("other", 2, 8)):
            self.tenon("train", "p.tn", "--run", name, "--threads", threads, "--seed", seed)
        self.assertEqual(self.checkpoint("one"), self.checkpoint("two"))
        self.assertNotEqual(self.checkpoint("one"), self.checkpoint("other"))

    def test_a_contact_sheet(self):
        self.make()
        said = self.tenon("inspect", "p.tn", "--data", "--rows", 6, "--output", "a.png").stdout
        self.assertEqual(said, "image: 6 pictures, 3 in a line, in a.png (0 is black, 1 white)\n"
                               "label:\n  ant  ant  bee\n  bee  cow  cow\n")
        sheet = (self.folder / "a.png").read_bytes()
        # Three of 8 × 12 pixels with gaps of 2.
        self.assertEqual(struct.unpack(">II", sheet[16:24]), (3 * 98 + 2, 2 * 98 + 2))
        self.tenon("inspect", "p.tn", "--data", "--rows", 6, "--output", "b.png")
        self.assertEqual(sheet, (self.folder / "b.png").read_bytes())
        self.tenon("inspect", "p.tn", "--data", "--rows", 6, "--output", "b.png", "--seed", 1)
        self.assertNotEqual(sheet, (self.folder / "b.png").read_bytes())
        # Without training nothing is drawn.
        for seed in (0, 1):
            self.tenon("inspect", "p.tn", "--data", "--split", "test", "--output", f"t{seed}.png", "--seed", seed)
        self.assertEqual((self.folder / "t0.png").read_bytes(), (self.folder / "t1.png").read_bytes())

    def test_code_is_made_for_what_the_data_tells(self):
        """The number of classes is a name up to the kernels, and three in the code."""
        self.make()
        self.assertIn("#tenon.dims<batch, classes>", self.tenon("inspect", "p.tn").stdout)
        self.assertIn("define", self.tenon("inspect", "p.tn", "--stage", "llvm", "--entry", "train_step").stdout)

    def test_rows_as_text(self):
        self.put("d.csv", "text,age,job\na big dog,30,cook\nthe dog,40,smith\n")
        self.put("d.tn", """\
import optim

dataset People {
  from csv("d.csv")
  words: i32[4] = column("text") |> tokenize(vocabulary = 10) |> pad(4)
  age:   f32    = column("age") |> rescale(0.1)
  job:   i32    = column("job") |> category(3)
}

model Sum {
  param scale: f32 = 1.0
  fn predict(age: f32[batch]) -> f32[batch] = scale * age
}

train Sum on People {
  loss = mean(predict(age))
  optimizer = optim.SGD()
}
""")
        said = self.tenon("inspect", "d.tn", "--data").stdout
        self.assertEqual(said, "d.csv:2\n  words = a big dog\n  age = 3\n  job = cook\n"
                               "d.csv:3\n  words = the dog\n  age = 4\n  job = smith\n")

    def test_broken_files_are_named_or_counted(self):
        self.make()
        self.put("train/bee/x.png", noise(random.Random(1), 9, 9, 50)[:60])
        for command in ("check", "train"):
            self.refused(command, "p.tn", says=["train/bee/x.png", "the picture is truncated", 'skip = "broken"'])
        self.put("p.tn", PROGRAM.replace('"train")', '"train", skip = "broken")'))
        said = self.tenon("train", "p.tn", "--run", "run").stdout
        self.assertIn("note: 1 of 37 files in `train` are skipped, broken: train/bee/x.png: the picture is truncated", said)

    def test_mixed_sizes_need_resize(self):
        self.make(PROGRAM.replace("|> resize(8, 8) ", ""))
        self.refused("check", "p.tn", says=["and `image` takes 8×8", "`|> resize(8, 8)`"])

    def test_a_benchmark_takes_sizes_from_its_arrays(self):
        """The number of classes is the data's, and here there is none but the arrays."""
        self.put("p.tn", PROGRAM)
        for name, shape in (("image", (2, 4, 8, 8, 3)), ("label", (2, 4, 3))):
            count = math.prod(shape)
            write_npy(self.folder / f"{name}.npy", "<f4", shape, struct.pack(f"<{count}f", *([0.25] * count)))
        said = self.tenon("bench", "p.tn", "--input", "image=image.npy", "--input", "label=label.npy").stdout
        self.assertIn("compiled in", said)

    def test_types_are_checked_against_pictures(self):
        self.make(PROGRAM.replace("f32[8, 8, 3]", "f32[8, 9, 3]"))
        self.refused("check", "p.tn", says=["its stages give f32[8, 8, 3]"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
