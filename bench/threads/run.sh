#!/bin/bash
# Our gang of threads beside LLVM's OpenMP and oneTBB: builds and runs bench/threads.
# The peers are the Debian packages libomp-22-dev and libtbb-dev.
set -euo pipefail
cd "$(dirname "$0")/../.."
for package in libomp-22-dev libtbb-dev; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || {
    echo "run.sh: the peer is missing: apt-get install $package" >&2
    exit 1
  }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clang++-22 -std=c++20 -O2 -fopenmp -I. bench/threads/Threads.cpp runtime/core/Gang.cpp -ltbb -pthread \
  -o "$folder/threads"
"$folder/threads" "$@"
