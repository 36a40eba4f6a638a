# shellcheck shell=bash
# Where the services are, and how to ask them.

# The ports are the ones that npm start and Compose were given.
agent_base=${AGENT_BASE:-http://localhost:${AGENT_PORT:-8080}}
secondary_base=${SECONDARY_BASE:-http://localhost:${SECONDARY_PORT:-8082}}
tool_base=${TOOL_BASE:-http://localhost:${TOOL_PORT:-8081}}
inspector_base=${INSPECTOR_BASE:-http://localhost:${INSPECTOR_PORT:-4319}}
agent_base=${agent_base%/} secondary_base=${secondary_base%/}
tool_base=${tool_base%/} inspector_base=${inspector_base%/}

how_to_start='npm start starts everything, docker-compose up --build --detach does so in containers'

# No .curlrc, and no proxy on the way to this machine.
curl_options=(
  -q --silent --show-error --no-buffer --connect-timeout 5
  --noproxy "localhost,127.0.0.1,::1,${no_proxy:-${NO_PROXY:-}}"
  --write-out '%{http_code} %{time_total} %{content_type}'
)

# start_request NAME URL [curl arguments]: curl in the background; its answer goes to files of that name.
start_request() {
  local files=$work/$1 url=$2
  shift 2
  : >"$files.body"
  : >"$files.head"
  curl "${curl_options[@]}" --dump-header "$files.head" --output "$files.body" "$@" "$url" \
    >"$files.figures" 2>"$files.error" &
}

name_unknown='its name is not known'
nothing_listens='nothing listens there'
closed='it closed the connection in the middle of it'
too_late='no answer in time'

# end_request NAME EXIT_STATUS: STATUS (000 when no answer came), TOOK_S and TYPE of an ended request, and BROKEN:
# why no answer came, or not all of it.
end_request() {
  STATUS=000 TOOK_S=0 TYPE='' BROKEN=''
  read -r STATUS TOOK_S TYPE <"$work/$1.figures"
  # A curl that was killed says nothing.
  STATUS=${STATUS:-000} TOOK_S=${TOOK_S:-0}
  case $2 in
    0) ;;
    6) BROKEN=$name_unknown ;;
    7) BROKEN=$nothing_listens ;;
    18 | 52 | 56) BROKEN=$closed ;;
    28) BROKEN=$too_late ;;
    *) BROKEN=$(<"$work/$1.error") BROKEN=${BROKEN:-curl ended with $2} ;;
  esac
}

# fetch WORDS URL [curl arguments]: requests, waits and leaves the answer as end_request does, and in BODY.
fetch() {
  local words=$1 ended=0
  shift
  start_request fetch "$@"
  await $! "$words" || ended=$?
  end_request fetch $ended
  BODY=$(<"$work/fetch.body")
}

# header NAME REQUEST: the value of an answer's header in VALUE.
header() {
  local name value
  VALUE=''
  while IFS=': ' read -r name value; do
    # curl writes names as the server does, and HTTP does not care for case.
    if [ "$(printf %s "$name" | tr '[:upper:]' '[:lower:]')" = "$1" ]; then VALUE=${value%$'\r'}; fi
  done <"$work/$2.head"
}

# Why a request was no success, in the server's own words where it has any, in WHY.
explain() {
  local status title
  if [ -n "$BROKEN" ]; then
    WHY=$BROKEN
  elif json_value title "$BODY"; then
    title=$VALUE
    # A stream that failed has a status of 200, and says what it would have been.
    json_value status "$BODY" && status=$VALUE
    json_value detail "$BODY"
    WHY="${status:-$STATUS} $title: $VALUE"
  else
    WHY="$STATUS ${TYPE:-without content}, which is no answer of these services"
  fi
}

# look_at BASE: who is there, in STATE: ours (SERVICE is its name), starting (something took the request and gave no answer:
# a container's port is open before its service is), foreign (some other program), or nobody. WHY says it in words.
look_at() {
  fetch "asking $1/health" "$1/health" --max-time 5
  explain
  STATE=foreign SERVICE=''
  case $BROKEN in
    '') if json_value status "$BODY" && json_value service "$BODY"; then STATE=ours SERVICE=$VALUE; fi ;;
    "$nothing_listens" | "$name_unknown") STATE=nobody ;;
    "$closed" | "$too_late") STATE=starting ;;
  esac
}

# is_ours BASE: whether it is a service of this project that answers there; fails with WHY.
is_ours() {
  look_at "$1"
  [ "$STATE" = ours ]
}

# link_to_trace TRACE_ID: where the page shows a trace, in VALUE; fails where there is no page. Asked once.
inspector_state=''
link_to_trace() {
  if [ -z "$inspector_state" ]; then
    inspector_state=absent
    is_ours "$inspector_base" && [ "$SERVICE" = trace-inspector ] && inspector_state=there
  fi
  VALUE="$inspector_base/?trace=$1"
  [ $inspector_state = there ]
}

# read_listing BASE: what an agent offers, in scenario_names, _paths, _descriptions, _params (name=default ...) and _notes (what
# each parameter takes and means, with tabs between); fails with WHY.
read_listing() {
  local name path description params notes
  scenario_names=() scenario_paths=() scenario_descriptions=() scenario_params=() scenario_notes=()
  fetch "asking $1 for its scenarios" "$1/scenarios" --header 'Accept: text/plain' --max-time 10
  if [ "$STATUS" != 200 ] || [ -n "$BROKEN" ]; then
    explain
    return 1
  fi
  while IFS=$'\t' read -r name path description params notes; do
    [ -n "$params" ] || continue
    scenario_names+=("$name")
    scenario_paths+=("$path")
    scenario_descriptions+=("$description")
    scenario_params+=("$params")
    scenario_notes+=("$notes")
  done <<<"$BODY"
  WHY="$1/scenarios lists nothing"
  [ ${#scenario_names[@]} -gt 0 ]
}
