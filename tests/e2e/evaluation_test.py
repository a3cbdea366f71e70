"""`tenon evaluate` from outside: the class report, its files, and what is required.

    python3 evaluation_test.py TENON [test...]
"""
import json
import random
import sys
import unittest
import xml.etree.ElementTree as ElementTree

from harness import TenonTest

HEAD = "import losses, metrics, nn, optim\n\n"

# The scores are columns, so that every figure can be worked out by hand.
GIVEN = HEAD + """\
dataset Rows {{
  train from csv("rows.csv")
  test  from csv("rows.csv")
  scores: f32[{width}] = {scores}
  {label}
}}

model Given {{
  param nothing: f32 = 0.0
  fn predict(scores: f32[batch, {width}]) -> f32[batch{result}] = {body}
}}

train Given on Rows {{
  loss      = {loss}
  optimizer = optim.SGD(learning_rate = 0.0)
  predicts  = label
  batch     = 4
}}
"""

BINARY = GIVEN.format(
    width=2, scores='columns("p", "q")', label='label: f32 = column("label")', result="",
    body="scores[:, 0] + nothing", loss="mean((predict(scores) - label) ** 2)")
CLASSES = GIVEN.format(
    width=3, scores='columns("a", "c")', label='label: f32[3] = column("label") |> one_hot',
    result=", 3", body="scores + nothing", loss="mean((predict(scores) - label) ** 2)")
NUMBERS = GIVEN.format(
    width=3, scores='columns("a", "c")', label='label: i32 = column("label")', result=", 3",
    body="scores + nothing", loss="mean(predict(scores) ** 2)")


