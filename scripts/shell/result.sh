# shellcheck shell=bash
# shellcheck disable=SC2034 # whoever sources this reads what it sets
# The answer of a run, taken apart.

# read_result: from BODY into OK, SCENARIO, ELAPSED_S, TRACE_ID, SEED, REPLAY, SUMMARY, PARAMS, SPANS, SPANS_AGENT and
# SPANS_TOOL (each `"name":count,...`), FINDING, and of that PLANTED: how what was found compares with what was planted. Fails
# when it is no such answer.
read_result() {
  local finding="\"finding\":[{]\"kind\":\"[^\"]*\",\"text\":$json_string"
  local spans='"spans":[{]"total":([0-9]+),"agent_app":[{]([^}]*)[}],"tool_service":[{]([^}]*)[}]'
  json_value ok "$BODY" && OK=$VALUE || return 1
  json_value scenario "$BODY" && SCENARIO=$VALUE || return 1
  json_value elapsed_s "$BODY" && ELAPSED_S=$VALUE || return 1
  json_value trace_id "$BODY" && TRACE_ID=$VALUE || return 1
  json_value seed "$BODY" && SEED=$VALUE || return 1
  json_value replay "$BODY" && REPLAY=$VALUE || return 1
  json_object params "$BODY" && PARAMS=$VALUE || return 1
  json_object summary "$BODY" && SUMMARY=$VALUE || return 1
  [[ $BODY =~ $spans ]] || return 1
  SPANS=${BASH_REMATCH[1]} SPANS_AGENT=${BASH_REMATCH[2]} SPANS_TOOL=${BASH_REMATCH[3]}
  FINDING=''
  if [[ $BODY =~ $finding ]]; then
    json_unescape "${BASH_REMATCH[1]}"
    FINDING=$VALUE
  fi
  PLANTED=''
  if [[ $FINDING =~ \;\ ((planted\ [0-9]+,|nothing\ planted,).*)$ ]]; then PLANTED=${BASH_REMATCH[1]}; fi
  case $FINDING in Disturbed:*) PLANTED="disturbed by the machine; $PLANTED" ;; esac
}

# figure NAME: a number of the summary, in VALUE.
figure() {
  json_value "$1" "$SUMMARY" || VALUE='?'
}

# sum_of COUNTS: the sum of `"name":count,...`, in VALUE.
sum_of() {
  local pattern='^[^"]*"[^"]*":([0-9]+)(.*)$' rest=$1
  VALUE=0
  while [[ $rest =~ $pattern ]]; do
    VALUE=$((VALUE + BASH_REMATCH[1]))
    rest=${BASH_REMATCH[2]}
  done
}

# read_events: the run's result from the server-sent events in BODY, back into BODY. TOKENS counts the tokens in order;
# fails with WHY when one is out of order or no result came.
read_events() {
  local line event='' result=''
  TOKENS=0
  while IFS= read -r line; do
    case $line in
      'event: '*) event=${line#event: } ;;
      'data: '*)
        case $event in
          token)
            json_value index "$line"
            if [ "$VALUE" != "$TOKENS" ]; then
              WHY="token $VALUE came where token $TOKENS was due"
              return 1
            fi
            TOKENS=$((TOKENS + 1))
            ;;
          result) result=${line#data: } ;;
          error)
            json_value detail "$line"
            WHY="it ended with an error: $VALUE"
            return 1
            ;;
        esac
        ;;
    esac
  done <<<"$BODY"
  WHY='no result came'
  BODY=$result
  [ -n "$result" ]
}
