# shellcheck shell=bash
# What is ready, and where: sanity_check.sh --where.

# is_anything_there: whether a service of this project answers anywhere, or is about to; fails with WHY, the agent's.
is_anything_there() {
  local base
  for base in "$inspector_base" "$tool_base" "$secondary_base" "$agent_base"; do
    look_at "$base"
    case $STATE in ours | starting) return 0 ;; esac
  done
  return 1
}

# place NAME BASE PATH SECONDS: waits for a service, and says in a line whether it is ready.
place() {
  if await_ready "$2" "$3" "$4"; then
    place_line "$green" ready "$1" "$2"
  else
    place_line "$yellow" 'not ready' "$1" "$2: $WHY"
    return 1
  fi
}

place_line() {
  say "$(printf '  %s%-9s%s  %-20s %s' "$1" "$2" "$plain" "$3" "$4")"
}

# The Collector takes an export of nothing.
collector_place() {
  local base=http://localhost:4318
  fetch "asking $base" "$base/v1/traces" --max-time 5 --header 'Content-Type: application/json' --data '{}'
  if answers 200 application/json; then
    place_line "$green" ready otel-collector "$base, gRPC on 4317; its spans: docker logs -f otel-collector"
  else
    place_line "$dim" absent otel-collector 'only in containers, and optional'
  fi
}

# where: fails when the primary agent is not ready in time. The others start beside it, and may have been left out.
where() {
  local ready=true
  place agent-app "$agent_base" /ready "$wait_s" || ready=false
  place agent-app-secondary "$secondary_base" /ready 5
  place tool-service "$tool_base" /health 5
  place trace-inspector "$inspector_base" /ready 5
  collector_place
  if is_ours "$inspector_base"; then printf '\nopen %s%s%s\n' "$bold" "$inspector_base" "$plain"; fi
  $ready
}
