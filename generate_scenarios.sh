#!/usr/bin/env bash
# Runs scenarios, from a menu or from the command line. ./generate_scenarios.sh --help says more.
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
# shellcheck source=scripts/shell/run.sh
. "$here/run.sh"
# shellcheck source=scripts/shell/load.sh
. "$here/load.sh"
# shellcheck source=scripts/shell/range.sh
. "$here/range.sh"
# shellcheck source=scripts/shell/menu.sh
. "$here/menu.sh"

usage() {
  fold_all <<'TEXT'
Usage: ./generate_scenarios.sh
       ./generate_scenarios.sh --scenario NAME [OPTION...] [PARAMETER=VALUE...]
       ./generate_scenarios.sh --list

Without options it is a menu: agent, scenario, parameters.

  --scenario NAME   runs this scenario, with the parameters that are given and the agent's defaults for all others
  --agent AGENT     primary (the default), secondary, or both
  --repeat N        N runs on each agent, and a count of their results; npm run load has runs at a rate, whatever the agents do
  --parallel M      M of them at a time (1)
  --list            the scenarios of the agent and their parameters

A run that was answered exits 0, also when its agent did not reach its goal (ok: false): failures are simulated, and that run happened as it was asked for. A run that was refused, or had no answer, exits 1; a wrong option exits 2.

Environment:
  AGENT_BASE        the primary agent (http://localhost:8080)
  SECONDARY_BASE    the secondary agent (http://localhost:8082)
  INSPECTOR_BASE    trace-inspector, whose page shows the traces (http://localhost:4319)
  AGENT_PORT, SECONDARY_PORT, INSPECTOR_PORT
                    only the ports, as npm start and Compose take them
  NO_COLOR          no colours

Examples:
  ./generate_scenarios.sh --scenario fanout fanout=50 seed=x
  ./generate_scenarios.sh --scenario retry --repeat 200 error_rate=0.3
TEXT
}

agents='' scenario='' repeat='' parallel='' lists=false
params=()

# whole_number OPTION VALUE MAX
whole_number() {
  if ! [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || [ "$2" -gt "$3" ]; then
    die "$1 takes a whole number from 1 to $3, not \"$2\""
  fi
}

while [ $# -gt 0 ]; do
  case $1 in
    --agent | --scenario | --repeat | --parallel)
      [ $# -gt 1 ] || die "$1 takes a value"
      option=$1 value=$2
      shift
      ;;
    --agent=* | --scenario=* | --repeat=* | --parallel=*) option=${1%%=*} value=${1#*=} ;;
    --list) option=$1 value='' ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) die "there is no option $1: see --help" ;;
    ?*=*) option='' value=$1 ;;
    *) die "\"$1\" is neither an option nor PARAMETER=VALUE: see --help" ;;
  esac
  case $option in
    --agent)
      case $value in
        primary | secondary) agents=$value ;;
        both) agents='primary secondary' ;;
        *) die "--agent takes primary, secondary or both, not \"$value\"" ;;
      esac
      ;;
    --scenario) scenario=$value ;;
    --repeat) whole_number "$option" "$value" 1000000 && repeat=$value ;;
    --parallel) whole_number "$option" "$value" 500 && parallel=$value ;;
    --list) lists=true ;;
    *) params+=("$value") ;;
  esac
  shift
done

# offers_of AGENT: the scenarios of an agent; fails with WHY.
offers_of() {
  place_of "$1"
  read_listing "$BASE" || { WHY="The $1 agent at $BASE has no scenarios: $WHY. Is it running? $how_to_start" && return 1; }
}

list() {
  local index param
  for ((index = 0; index < ${#scenario_names[@]}; index++)); do
    say "$bold${scenario_names[index]}$plain  ${scenario_descriptions[index]}"
    start_params "$index"
    for ((param = 0; param < ${#param_names[@]}; param++)); do
      say "$(printf '  %-26s  ' "${param_names[param]}=${param_defaults[param]}")$dim${param_notes[param]}$plain"
    done
  done
}

if ! $lists && [ -z "$scenario" ]; then
  [ -z "$repeat$parallel${params[*]+${params[*]}}" ] || die 'which scenario? --scenario NAME says so, --list names them'
  menu
fi

agents=${agents:-primary}
offers_of "${agents%% *}" || { complain "$WHY" >&2 && exit 1; }
if $lists; then
  list
  exit
fi
if find_scenario "$scenario"; then
  set -- "${scenario_names[chosen]}" "${scenario_paths[chosen]}"
else
  # The agent knows best what there is instead.
  set -- "$scenario" /run "scenario=$scenario"
fi
set -- "$@" ${params[@]+"${params[@]}"}
if [ -n "$repeat$parallel" ]; then
  parallel=${parallel:-1} repeat=${repeat:-$parallel}
  run_load "$agents" "$@"
else
  answered=0
  for agent in $agents; do play "$agent" "$@" || answered=1; done
  exit $answered
fi