class Evaluation(TenonTest):
    def trained(self, program, rows):
        self.put("given.tn", program)
        self.put("rows.csv", rows)
        self.tenon("train", "given.tn", "--run", "run")

    def evaluate(self, *more, code=0):
        return self.tenon("evaluate", "given.tn", "--run", "run", *more, code=code)

    def report(self):
        return json.loads((self.folder / "run" / "evaluation.json").read_text())

    def pictures(self):
        names = {path.name for path in (self.folder / "run").glob("*.svg")}
        for name in names:
            root = ElementTree.parse(self.folder / "run" / name).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        return names - {"loss.svg"}

    def test_two_classes(self):
        rows = [(0.9, 1), (0.8, 1), (0.7, 0), (0.6, 1), (0.4, 1), (0.3, 0), (0.2, 0), (0.1, 0)]
        self.trained(BINARY, "p,q,label\n" + "".join(f"{p},0,{y}\n" for p, y in rows))
        shown = self.evaluate().stdout
        self.assertIn("class of `label`", shown)
        self.assertIn("`1` above a threshold: AUC 0.8750, average precision 0.8875", shown)
        report = self.report()
        self.assertEqual((report["split"], report["rows"]), ("test", 8))
        self.assertEqual(report["classification"]["confusion"], [[3, 1], [1, 3]])
        binary = report["classification"]["binary"]
        # Of 16 pairs of a positive and a negative row, 14 are in order; precision where each
        # positive row is found is 1, 1, 3/4 and 4/5.
        self.assertEqual(binary["auc"], 14 / 16)
        self.assertAlmostEqual(binary["average_precision"], (1 + 1 + 3 / 4 + 4 / 5) / 4, delta=1e-12)
        self.assertAlmostEqual(binary["best_f1"]["f1"], 8 / 9, delta=1e-12)
        self.assertEqual(self.pictures(), {"confusion.svg", "roc.svg", "precision_recall.svg"})

    def test_named_classes_and_how_they_are_printed(self):
        rows = "a,b,c,label\n0.6,0.3,0.1,cat\n0.5,0.4,0.1,dog\n0.1,0.8,0.1,dog\n0.2,0.2,0.6,emu & <co>\n"
        self.trained(CLASSES, rows)
        shown = self.evaluate().stdout
        self.assertIn("cat                  0.5000     1.0000     0.6667          1", shown)
        self.assertIn("true ↓             cat         dog  emu & <co>\n"
                      "cat                  1           0           0\n"
                      "dog                  1           1           0\n", shown)
        report = self.report()["classification"]
        self.assertEqual([each["name"] for each in report["classes"]], ["cat", "dog", "emu & <co>"])
        self.assertEqual(report["accuracy"], 0.75)
        self.assertNotIn("binary", report)
        self.assertEqual(self.pictures(), {"confusion.svg"})
        flat = json.loads(self.evaluate("--json").stdout)
        self.assertEqual(list(flat)[:2], ["loss", "accuracy"])
        self.assertEqual(flat["recall[dog]"], 0.5)

    def test_numbers_for_classes(self):
        self.trained(NUMBERS, "a,b,c,label\n0.6,0.3,0.1,0\n0.5,0.4,0.1,2\n0.1,0.8,0.1,-1\n")
        shown = self.evaluate().stdout
        self.assertIn("1 rows have no class and aren't counted", shown)
        self.assertEqual(self.report()["classification"]["rows"], 2)
        self.put("rows.csv", "a,b,c,label\n0.6,0.3,0.1,0\n0.5,0.4,0.1,3\n")
        self.refused("evaluate", "given.tn", "--run", "run",
                     says=["rows.csv:3", "is class 3", "scores for 3 classes"])

    def test_no_classes_no_report(self):
        self.trained(BINARY, "p,q,label\n0.5,0,1\n0.25,0,0.5\n")
        self.assertIn("no class report: `label` of rows.csv:3 is no class", self.evaluate().stdout)
        self.assertNotIn("classification", self.report())
        self.assertEqual(self.pictures(), set())
        self.put("rows.csv", "p,q,label\n0.5,0,1\n1.5,0,0\n")
        self.assertIn("rows.csv:3 isn't in [0, 1], so it's no probability", self.evaluate().stdout)

    def test_how_classes_are_called(self):
        self.trained(BINARY.replace('column("label")', 'column("label", yes = "living")'),
                     "p,q,label\n0.9,0,living\n0.2,0,dead\n")
        self.evaluate()
        names = [each["name"] for each in self.report()["classification"]["classes"]]
        self.assertEqual(names, ["not living", "living"])
        self.put("given.tn", NUMBERS.replace('column("label")', 'column("label") |> category(3)'))
        self.put("rows.csv", "a,b,c,label\n0.1,0.8,0.1,dog\n0.1,0.3,0.6,cat\n0.5,0.4,0.1,dog\n")
        self.tenon("train", "given.tn", "--run", "other")
        self.tenon("evaluate", "given.tn", "--run", "other", "--output", "run")
        report = self.report()["classification"]
        self.assertEqual([each["name"] for each in report["classes"]], ["<unknown>", "dog", "cat"])
        self.assertEqual(report["confusion"], [[0, 0, 0], [1, 1, 0], [0, 0, 1]])

    def test_one_number_for_all_rows_is_no_score(self):
        self.trained(BINARY.replace("-> f32[batch] = scores[:, 0] + nothing", "-> f32 = mean(scores) + nothing"),
                     "p,q,label\n0.5,0,1\n0.25,0,0\n")
        self.assertIn("`predict` gives no scores of the classes of `label`", self.evaluate().stdout)

    def test_a_prediction_that_is_nan_names_its_row(self):
        program = BINARY.replace("scores[:, 0] + nothing", "sqrt(scores[:, 0]) + nothing") \
            .replace("(predict(scores) - label) ** 2", "label ** 2")
        self.trained(program, "p,q,label\n0.5,0,1\n-1,0,0\n")
        self.refused("evaluate", "given.tn", "--run", "run", says=["rows.csv:3", "NaN"])

    def test_an_earlier_evaluations_pictures_go(self):
        self.trained(BINARY, "p,q,label\n0.9,0,1\n0.5,0,0\n")
        self.evaluate()
        self.put("rows.csv", "p,q,label\n0.9,0,1\n0.5,0,1\n")
        shown = self.evaluate()
        self.assertIn("AUC -", shown.stdout)
        self.assertEqual(self.pictures(), {"confusion.svg", "precision_recall.svg"})
        (self.folder / "elsewhere").mkdir()
        self.evaluate("--output", "elsewhere")
        self.assertTrue((self.folder / "elsewhere" / "evaluation.json").exists())

    def test_threads_and_batches_change_no_bit(self):
        chance = random.Random(5)
        rows = "".join(f"{chance.random()},{chance.random()},{chance.randrange(2)}\n"
                       for _ in range(500))
        self.trained(BINARY, "p,q,label\n" + rows)
        self.evaluate("--threads", 1)
        files = ("evaluation.json", "confusion.svg", "roc.svg", "precision_recall.svg")
        first = [(self.folder / "run" / name).read_bytes() for name in files]
        self.evaluate("--threads", 2)
        self.assertEqual(first, [(self.folder / "run" / name).read_bytes() for name in files])
        self.evaluate("--batch", 7)
        self.assertEqual(first[1:], [(self.folder / "run" / name).read_bytes() for name in files[1:]])

    def test_what_is_required(self):
        self.trained(BINARY, "p,q,label\n0.9,0,1\n0.8,0,1\n0.7,0,0\n0.1,0,0\n")
        self.evaluate("--require", "accuracy>=0.75", "--require", "auc == 1", "--require", "loss<1")
        done = self.evaluate("--require", "accuracy>=0.9", "--require", "macro_f1 > 0.5",
                             "--require", "loss < 0.0375", code=3)
        self.assertEqual(done.stderr.splitlines(),
                         ["required: accuracy >= 0.9, but it is 0.75, off by 0.15",
                          "required: loss < 0.0375, but it is 0.1375, off by 0.1"])
        self.refused("evaluate", "given.tn", "--run", "run", "--require", "acuracy>=0.9",
                     says=["no figure `acuracy`", "`macro_f1`", "did you mean `accuracy`?"])
        self.refused("evaluate", "given.tn", "--run", "run", "--require", "accuracy=0.9",
                     says=["accuracy=0.9", "'accuracy>=0.9'"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
