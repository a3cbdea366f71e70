"""`tenon attribute` from outside: what a prediction is due to, printed, as JSON and as a page.

    python3 attribution_test.py TENON [test...]
"""
import base64
import json
import random
import re
import struct
import sys
import unittest
import xml.etree.ElementTree as ElementTree

from harness import TenonTest, write_npy

HEAD = "import losses, nn, optim\n\n"

LINEAR = HEAD + """\
dataset Rows {
  from csv("rows.csv")
  x: f32[2] = columns("a", "b")
  c: f32    = column("c")
  y: f32    = column("y")
}

model Line {
  param slopes: f32[2] = full(2.0)
  fn predict(x: f32[batch, 2], c: f32[batch]) -> f32[batch] {
    let y[b] = sum[i] slopes[i] * x[b, i]
    y - 3.0 * c + 1.0
  }
}

train Line on Rows {
  loss      = losses.mean_squared_error(predict(x, c), y)
  optimizer = optim.SGD(learning_rate = 0.0)
}
"""

TEXTS = HEAD + """\
dataset Texts {
  from csv("texts.csv")
  tokens: i32[6]  = column("text") |> tokenize(vocabulary = 30) |> pad(6)
  kind:   f32[3]  = column("kind") |> one_hot
}

model Classifier {
  embedding = nn.Embedding(30, 4)
  lstm      = nn.LSTM(4, 5)
  output    = nn.Dense(5, 3)
  fn predict(tokens: i32[batch, time]) -> f32[batch, 3] {
    tokens |> embedding |> lstm |> last |> output |> softmax
  }
}

train Classifier on Texts {
  loss      = losses.categorical_cross_entropy(predict(tokens), kind)
  optimizer = optim.Adam(learning_rate = 2e-2)
  predicts  = kind
  epochs    = 12
  batch     = 8
}
"""

PICTURES = HEAD + """\
dataset Pictures {
  from npy(x = "x.npy", y = "y.npy")
  image: f32[5, 4] = column("x")
  label: f32       = column("y")
}

model Corner {
  param corner: f32[5, 4] = zeros()
  fn predict(image: f32[batch, 5, 4]) -> f32[batch] {
    let seen[b] = sum[i, j] image[b, i, j] * corner[i, j]
    let first[b] = image[b, 0, 3]
    sigmoid(seen + 2.0 * first - image[:, 4, 0])
  }
}

train Corner on Pictures {
  loss      = losses.binary_cross_entropy(predict(image), label)
  optimizer = optim.SGD(learning_rate = 0.0)
  predicts  = label
}
"""


