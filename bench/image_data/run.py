"""How much of its time training spends waiting for its pictures.

    examples/image_classifier/prepare.sh    # once: Fashion-MNIST as PNG folders
    python3 bench/image_data/run.py [--tenon build-release/tenon]

Trains the programs of examples/image_classifier for two epochs on some of the pictures, as the command
line does: the files are decoded, resized and augmented by threads that run ahead of the training. The
wait for the first batch, when there is nothing to run ahead of, counts.
Writes bench/results/image_data.json and prints a table. Exits non-zero where more than a hundredth of
the time went into waiting.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "bench"), str(root / "tests" / "oracles")]
from record import cpu_name  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--tenon", default=str(root / "build-release" / "tenon"))
args = parser.parse_args()
args.tenon = os.path.abspath(args.tenon)
example = root / "examples" / "image_classifier"
if not (example / "data" / "train").is_dir():
    sys.exit(f"there are no pictures: {example / 'prepare.sh'} writes them")


PICTURES = {"image_classifier.tn": 3000, "fashion.tn": 12000}


def link_pictures(folder, pictures):
    """As many pictures of each class, and a tenth of that for the test."""
    for split, count in (("train", pictures), ("test", pictures // 10)):
        classes = sorted((example / "data" / split).iterdir())
        for source in classes:
            target = folder / "data" / split / source.name
            target.mkdir(parents=True)
            for picture in sorted(source.iterdir())[:count // len(classes)]:
                (target / picture.name).symlink_to(picture)


def train(program, folder):
    link_pictures(folder, PICTURES[program])
    (folder / program).write_text((example / program).read_text())
    command = [args.tenon, "train", program, "--epochs", "2", "--run", program + ".run", "--seed", "1"]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True)
    found = re.findall(r"(\d+) rows/s .*\|", done.stdout), re.search(r"([\d.]+) % of it waiting", done.stdout)
    if done.returncode or not all(found):
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return {"program": program, "pictures": PICTURES[program], "rows_per_second": int(found[0][-1]), "waiting_percent": float(found[1][1])}


rows = []
for program in PICTURES:
    with tempfile.TemporaryDirectory() as name:
        rows.append(train(program, pathlib.Path(name)))
path = root / "bench" / "results" / "image_data.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps({"cpu": cpu_name(), "processors": os.cpu_count(), "rows": rows}, indent=1) + "\n")
print(f"{cpu_name()}, {os.cpu_count()} processors\n")
print(f"{'':24}{'pictures':>10}{'a second':>10}{'waiting':>10}")
for row in rows:
    print(f"{row['program']:24}{row['pictures']:10}{row['rows_per_second']:10}{row['waiting_percent']:9} %")
if any(row["waiting_percent"] > 1 for row in rows):
    sys.exit("\nmore than 1 % of the time was spent waiting for data")
