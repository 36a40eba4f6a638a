#!/usr/bin/env bash
# Checks that the services run and do what they should. ./sanity_check.sh --help says more.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/scripts/shell
# shellcheck source=scripts/shell/terminal.sh
. "$here/terminal.sh"
# shellcheck source=scripts/shell/json.sh
. "$here/json.sh"
# shellcheck source=scripts/shell/http.sh
. "$here/http.sh"
# shellcheck source=scripts/shell/result.sh
. "$here/result.sh"
# shellcheck source=scripts/shell/expectations.sh
. "$here/expectations.sh"
# shellcheck source=scripts/shell/checks.sh
. "$here/checks.sh"
# shellcheck source=scripts/shell/where.sh
. "$here/where.sh"

usage() {
  fold_all <<'TEXT'
Usage: ./sanity_check.sh [--quick] [--wait SECONDS]
       ./sanity_check.sh --where [--wait SECONDS]

Waits until the primary agent is ready, then checks health, every scenario, a replay, the stream and a bad request on each agent that answers, and tool-service. Exits 0 when all of it holds, 1 otherwise; at once where nothing is running.

  --quick           small runs, under 15 s altogether; without it, runs have their defaults and the stream takes 20 s
  --where           checks nothing: waits, and says what is ready and where
  --wait SECONDS    how long to wait for an agent to be ready (60), also where nothing is running yet

Environment:
  AGENT_BASE        the primary agent (http://localhost:8080)
  SECONDARY_BASE    the secondary agent (http://localhost:8082); skipped when it does not answer and this is unset
  TOOL_BASE         tool-service (http://localhost:8081); skipped when it does not answer and this is unset
  INSPECTOR_BASE    trace-inspector (http://localhost:4319), which is asked whether every trace arrived whole and unchanged; skipped when it does not answer, or nothing came there, and this is unset
  AGENT_PORT, SECONDARY_PORT, TOOL_PORT, INSPECTOR_PORT
                    only the ports, as npm start and Compose take them
  NO_COLOR          no colours
TEXT
}

quick=false shows_where=false wait_s=''
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true ;;
    --where) shows_where=true ;;
    --wait)
      [[ ${2-} =~ ^[0-9]{1,5}$ ]] || die '--wait takes a number of seconds'
      wait_s=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "there is no $1: see --help" ;;
  esac
  shift
done

if [ -z "$wait_s" ]; then
  is_anything_there || { complain "Nothing is running (at $agent_base $WHY): $how_to_start." >&2 && exit 1; }
  wait_s=60
fi
if $shows_where; then
  where
  exit
fi

# What runs take with --quick, where they have a parameter of that name.
quick_params='delay_ms=10 llm_delay_ms=5 fanout=20 depth=10 max_steps=5 human_delay_s=0.2 rag_chunks=3 rag_chunk_size_kb=1'
quick_params="$quick_params duration_s=1 ttft_ms=100 tool_delay_ms=100 background_fanout=6"
# Runs are as long as an agent's defaults say; one that hangs must end some time.
patience_s=600
$quick && patience_s=15

# choose_params DEFAULTS: the quick parameters among a scenario's, in chosen.
choose_params() {
  local pair
  chosen=()
  for pair in $quick_params; do
    case " $1" in *" ${pair%%=*}="*) chosen+=("$pair") ;; esac
  done
}

heading() {
  echo
  say "$bold$1$plain  $2"
}

skip() {
  heading "$1" "$2"
  say "  ${yellow}skipped: $WHY, and $3 is not set$plain"
}

check_agent() {
  local base=$2 index name path
  traces=()
  heading "$1" "$base"
  check_ready "$base" "$wait_s" || return
  check_health "$base"
  check_bad_request "$base"
  check_listing "$base" || return
  for ((index = 0; index < ${#scenario_names[@]}; index++)); do
    name=${scenario_names[index]} path=${scenario_paths[index]}
    chosen=()
    if $quick; then choose_params "${scenario_params[index]}"; fi
    case $path in
      /run\?*) check_run "$base" "$name" "$path" ${chosen[@]+"${chosen[@]}"} ;;
      *)
        check_stream "$base" "$name" "$path" ${chosen[@]+"${chosen[@]}"}
        # The result is the same for a short one.
        choose_params "${scenario_params[index]}"
        check_events "$base" "$name" "$path" ${chosen[@]+"${chosen[@]}"}
        ;;
    esac
  done
  if [ -n "${INSPECTOR_BASE:-}" ] || is_ours "$inspector_base"; then check_arrival "$inspector_base"; fi
}

check_tool_service() {
  heading tool-service "$1"
  check_health "$1"
  check_tool_call "$1"
  check_injected_failure "$1"
}

check_agent 'primary agent' "$agent_base"
if [ -n "${SECONDARY_BASE:-}" ] || is_ours "$secondary_base"; then
  check_agent 'secondary agent' "$secondary_base"
else
  skip 'secondary agent' "$secondary_base" SECONDARY_BASE
fi
if [ -n "${TOOL_BASE:-}" ] || is_ours "$tool_base"; then
  check_tool_service "$tool_base"
else
  skip tool-service "$tool_base" TOOL_BASE
fi

colour=$green
[ $failed -eq 0 ] || colour=$red
printf '\n%s%s passed, %s failed%s\n' "$bold$colour" "$passed" "$failed" "$plain"
[ $failed -eq 0 ]
