#!/bin/bash
# Creates .venv-bench with the peers that bench/ and tests/oracles compare with, once; prints its python.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=.venv-bench
if [[ ! -f $environment/complete ]]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q --upgrade pip >&2
  "$environment/bin/pip" install -q -r bench/requirements.txt >&2
  touch "$environment/complete"
fi
echo "$PWD/$environment/bin/python"
