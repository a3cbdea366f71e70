#!/bin/bash
# Writes data/glosses.csv from WordNet's nouns (package wordnet-base): the text of each gloss, and
# whether it describes something living: lexicographer files 05 (animal), 18 (person), 20 (plant).
#   prepare.sh [data.noun]
set -euo pipefail
source=${1:-/usr/share/wordnet/data.noun}
folder=$(cd "$(dirname "$0")" && pwd)/data

if [[ ! -r "$source" ]]; then
  echo "prepare: $source is not there; install the package wordnet-base, or name the file" >&2
  exit 1
fi
mkdir -p "$folder"
# A synset's line is `offset file type … | gloss`; the licence at the top starts with spaces.
LC_ALL=C awk '
  BEGIN { print "text,label" }
  /^[0-9]/ {
    gloss = substr($0, index($0, " | ") + 3)
    sub(/ +$/, "", gloss)
    gsub(/"/, "\"\"", gloss)
    printf "\"%s\",%d\n", gloss, ($2 == "05" || $2 == "18" || $2 == "20")
  }' "$source" >"$folder/glosses.csv.part"
mv "$folder/glosses.csv.part" "$folder/glosses.csv"
rows=$(grep -c . "$folder/glosses.csv")
echo "$folder/glosses.csv: $((rows - 1)) rows, $(grep -c ',1$' "$folder/glosses.csv") of something living"
