# shellcheck shell=bash
# Sustained load: many runs, some of them at the same time.

# client NUMBER NAME PATH [param=value...]: takes one turn after another (fd 3: a letter a turn, the agent's) and writes a line
# for each: outcome, ms, and why there was no result.
client() {
  local number=$1 path=$3 turn ended outcome line
  trap 'end_jobs; exit' TERM
  shows_events=false
  shift 3
  while IFS= read -r -n 1 turn <&3; do
    case $turn in p) place_of primary ;; s) place_of secondary ;; esac
    ask_for_run "client$number" "$BASE" "$path" "$@"
    ended=0
    wait $! || ended=$?
    end_request "client$number" $ended
    BODY='' EVENT=''
    while IFS= read -r line || [ -n "$line" ]; do take_line "$line"; done <"$work/client$number.body"
    header retry-after "client$number"
    outcome=error WHY=''
    if [ "$STATUS" = 200 ] && [ -z "$BROKEN" ] && read_result; then
      outcome=failed
      [ "$OK" = true ] && outcome=ok
    else
      # What is refused may come back later, and is told when; an error is not.
      [ "$STATUS" = 503 ] && [ -n "$VALUE" ] && outcome=refused
      explain
    fi
    milliseconds "$TOOK_S"
    printf '%s %s%s\n' "$outcome" "$VALUE" "${WHY:+ $WHY}" >>"$work/outcomes"
  done
}

# milliseconds SECONDS, which has six decimals: in VALUE.
milliseconds() {
  local digits=${1/./}
  VALUE=$((10#$digits / 1000))
}

seconds_of() {
  VALUE=$(printf '%.3f s' "${1}e-3")
}

# count_outcomes: reads on in the outcomes (fd 4).
count_outcomes() {
  local outcome _ why
  while read -r outcome _ why <&4; do
    runs_done=$((runs_done + 1))
    case $outcome in
      ok) runs_ok=$((runs_ok + 1)) ;;
      failed) runs_failed=$((runs_failed + 1)) ;;
      refused) runs_refused=$((runs_refused + 1)) why_refused=${why_refused:-$why} ;;
      error) runs_broken=$((runs_broken + 1)) why_broken=${why_broken:-$why} ;;
    esac
  done
}

# tally OUTCOME COUNT COLOUR WORDS
tally() {
  if [ "$2" = 0 ]; then row "$1" 0; else row "$1" "$3$2$plain  $4"; fi
}

# show_totals WORDS START
show_totals() {
  local took=$((SECONDS - $2)) count name at line=''
  local -a times
  clear_progress
  echo
  say "$bold$runs_done $1, in $took s$plain"
  tally ok "$runs_ok" "$green" ''
  tally failed "$runs_failed" "$yellow" 'the agent did not reach its goal: simulated, as asked for'
  tally refused "$runs_refused" "$yellow" "$why_refused"
  tally errors "$runs_broken" "$red" "$why_broken"
  # shellcheck disable=SC2207 # one number a word
  times=($(sed -n -e 's/^ok //p' -e 's/^failed //p' "$work/outcomes" | sort -n))
  count=${#times[@]}
  [ "$count" -gt 0 ] || return 0
  for name in min:0 median:50 p95:95 max:100; do
    at=$(((count - 1) * ${name#*:} / 100))
    seconds_of "${times[at]}"
    line="$line${line:+, }${name%:*} $VALUE"
  done
  row times "$line"
  [ "$took" -eq 0 ] || row rate "$(printf '%.1f runs/s' "$((count * 10 / took))e-1")"
}

# One letter a run: the agent that plays it.
turns() {
  local turn letters=''
  for turn in $1; do letters=$letters${turn:0:1}; done
  for ((turn = 0; turn < repeat; turn++)); do printf %s "$letters"; done
}

# run_load AGENTS NAME PATH [param=value...]: $repeat runs on each agent, $parallel at a time. Fails when one had no result.
run_load() {
  local agents=$1 name=$2 words start=$SECONDS number pid pids='' lost
  shift
  words="runs of $name on ${agents/ / and }, $parallel at a time"
  runs_done=0 runs_ok=0 runs_failed=0 runs_refused=0 runs_broken=0 why_refused='' why_broken=''
  : >"$work/outcomes"
  exec 3< <(turns "$agents") 4<"$work/outcomes"
  for ((number = 1; number <= parallel; number++)); do
    client "$number" "$@" &
    pids="$pids $!"
  done
  # shellcheck disable=SC2064 # these words, this start
  trap "echo; count_outcomes; show_totals '$words' $start; exit 130" INT
  for pid in $pids; do
    while kill -0 "$pid" 2>/dev/null; do
      count_outcomes
      progress "$runs_done $words, $((SECONDS - start)) s"
      sleep 0.2
    done
  done
  count_outcomes
  # What a client had not taken, or not told, when it was ended.
  lost=$(($(turns "$agents" | wc -c) - runs_done))
  if [ "$lost" -gt 0 ]; then
    runs_broken=$((runs_broken + lost)) why_broken=${why_broken:-whoever was to ask for them was ended}
  fi
  show_totals "$words" "$start"
  [ $((runs_refused + runs_broken)) -eq 0 ]
}
