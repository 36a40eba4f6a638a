# shellcheck shell=bash
# The checks of sanity_check.sh: each asks a service something and says in one line what it saw.

passed=0 failed=0
# Name and trace id of the runs that were checked on an agent.
traces=()

pass() {
  passed=$((passed + 1))
  say "$(printf '  %sok%s    %-13s  %s' "$green" "$plain" "$1" "$2")"
}

fail() {
  failed=$((failed + 1))
  say "$(printf '  %sFAIL%s  %-13s  %s' "$red$bold" "$plain" "$1" "$2")"
}

note() {
  say "$(printf '  %sskip%s  %-13s  %s' "$yellow" "$plain" "$1" "$2")"
}

# answers STATUS TYPE: whether the answer is a whole one of that kind; fails with WHY.
answers() {
  explain
  [ -z "$BROKEN" ] || return 1
  if [ "$STATUS" != "$1" ]; then
    [ "$1" = 200 ] || WHY="$WHY, expected $1"
    return 1
  fi
  case $TYPE in "$2" | "$2;"*) return 0 ;; esac
  WHY="its content type is ${TYPE:-absent}, not $2"
  return 1
}

# await_ready BASE PATH SECONDS: waits for a service, and says what for. WAITED is for how long, s; fails with WHY.
await_ready() {
  local start=$SECONDS said=''
  while :; do
    fetch "asking $1$2" "$1$2" --max-time 5
    WAITED=$((SECONDS - start))
    if answers 200 application/json; then return 0; fi
    [ $WAITED -lt "$3" ] || return 1
    if $on_terminal; then
      progress "waiting for $1$2, $WAITED of $3 s: $WHY"
    elif [ "$said" != "$WHY" ]; then
      say "  waiting for $1$2, up to $3 s: $WHY"
      said=$WHY
    fi
    sleep 1
    clear_progress
  done
}

check_ready() {
  await_ready "$1" /ready "$2" || { fail ready "not after $WAITED s: $1/ready: $WHY" && return 1; }
  pass ready "after $WAITED s"
}

check_health() {
  local service
  fetch 'asking for its health' "$1/health" --max-time 10
  answers 200 application/json || { fail health "$WHY" && return; }
  json_value service "$BODY" || { fail health 'it does not say which service it is' && return; }
  service=$VALUE
  json_value status "$BODY"
  [ "$VALUE" = ok ] || { fail health "its status is \"$VALUE\"" && return; }
  json_value in_flight "$BODY"
  pass health "$service, $VALUE in flight"
}

check_listing() {
  read_listing "$1" || { fail scenarios "$WHY" && return 1; }
  pass scenarios "${#scenario_names[@]}: ${scenario_names[*]}"
}

# ask_for_run BASE PATH ACCEPT [param=value...]
ask_for_run() {
  local url=$1$2 accept=$3 pair
  local -a arguments
  shift 3
  arguments=(--get --header "Accept: $accept")
  for pair in "$@"; do arguments+=(--data-urlencode "$pair"); done
  fetch "running /${url#*://*/}" "$url" --max-time "$patience_s" "${arguments[@]}"
}

# name_trace TRACE_ID: where it is to be seen, or its id where nothing shows it, in VALUE.
name_trace() {
  link_to_trace "$1" || VALUE="trace $1"
}

# run_line FIGURES: what one line says of the result that was read, in VALUE.
run_line() {
  local figures=$1
  [ "$OK" = true ] || figures="$figures, ok: false as drawn"
  name_trace "$TRACE_ID"
  VALUE=$(printf '%7.3f s  %5s spans  %-22s  %s' "$ELAPSED_S" "$SPANS" "$figures" "$VALUE")
}

# tell_planted: what was planted in the run that was read, and what was found.
tell_planted() {
  [ -z "$PLANTED" ] || say "$(printf '  %-19s %s' '' "$dim$PLANTED$plain")"
}

# check_run BASE NAME PATH [param=value...]
check_run() {
  local base=$1 name=$2 path=$3 figures
  shift 3
  ask_for_run "$base" "$path" application/json "$@"
  answers 200 application/json || { fail "$name" "$WHY" && return; }
  read_result || { fail "$name" 'the answer is not that of a run' && return; }
  judge "$name" "$@" || { fail "$name" "$WHY (trace $TRACE_ID)" && return; }
  figure tool_calls && figures="calls $VALUE"
  figure retries
  [ "$VALUE" = 0 ] || figures="$figures, retries $VALUE"
  run_line "$figures"
  pass "$name" "$VALUE"
  tell_planted
  traces+=("$name $TRACE_ID")
  [ "$name" = retry ] || return 0
  check_replay "$base"
}

