#!/bin/bash
# Creates .venv-bench with the peers that bench/ and tests/oracles compare with, once and again after
# bench/requirements.txt changed; prints its python.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv-bench
if [[ ! $environment/complete -nt bench/requirements.txt ]]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q --upgrade pip >&2
  "$environment/bin/pip" install -q -r bench/requirements.txt >&2
  touch "$environment/complete"
fi
echo "$PWD/$environment/bin/python"
