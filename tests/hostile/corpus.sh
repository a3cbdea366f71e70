#!/bin/sh
# Puts the programs of the repository that are short enough into a folder, as a seed for fuzz_check.
# usage: tests/hostile/corpus.sh FOLDER
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
find "$root/frontend" "$root/examples" "$root/tests" "$root/bench" -name '*.tn' -size -8192c |
  while read -r file; do
    cp "$file" "$1/$(echo "${file#"$root"/}" | tr / -)"
  done