# check_replay BASE: the path that repeats the run that was read makes the same decisions.
check_replay() {
  local before line
  decisions && before=$VALUE
  fetch "running /${REPLAY#*/}" "$1$REPLAY" --max-time "$patience_s"
  answers 200 application/json || { fail replay "$WHY" && return; }
  read_result || { fail replay 'the answer is not that of a run' && return; }
  decisions
  [ "$VALUE" = "$before" ] || { fail replay "seed $SEED decided$VALUE, before:$before" && return; }
  figure retries && line=$VALUE
  figure output_tokens
  pass replay "seed $SEED decides the same again: retries $line, tokens written $VALUE"
}

# check_stream BASE NAME PATH [param=value...]: lines of tokens and nothing else.
check_stream() {
  local base=$1 name=$2 path=$3 line tokens=0
  shift 3
  ask_for_run "$base" "$path" text/plain "$@"
  answers 200 text/plain || { fail "$name" "$WHY" && return; }
  while IFS= read -r line; do
    [ "$line" = "token $tokens" ] || { fail "$name" "\"$line\" came where token $tokens was due" && return; }
    tokens=$((tokens + 1))
  done <<<"$BODY"
  header x-trace-id fetch
  [[ $VALUE =~ ^[0-9a-f]{32}$ ]] || { fail "$name" 'there is no x-trace-id' && return; }
  name_trace "$VALUE"
  pass "$name" "$(printf '%7.3f s  %5s %-29s  %s' "$TOOK_S" "$tokens" 'tokens, in order' "$VALUE")"
}

# check_events BASE NAME PATH [param=value...]: the same as events, the last of which is the result.
check_events() {
  local base=$1 name=$2 path=$3
  shift 3
  ask_for_run "$base" "$path" text/event-stream "$@"
  answers 200 text/event-stream || { fail "$name events" "$WHY" && return; }
  read_events || { fail "$name events" "$WHY" && return; }
  read_result || { fail "$name events" 'the last event is not the result of a run' && return; }
  judge "$name" "$@" || { fail "$name events" "$WHY (trace $TRACE_ID)" && return; }
  figure tool_calls
  run_line "calls $VALUE, tokens $TOKENS"
  pass "$name events" "$VALUE"
  tell_planted
  traces+=("$name $TRACE_ID")
}

# check_arrival BASE: every trace of the runs that were checked is at trace-inspector, whole and unchanged.
check_arrival() {
  local entry verdict spans=0 count=0
  for entry in ${traces[@]+"${traces[@]}"}; do
    fetch "waiting for the trace of ${entry% *}" "$1/traces/${entry#* }/verify?wait_s=15" --max-time 30
    answers 200 application/json || { fail arrival "${entry% *}: $WHY" && return; }
    json_value verdict "$BODY" || { fail arrival "${entry% *}: the answer has no verdict" && return; }
    verdict=$VALUE
    # What is missing for a reason of its own was not lost on the way.
    case $verdict in
      forgotten | queued | elsewhere | no_ledger)
        json_value note "$BODY"
        note 'arrival' "${entry% *} is $verdict: $VALUE"
        return
        ;;
    esac
    if [ "$verdict" = absent ] && [ $count -eq 0 ] && [ -z "${INSPECTOR_BASE:-}" ]; then
      note 'arrival' 'no span came to trace-inspector: traces go elsewhere, or none were sampled; INSPECTOR_BASE makes this a failure'
      return
    fi
    [ "$verdict" = complete ] || { fail arrival "${entry% *} is $verdict: $1/traces/${entry#* }/verify" && return; }
    json_value received "$BODY"
    spans=$((spans + VALUE)) count=$((count + 1))
  done
  pass arrival "$count traces, $spans spans: all there, once, unchanged"
}

check_bad_request() {
  fetch 'asking for nonsense' "$1/run?scenario=fanout&fanout=abc" --max-time 10
  answers 400 application/problem+json || { fail 'bad request' "$WHY" && return; }
  json_value parameter "$BODY"
  [ "$VALUE" = fanout ] || { fail 'bad request' "it does not name fanout: $WHY" && return; }
  explain
  pass 'bad request' "$WHY"
}

check_tool_call() {
  local member
  fetch 'calling a tool' "$1/tool/search?delay_ms=20&error_rate=0" --max-time 10
  answers 200 application/json || { fail 'tool call' "$WHY" && return; }
  for member in 'tool search' 'delay_ms 20' 'ok true'; do
    json_value "${member% *}" "$BODY"
    [ "$VALUE" = "${member#* }" ] || { fail 'tool call' "${member% *} is \"$VALUE\", not ${member#* }" && return; }
  done
  pass 'tool call' "$(printf '%7.3f s  search took delay_ms 20, as asked' "$TOOK_S")"
}

check_injected_failure() {
  fetch 'calling a tool that fails' "$1/tool/search?delay_ms=1&error_rate=1" --max-time 10
  answers 503 application/problem+json || { fail 'failing tool' "$WHY" && return; }
  header retry-after fetch
  [ -z "$VALUE" ] || { fail 'failing tool' "it has a Retry-After: $VALUE" && return; }
  explain
  pass 'failing tool' "$WHY"
}