class Attribution(TenonTest):
    def trained(self, program):
        self.put("program.tn", program)
        self.tenon("train", "program.tn", "--run", "run")

    def attribute(self, *more):
        return self.tenon("attribute", "program.tn", "--run", "run", *more)

    def rows(self, *more):
        return [json.loads(line) for line in self.attribute("--json", *more).stdout.splitlines()]

    def page(self, path="run/attribution.html"):
        """The page, which is XML and needs nothing else."""
        text = (self.folder / path).read_text()
        self.assertTrue(text.startswith("<!DOCTYPE html>"))
        self.assertEqual([], re.findall(r"<script|https?:|@import", text))
        return ElementTree.fromstring(text.split("\n", 1)[1])

    def train_texts(self):
        kinds = {"bird": ["a small bird", "the grey crow", "a bird of prey"],
                 "tool": ["a large hammer", "the steel saw", "a saw for wood"],
                 "law": ["an old law", "the right to vote", "a law of the land"]}
        chance = random.Random(2)
        lines = [f"{chance.choice(texts)},{kind}" for _ in range(40) for kind, texts in kinds.items()]
        self.put("texts.csv", "text,kind\n" + "\n".join(lines) + "\n")
        self.trained(TEXTS)

    def test_a_linear_model_exactly(self):
        self.put("rows.csv", "a,b,c,y\n1,2,3,4\n2,3,4,5\n")
        self.put("asked.csv", "a,b,c\n1.5,-2,0.25\n0,4,1\n")
        self.trained(LINEAR)
        for method in ("integrated", "gradient", "smooth"):
            rows = self.rows("--rows", "asked.csv", "--method", method)
            for row, (a, b, c) in zip(rows, [(1.5, -2, 0.25), (0, 4, 1)]):
                self.assertEqual((row["output"], row["baseline"]), (2 * a + 2 * b - 3 * c + 1, 1))
                for given, expected in zip(row["fields"]["x"]["attributions"]
                                           + row["fields"]["c"]["attributions"],
                                           [2 * a, 2 * b, -3 * c]):
                    self.assertAlmostEqual(given, expected, delta=1e-6)
                self.assertAlmostEqual(row["sum"], row["output"] - row["baseline"], delta=1e-6)
        shown = self.attribute("--rows", "asked.csv")
        self.assertIn("the prediction is -0.75, of the baseline 1\n     -4.0000  b\n", shown.stdout)
        self.assertEqual(shown.stderr, "")
        tables = self.page().findall(".//table")
        self.assertEqual(len(tables), 4)
        self.assertEqual([cell.text for cell in tables[0].findall(".//td")],
                         ["a", "1.5", "3", "b", "-2", "-4"])

    def test_words(self):
        self.train_texts()
        text = "a grey bird of unheard steel & <b>"
        (row,) = self.rows(text)
        self.assertEqual(row["class"], "bird")
        tokens = row["fields"]["tokens"]
        self.assertEqual(tokens["labels"], ["grey", "bird", "of", "<unknown>", "steel", "<unknown>"])
        self.assertAlmostEqual(row["sum"], row["output"] - row["baseline"],
                               delta=0.01 * abs(row["output"] - row["baseline"]))
        best = max(range(6), key=lambda i: tokens["attributions"][i])
        self.assertIn(tokens["labels"][best], ("grey", "bird"))
        # The same sentence for another class, and a shorter one with padding in front.
        (other,) = self.rows(text, "--class", "tool")
        self.assertEqual(other["class"], "tool")
        self.assertNotEqual(other["output"], row["output"])
        both = self.rows("a bird", text)
        self.assertEqual(both[0]["fields"]["tokens"]["labels"], ["", "", "", "", "a", "bird"])
        self.assertEqual(both[0]["fields"]["tokens"]["attributions"][:4], [0, 0, 0, 0])
        self.assertEqual(both[1], row)
        shown = self.attribute(text)
        self.assertIn("kind = bird: ", shown.stdout)
        self.assertIn("  bird\n", shown.stdout)
        self.assertIn("run/attribution.html", shown.stdout)
        self.assertEqual(shown.stderr, "")
        page = self.page()
        self.assertEqual([word.text for word in page.findall(".//p[@class='words']/span")],
                         tokens["labels"])
        self.assertIsNotNone(page.find(".//p[@class='met']"))
        self.assertEqual(page.find(".//h2").text, "Row 1: kind = bird")

    def test_threads_change_no_bit_and_seeds_the_noise(self):
        self.train_texts()
        one = self.attribute("a grey bird", "--json", "--threads", 1).stdout
        self.assertEqual(one, self.attribute("a grey bird", "--json", "--threads", 2).stdout)
        noisy = ["a grey bird", "--json", "--method", "smooth", "--steps", 5]
        self.assertEqual(self.attribute(*noisy).stdout, self.attribute(*noisy).stdout)
        self.assertNotEqual(self.attribute(*noisy).stdout, self.attribute(*noisy, "--seed", 1).stdout)

    def test_too_few_steps_are_warned_of(self):
        self.train_texts()
        done = self.attribute("a grey bird", "--steps", 1, "--tolerance", 1e-9, "--output", "p.html")
        self.assertIn("warning: row 1: the attributions' sum is", done.stderr)
        self.assertIn("off by", done.stderr)
        self.assertIsNotNone(self.page("p.html").find(".//p[@class='unmet']"))
        self.assertFalse((self.folder / "run" / "attribution.html").exists())
        # A gradient at one place promises nothing.
        self.assertEqual(self.attribute("a grey bird", "--method", "gradient").stderr, "")

    def test_pictures(self):
        chance = random.Random(3)
        pixels = [chance.random() for _ in range(2 * 20)]
        write_npy(self.folder / "x.npy", "<f4", (2, 5, 4), struct.pack("<40f", *pixels))
        write_npy(self.folder / "y.npy", "<f4", (2,), struct.pack("<2f", 0, 1))
        white = [1.0] * 20
        write_npy(self.folder / "white.npy", "<f4", (1, 5, 4), struct.pack("<20f", *white))
        self.trained(PICTURES)
        (row,) = self.rows("white.npy")
        found = row["fields"]["image"]["attributions"]
        # sigmoid(2 a - b) from (0, 0) to (1, 1): a straight line, so both parts are in proportion.
        change = row["output"] - row["baseline"]
        self.assertAlmostEqual(found[3], 2 * change, delta=1e-6)
        self.assertAlmostEqual(found[16], -change, delta=1e-6)
        self.assertEqual(sum(1 for each in found if each), 2)
        self.attribute("white.npy")
        images = self.page().findall(".//img")
        self.assertEqual([image.get("alt") for image in images], ["the input", "its attribution", "both"])
        kind, data = images[1].get("src").split(",")
        self.assertEqual(kind, "data:image/bmp;base64")
        file = base64.b64decode(data)
        self.assertEqual(file[:2], b"BM")
        self.assertEqual(struct.unpack("<I", file[2:6])[0], len(file))
        self.assertEqual(struct.unpack("<ii", file[18:26]), (4, 5))
        # Rows from the lowest up, blue before red: the strongest is the deepest red.
        at = lambda row, column: tuple(file[54 + 12 * (4 - row) + 3 * column:][:3])
        self.assertEqual(at(0, 3), (43, 24, 178))
        self.assertEqual(at(2, 2), (255, 255, 255))
        self.assertGreater(at(4, 0)[0], at(4, 0)[2])

    def test_what_cannot_be_attributed(self):
        self.train_texts()
        self.refused("attribute", "program.tn", "--run", "run", "a bird", "--class", "brid",
                     says=["no class `brid`", "`bird`, `law` and `tool`", "did you mean `bird`?"])
        masked = TEXTS.replace("tokens |> embedding |> lstm |> last",
                               "tokens |> embedding |> masked(tokens) |> lstm |> last") + """
fn masked(v: f32[b, t, d], ids: i32[b, t]) -> f32[b, t, d] {
  let kept[b, t, d] = if ids[b, t] == 0 { 0.0 } else { v[b, t, d] }
  kept
}
"""
        self.put("masked.tn", masked)
        self.tenon("train", "masked.tn", "--run", "masked")
        self.assertIn("note: `tokens` also decides a mask",
                      self.tenon("attribute", "masked.tn", "--run", "masked", "a bird").stderr)
        chosen = masked.replace("|> output |> softmax", "|> output |> softmax |> likeliest") \
            .replace("fn predict(tokens: i32[batch, time]) -> f32[batch, 3]",
                     "fn size() -> f32 = mean(output.kernel ** 2)\n  fn predict(tokens: i32[batch, time]) -> i32[batch]") \
            .replace("loss      = losses.categorical_cross_entropy(predict(tokens), kind)",
                     "loss      = size() + mean(kind)") + """
fn likeliest(p: f32[b, n]) -> i32[b] {
  let best[b] = argmax[i] p[b, i]
  best
}
"""
        self.put("chosen.tn", chosen)
        self.tenon("train", "chosen.tn", "--run", "chosen")
        self.refused("attribute", "chosen.tn", "--run", "chosen", "a bird",
                     says=["gives whole numbers, which have no derivative"])
        self.put("rows.csv", "a,b,c,y\n1,2,3,4\n2,3,4,5\n")
        self.put("all.tn", LINEAR.replace("c: f32[batch]) -> f32[batch]", "c: f32[batch]) -> f32")
                 .replace("    y - 3.0 * c + 1.0", "    mean(y - 3.0 * c)").replace("predict(x, c), y", "y, y")
                 .replace("losses.mean_squared_error(y, y)", "predict(x, c) + 0.0 * mean(y)"))
        self.tenon("train", "all.tn", "--run", "all")
        self.refused("attribute", "all.tn", "--run", "all", "--rows", "rows.csv",
                     says=["doesn't give a result for each row"])
        self.put("line.tn", LINEAR)
        self.tenon("train", "line.tn", "--run", "line")
        self.refused("attribute", "line.tn", "--run", "line", "--rows", "rows.csv", "--class", "1",
                     says=["gives one number"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
