# shellcheck shell=bash
# What must be true of a run, whatever was drawn in it.

# param NAME: what the run took, in VALUE.
param() {
  json_value "$1" "$PARAMS" || VALUE=0
}

# expected_spans: how many spans such a run leaves, in VALUE; empty where no formula is known, or a failure ended it early.
expected_spans() {
  local tool_calls retries llm_calls thoughts severed
  figure tool_calls && tool_calls=$VALUE
  figure retries && retries=$VALUE
  figure llm_calls && llm_calls=$VALUE
  param thoughts && thoughts=$VALUE
  param severed && severed=$VALUE
  case $OK-$SCENARIO in
    *-fanout) param fanout && VALUE=$((5 + (4 + thoughts) * VALUE)) ;;
    *-retry) param fanout && VALUE=$((5 + (2 + thoughts) * VALUE + 2 * (tool_calls + retries))) ;;
    *-cascade) param agents && VALUE=$((5 + VALUE + tool_calls + 2 * (tool_calls + retries))) ;;
    *-react | *-loop | *-silent | *-hallucination | *-overflow) VALUE=$((4 + llm_calls + 3 * tool_calls + 2 * retries)) ;;
    *-handoff) param hops && VALUE=$((9 + 8 * VALUE - 6 * severed)) ;;
    *-stream) param background_fanout && VALUE=$((6 + 3 * VALUE)) ;;
    true-chain) param depth && VALUE=$((5 + (4 + thoughts) * VALUE)) ;;
    true-dag) param fanout && VALUE=$((10 + (4 + thoughts) * VALUE)) ;;
    true-human) VALUE=$((7 + 3 * tool_calls)) ;;
    true-rag) param rag_chunks && VALUE=$((8 + VALUE)) ;;
    *) VALUE='' ;;
  esac
}

# judge NAME [param=value...]: whether the result that was read is one of NAME with these parameters; fails with WHY.
judge() {
  local name=$1 pair tool_errors refused sum
  shift
  WHY="it is a run of $SCENARIO"
  [ "$SCENARIO" = "$name" ] || return 1
  for pair in "$@"; do
    param "${pair%%=*}"
    WHY="${pair%%=*} was $VALUE, asked for ${pair#*=}"
    [ "$VALUE" = "${pair#*=}" ] || return 1
  done
  WHY="its trace id is $TRACE_ID"
  [[ $TRACE_ID =~ ^[0-9a-f]{32}$ ]] || return 1

  figure tool_errors && tool_errors=$VALUE
  # What a model makes up is refused.
  param hallucinations && refused=$VALUE
  param error_rate
  WHY="$tool_errors tool calls failed at an error_rate of 0"
  # What a tool of limited capacity refuses needs no chance.
  [ "$VALUE" != 0 ] || [ "$tool_errors" = "$refused" ] || [ "$name" = cascade ] || return 1
  case $name-$OK in
    stream-* | *-true) ;;
    react-* | loop-*)
      figure tool_calls && WHY="ok is false after $VALUE steps"
      param max_steps
      [ "$WHY" = "ok is false after $VALUE steps" ] || return 1
      ;;
    silent-*)
      param flaws
      WHY='ok is false, though every answer was right'
      [ "$VALUE" != 0 ] || [ "$tool_errors" != 0 ] || return 1
      ;;
    *)
      WHY='ok is false, though no tool call failed'
      [ "$tool_errors" != 0 ] || return 1
      ;;
  esac

  sum_of "$SPANS_AGENT" && sum=$VALUE
  sum_of "$SPANS_TOOL" && sum=$((sum + VALUE))
  WHY="$SPANS spans in all, but $sum by name"
  [ "$SPANS" = "$sum" ] || return 1
  expected_spans
  WHY="$SPANS spans, expected $VALUE"
  [ -z "$VALUE" ] || [ "$SPANS" = "$VALUE" ]
}

# decisions: what the seed decides, in VALUE: no times, no ids, nothing that depends on scheduling.
decisions() {
  local name all='' injected='"injected":(.*),"observed":'
  for name in tool_calls tool_errors retries llm_calls input_tokens output_tokens; do
    figure "$name"
    all="$all $name=$VALUE"
  done
  VALUE=$all
  if [[ $BODY =~ $injected ]]; then
    VALUE="$all $(printf %s "${BASH_REMATCH[1]}" | sed 's/"[0-9a-f]\{16\}"/"span"/g')"
  fi
}
