# shellcheck shell=bash
# What a person sees, and how a script ends. Both scripts run on bash 3.2 and on BSD and GNU userland; keep these files ASCII.

# Times have a dot and sizes count bytes, whatever the language of the user.
export LC_ALL=C

on_terminal=false
[ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && on_terminal=true
# Width of the terminal.
columns=80
if $on_terminal; then columns=$(tput cols 2>/dev/null) || columns=80; fi
[ "$columns" -ge 20 ] || columns=20
bold='' dim='' green='' red='' yellow='' plain=''
if $on_terminal && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\033[1m' dim=$'\033[2m' green=$'\033[32m' red=$'\033[31m' yellow=$'\033[33m' plain=$'\033[0m'
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/agents.XXXXXX") || exit 1

# Ends what this shell has under way.
end_jobs() {
  local pids
  pids=$(jobs -p)
  # shellcheck disable=SC2086 # one word a process
  [ -z "$pids" ] || { kill $pids && wait; } 2>/dev/null
}

trap 'end_jobs; rm -rf "$work"' EXIT
trap 'echo; exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

die() {
  say "${0##*/}: $1" >&2
  exit 2
}

# visible TEXT: without its colours, in VALUE.
visible() {
  local code
  VALUE=$1
  for code in "$bold" "$dim" "$green" "$red" "$yellow" "$plain"; do
    [ -z "$code" ] || VALUE=${VALUE//"$code"/}
  done
}

# fold TEXT: prints a line, broken between words where the terminal ends. What follows stands below the line's second
# column (which begins after two blanks), or below its first.
fold() {
  local rest=$1 blanks word width=0 indent gap
  visible "$1"
  indent=${VALUE%%[! ]*}
  word=${VALUE#"$indent"}
  gap=${word#"${word%%  *}"}
  gap=${gap%%[! ]*}
  word=${word%%  *}
  if [ -n "$gap" ] && [ $((${#indent} + ${#word} + ${#gap})) -le $((columns / 2)) ]; then
    indent=$(printf '%*s' $((${#indent} + ${#word} + ${#gap})) '')
  fi
  while [ -n "$rest" ]; do
    blanks=${rest%%[! ]*}
    rest=${rest#"$blanks"}
    word=${rest%% *}
    rest=${rest#"$word"}
    visible "$word"
    if [ $width -gt ${#indent} ] && [ $((width + ${#blanks} + ${#VALUE})) -gt "$columns" ]; then
      printf '\n%s' "$indent"
      blanks='' width=${#indent}
    fi
    printf '%s%s' "$blanks" "$word"
    width=$((width + ${#blanks} + ${#VALUE}))
  done
  echo
}

# say TEXT: a line of output; whoever reads it from a pipe gets it in one piece.
say() {
  if $on_terminal; then fold "$1"; else printf '%s\n' "$1"; fi
}

complain() {
  say "$red$1$plain"
}

# The same for all lines of the input, on a terminal or not.
fold_all() {
  local line
  while IFS= read -r line; do fold "$line"; done
}

command -v curl >/dev/null || die 'curl is not installed'

# One line that is written again and again, and so must not wrap; nothing where there is no terminal.
progress() {
  if $on_terminal; then printf '\r\033[K%s%s%s' "$dim" "${1:0:columns-1}" "$plain"; fi
}

clear_progress() {
  if $on_terminal; then printf '\r\033[K'; fi
}

# await PID WORDS: its exit status, when it has ended; until then a progress line says for how long it runs.
await() {
  local start=$SECONDS
  if $on_terminal; then
    while kill -0 "$1" 2>/dev/null; do
      progress "$2 $((SECONDS - start)) s"
      sleep 0.1
    done
    clear_progress
  fi
  wait "$1"
}
