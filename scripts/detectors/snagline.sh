#!/usr/bin/env bash
# Answers an exam by a detector that others publish, installed into a folder of its own: scripts/detectors/snagline.sh EXAM ANSWERS
set -euo pipefail
version=0.1.0
[[ $# -eq 2 ]] || { echo "Usage: $0 EXAM ANSWERS.jsonl" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
venv=${DETECTORS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/synthetic-agent-infrastructure/detectors}/snagline-$version
if [[ ! -x $venv/bin/snagline ]]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "snagline==$version"
fi
exec "$venv/bin/python" "$here/snagline_adapter.py" "$@"
