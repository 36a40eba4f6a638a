"""Answers an exam by SNAGLINE (PyPI `snagline`), with the thresholds it comes with.

    python snagline_adapter.py EXAM/ ANSWERS.jsonl

A trace is an episode. Every attempt of a tool call, every model call and every chunk is a step, handed over in the order in
which they ended, as a live monitor would see them: tool, arguments, latency, failure, tokens. Whatever a detector fires at is
named; where none fires, nothing is wrong.
"""

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

from snagline import Monitor
from snagline.events import StepEvent, make_signature


class Alerts:
    """A sink that keeps what was fired at, by episode."""

    def __init__(self):
        self.steps = defaultdict(list)

    def emit(self, risk):
        self.steps[risk.episode_id].append((risk.step_id, risk.trigger))


def value_of(value):
    (kind, inner), *_ = value.items()
    return int(inner) if kind == "intValue" else inner


def read_spans(path):
    """Spans by trace, with their attributes as a dict."""
    traces = defaultdict(list)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            for resource in json.loads(line).get("resourceSpans", []):
                for scope in resource.get("scopeSpans", []):
                    for span in scope.get("spans", []):
                        span["attributes"] = {a["key"]: value_of(a["value"]) for a in span.get("attributes", [])}
                        traces[span["traceId"]].append(span)
    return traces


def steps_of(trace_id, spans):
    """The steps of a trace, in the order in which they ended."""
    by_id = {span["spanId"]: span for span in spans}
    with_children = {span.get("parentSpanId") for span in spans}
    for span in sorted(spans, key=lambda each: int(each["endTimeUnixNano"])):
        attributes = span["attributes"]
        operation = attributes.get("gen_ai.operation.name")
        if operation == "execute_tool" and span["spanId"] not in with_children:
            yield step(trace_id, span, "tool_call", attributes.get("gen_ai.tool.name"), attributes)
        elif operation == "chat":
            yield step(trace_id, span, "message", None, attributes)
        elif span["name"] == "process_chunk":
            yield step(trace_id, span, "tool_call", attributes.get("gen_ai.data_source.id", "chunk"), attributes)
        elif attributes.get("http.request.method") and span.get("kind") == 3:
            call = by_id.get(span.get("parentSpanId"), span)
            name = call["attributes"].get("gen_ai.tool.name") or call["name"]
            yield step(trace_id, span, "tool_call", name, call["attributes"])


def step(trace_id, span, action, tool, said):
    attributes = span["attributes"]
    arguments = said.get("gen_ai.tool.call.arguments") or said.get("ati.rag.chunk.document") or span["spanId"]
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    return StepEvent(
        step_id=span["spanId"],
        episode_id=trace_id,
        timestamp=end / 1e9,
        action_type=action,
        action_signature=make_signature(action, tool, arguments),
        tool_name=tool or attributes.get("gen_ai.request.model"),
        latency_ms=(end - start) / 1e6,
        error=span.get("status", {}).get("code") == 2,
        error_type=attributes.get("error.type"),
        tokens_in=attributes.get("gen_ai.usage.input_tokens"),
        tokens_out=attributes.get("gen_ai.usage.output_tokens"),
        side_effect=False,
    )


def answer(question, fired, names):
    subject = question["question_id"].rsplit(":", 1)[1]
    spans = list(dict.fromkeys(span for span, _ in fired))
    if subject == "verdict":
        return "faulty" if fired else "healthy"
    if subject in ("spans", "waited"):
        return spans
    if subject == "entity":
        return sorted({names[span] for span in spans if names.get(span)})
    if subject == "kind" and not fired:
        return []
    return "unknown"


def main(exam, out):
    questions = [json.loads(line) for line in (exam / "questions.jsonl").read_text().splitlines() if line]
    traces = read_spans(exam / "spans.jsonl.gz")
    alerts = Alerts()
    monitor = Monitor.default(sinks=[alerts])
    names = {}
    for trace_id, spans in traces.items():
        for each in steps_of(trace_id, spans):
            names[each.step_id] = each.tool_name
            monitor.ingest(each)
        monitor.end_episode(trace_id)
    with out.open("w") as lines:
        for question in questions:
            fired = alerts.steps[question.get("trace_id")] if question["scope"] == "trace" else []
            said = answer(question, fired, names) if question["scope"] == "trace" else "unknown"
            lines.write(json.dumps({"question_id": question["question_id"], "answer": said}) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
