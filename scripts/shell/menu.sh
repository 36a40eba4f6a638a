# shellcheck shell=bash
# The menu: agent, scenario, parameters, run; wrong input asks again.

# ask PROMPT: a line of input in ANSWER, without blanks around it; q and the end of the input leave.
ask() {
  printf '%s ' "$(say "$bold$1$plain")"
  IFS= read -r ANSWER || [ -n "$ANSWER" ] || { echo && exit 0; }
  read -r ANSWER <<<"$ANSWER"
  case $ANSWER in q | quit | exit) exit 0 ;; esac
}

# state_of BASE: whether an agent takes runs, in VALUE.
state_of() {
  fetch "asking $1/ready" "$1/ready" --max-time 5
  explain
  VALUE="${green}ready$plain"
  [ "$STATUS" = 200 ] || VALUE="$yellow$WHY$plain"
}

# choose_agent: agents (one or two names), and what the first of them offers.
choose_agent() {
  local known
  while :; do
    printf '\n%sAgents%s\n' "$bold" "$plain"
    state_of "$agent_base" && known=$VALUE
    say "  1  primary    $agent_base  $known"
    state_of "$secondary_base" && known=$VALUE
    say "  2  secondary  $secondary_base  $known"
    printf '  3  both\n'
    ask 'Which? (1, q leaves)'
    case ${ANSWER:-1} in
      1 | primary) agents=primary ;;
      2 | secondary) agents=secondary ;;
      3 | both) agents='primary secondary' ;;
      *)
        complain "\"$ANSWER\" is none of 1, 2, 3, primary, secondary, both."
        continue
        ;;
    esac
    offers_of "${agents%% *}" && return
    complain "$WHY"
  done
}

# choose_scenario: its index in chosen; fails when the answer was to go back.
choose_scenario() {
  local index
  while :; do
    printf '\n%sScenarios%s\n' "$bold" "$plain"
    for ((index = 0; index < ${#scenario_names[@]}; index++)); do
      say "$(printf '%3d  %-13s %s%s%s' $((index + 1)) "${scenario_names[index]}" "$dim" "${scenario_descriptions[index]}" "$plain")"
    done
    ask 'Which? (1, b goes back, q leaves)'
    [ "$ANSWER" != b ] || return 1
    find_scenario "${ANSWER:-1}" && return
    complain "\"$ANSWER\" is neither a scenario nor its number."
  done
}

# find_scenario NAME_OR_NUMBER: its index in chosen.
find_scenario() {
  for ((chosen = 0; chosen < ${#scenario_names[@]}; chosen++)); do
    case $1 in "${scenario_names[chosen]}" | $((chosen + 1))) return ;; esac
  done
  return 1
}

# start_params INDEX: names, defaults and (nothing changed) values of a scenario's parameters, what each takes and means.
start_params() {
  local pair note notes=${scenario_notes[$1]}
  param_names=() param_defaults=() param_values=() param_ranges=() param_notes=()
  for pair in ${scenario_params[$1]}; do
    note=${notes%%$'\t'*}
    notes=${notes#"$note"}
    notes=${notes#$'\t'}
    param_names+=("${pair%%=*}")
    param_defaults+=("${pair#*=}")
    param_values+=('')
    param_ranges+=("${note%%: *}")
    # Short, for people: what is a whole number can be seen.
    note=${note#a whole number from }
    param_notes+=("${note#a number from }")
  done
}

show_params() {
  local index mark value
  printf '\n%s%s%s\n' "$bold" "${scenario_names[chosen]}" "$plain"
  for ((index = 0; index < ${#param_names[@]}; index++)); do
    mark=' ' value=${param_defaults[index]:-"$dim(none)$plain"}
    if [ -n "${param_values[index]}" ]; then
      mark='*' value="$bold${param_values[index]}$plain  $dim(${param_defaults[index]:-none})$plain"
    fi
    say "$(printf '%3d %s %-22s %s' $((index + 1)) "$mark" "${param_names[index]}" "$value")  $dim${param_notes[index]}$plain"
  done
}

# set_param NAME_OR_NUMBER [VALUE]: asks for the value when it is absent, and again when it is bad; an empty one is the
# default again.
set_param() {
  local index range
  for ((index = 0; index < ${#param_names[@]}; index++)); do
    case $1 in
      "${param_names[index]}" | $((index + 1)))
        range=${param_ranges[index]}
        while [ $# -lt 2 ] || ! takes "$range" "$2"; do
          [ $# -lt 2 ] || complain "${param_names[index]}=$2: expected $range"
          ask "${param_names[index]}= (${range:+$range; }empty is the default, ${param_defaults[index]:-none})"
          set -- "$1" "$ANSWER"
        done
        param_values[index]=$2
        return
        ;;
    esac
  done
  complain "\"$1\" is neither a parameter of ${scenario_names[chosen]} nor its number."
}

# change_params: until it shall run; fails when the answer was to go back.
change_params() {
  while :; do
    show_params
    ask 'Enter runs it; a number or name=value changes, b goes back, q leaves:'
    case $ANSWER in
      '') return 0 ;;
      b) return 1 ;;
      *=*) set_param "${ANSWER%%=*}" "${ANSWER#*=}" ;;
      *) set_param "$ANSWER" ;;
    esac
  done
}

# collect_changes: what was changed, as name=value, in changes.
collect_changes() {
  local index
  changes=()
  for ((index = 0; index < ${#param_names[@]}; index++)); do
    [ -z "${param_values[index]}" ] || changes+=("${param_names[index]}=${param_values[index]}")
  done
}

# play_chosen: on each agent; fails when one of them gave no result.
play_chosen() {
  local agent all=0
  collect_changes
  for agent in $agents; do
    play "$agent" "${scenario_names[chosen]}" "${scenario_paths[chosen]}" ${changes[@]+"${changes[@]}"} || all=1
  done
  return $all
}

# say_command: how to have the same without the menu.
say_command() {
  local agent=$agents words=''
  [ "$agent" = "${agent% *}" ] || agent=both
  [ ${#changes[@]} -eq 0 ] || words=$(printf ' %q' "${changes[@]}")
  printf '%sthe same without the menu:\n  %s --agent %s --scenario %s%s%s\n' \
    "$dim" "$0" "$agent" "${scenario_names[chosen]}" "$words" "$plain"
}

menu() {
  printf '%sSynthetic agents: run a scenario, look at its trace%s\n' "$bold" "$plain"
  [ -n "$agents" ] && { offers_of "${agents%% *}" || { complain "$WHY" && agents=''; }; }
  [ -n "$agents" ] || choose_agent
  while :; do
    choose_scenario || { choose_agent && continue; }
    start_params "$chosen"
    while change_params; do
      play_chosen || continue
      say_command
      ask 'Enter: another scenario, r: again, p: its parameters, q: leave'
      while [ "$ANSWER" = r ]; do
        play_chosen
        ask 'Enter: another scenario, r: again, p: its parameters, q: leave'
      done
      [ "$ANSWER" = p ] || break
    done
  done
}
