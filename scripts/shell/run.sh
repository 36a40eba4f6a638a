# shellcheck shell=bash
# One run of generate_scenarios.sh: asked for, watched, shown.

# place_of AGENT: its address, in BASE.
place_of() {
  case $1 in
    primary) BASE=$agent_base ;;
    secondary) BASE=$secondary_base ;;
  esac
}

# ask_for_run REQUEST BASE PATH [param=value...]: starts a run; a stream comes as events, whose last one is the result.
ask_for_run() {
  local request=$1 url=$2$3 pair
  local -a arguments
  arguments=(--get --header 'Accept: application/json, text/event-stream')
  shift 3
  for pair in "$@"; do arguments+=(--data-urlencode "$pair"); done
  start_request "$request" "$url" "${arguments[@]}"
}

# take_line LINE: reads a line of an answer, JSON or events; BODY is the result or the problem in the end.
shows_events=true
take_line() {
  case $1 in
    'event: '*) EVENT=${1#event: } ;;
    'data: '*)
      case $EVENT in
        result | error) BODY=${1#data: } ;;
        *) if $shows_events; then show_event "${1#data: }"; fi ;;
      esac
      ;;
    '{'*) BODY=$1 ;;
  esac
}

# Words of a stream go from left to right, and to the next line where this one is full.
column=0
flow() {
  if [ $column -eq 0 ]; then
    clear_progress
  elif [ $((column + ${#1})) -gt $((columns - 2)) ]; then
    echo
    column=0
  fi
  if [ $column -eq 0 ]; then
    printf '  '
    column=2
  fi
  printf '%s%s%s ' "$2" "$1" "$plain"
  column=$((column + ${#1} + 1))
}

show_event() {
  local tool words=failed
  case $EVENT in
    token)
      json_value text "$1"
      flow "$VALUE" ''
      ;;
    tool)
      json_value tool "$1" && tool=$VALUE
      json_value duration_ms "$1"
      case $1 in *'"ok":true'*) words="${VALUE%%.*} ms" ;; esac
      flow "[$tool $words]" "$dim"
      ;;
  esac
}

# follow PID FILE WORDS: reads the answer while it comes; until there is something to show, a progress line says for how long.
follow() {
  local start=$SECONDS line rest='' ended=false
  EVENT='' BODY='' column=0
  exec 4<"$2"
  while :; do
    kill -0 "$1" 2>/dev/null || ended=true
    while IFS= read -r line <&4; do
      take_line "$rest$line"
      rest=''
    done
    rest=$rest$line
    $ended && break
    if [ $column -eq 0 ]; then progress "$3 $((SECONDS - start)) s"; fi
    sleep 0.1
  done
  exec 4<&-
  take_line "$rest"
  if [ $column -eq 0 ]; then clear_progress; else echo; fi
}

row() {
  say "$(printf '  %-12s %s' "$1" "$2")"
}

# command_row NAME COMMAND: one to be copied, which is whole only when nobody breaks it.
command_row() {
  printf '  %-12s %s\n' "$1" "$2"
}

# show_result BASE AGENT
show_result() {
  local line
  if [ "$OK" = true ]; then
    printf '%s%s on %s: ok%s\n' "$bold$green" "$SCENARIO" "$2" "$plain"
  else
    printf '%s%s on %s: the agent did not reach its goal%s\n' "$bold$yellow" "$SCENARIO" "$2" "$plain"
    row '' '(ok: false; a simulated failure: the run itself happened as it was asked for)'
  fi
  figure ideal_ms
  row elapsed "$(printf '%.3f s, ideal %.3f s' "$ELAPSED_S" "${VALUE}e-3")"
  row trace "$TRACE_ID"
  if link_to_trace "$TRACE_ID"; then command_row 'look at it' "$VALUE"; fi
  row seed "$SEED"
  sum_of "$SPANS_AGENT" && line="$SPANS: $VALUE of the agent"
  sum_of "$SPANS_TOOL" && line="$line, $VALUE of tool-service"
  row spans "$line"
  figure tool_calls && line="calls $VALUE"
  figure tool_errors && line="$line, failed $VALUE"
  figure retries && line="$line, retries $VALUE"
  figure max_in_flight
  row tools "$line, at most $VALUE at the same time"
  figure llm_calls && line="calls $VALUE"
  figure input_tokens && line="$line, tokens read $VALUE"
  figure output_tokens
  row model "$line, written $VALUE"
  [ -z "$FINDING" ] || row finding "$bold$FINDING$plain"
  json_value dropped_during_run "$BODY"
  [ "${VALUE:-0}" = 0 ] || row telemetry "$red$VALUE spans were dropped during this run$plain"
  command_row replay "curl '$1$REPLAY'"
}

# play AGENT NAME PATH [param=value...]: one run, shown. Fails when it was not answered with 200.
play() {
  local agent=$1 name=$2 ended=0 member
  shift 2
  place_of "$agent"
  echo
  ask_for_run run "$BASE" "$@"
  follow $! "$work/run.body" "$name on $agent"
  wait $! || ended=$?
  end_request run $ended
  if [ "$STATUS" = 200 ] && [ -z "$BROKEN" ] && read_result; then
    show_result "$BASE" "$agent"
    return 0
  fi
  explain
  say "$bold$red$name on $agent failed$plain: $WHY"
  for member in trace_id seed; do
    if json_value "$member" "$BODY"; then row "${member%_id}" "$VALUE"; fi
  done
  return 1
}
