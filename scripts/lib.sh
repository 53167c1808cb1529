# Shared by the scripts in this folder; source it, do not run it.
# shellcheck shell=bash disable=SC2034  # what is set here is used where it is sourced
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Toolchains are shared by every clone of one user; what belongs to a clone lives in the clone.
CACHE=${HERDBOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/herdbook}
PYTHON=$ROOT/.venv/bin/python
export UV_LINK_MODE=${UV_LINK_MODE:-copy} UV_NO_PROGRESS=1

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() {
  printf '\033[31merror:\033[0m %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
  exit 1
}
# step WORDS -- COMMAND…: run it quietly, show its output only when it fails.
step() {
  local words=() log
  while [ "$1" != -- ]; do words+=("$1"); shift; done
  shift
  log=$(mktemp)
  printf '    %s … ' "${words[*]}"
  local start=$SECONDS
  if "$@" >"$log" 2>&1; then
    printf 'done (%ss)\n' $((SECONDS - start))
    rm -f "$log"
  else
    printf 'failed\n'
    tail -n 40 "$log" >&2
    fail "could not ${words[*]}" "the whole output is in $log"
  fi
}
# part WORDS -- COMMAND…: run it with its output, and note it for the summary; a failing part does
# not hide the ones after it.
PARTS=() FAILED_PARTS=0
part() {
  local words=() start=$SECONDS result=ok
  while [ "$1" != -- ]; do words+=("$1"); shift; done
  shift
  say "${words[*]}"
  "$@" || { result=FAILED; FAILED_PARTS=$((FAILED_PARTS + 1)); }
  PARTS+=("$(printf '%-6s %4ss  %s' "$result" $((SECONDS - start)) "${words[*]}")")
}
summary() {
  say "Summary"
  printf '    %s\n' "${PARTS[@]}"
}
