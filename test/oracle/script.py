"""A run of level 2 to 4, from its script: when all of it has happened, with some of its faults left out."""

import heapq
import json

USUAL_MODEL = "synthetic-llm-1"
CHECKPOINT_MS = 64 / 1024 * 200


class PlayedScript:
    """`in_force` says of a fault's id whether the run has it."""

    def __init__(self, script, in_force):
        there = [fault for fault in script["faults"] if in_force(fault["id"])]
        self.faults = {fault["id"]: fault.get("losesCall", False) or fault.get("breaksTrace", False) for fault in there}
        self.harmless = {fault["id"] for fault in there if fault.get("isHarmless")}
        self.out = {fault["id"] for fault in script["faults"]} - self.faults.keys()
        self.tokens = 0
        self.waited_ms = 0
        self.ok = True
        begin, _ = self.steps(script["before"], 0)
        end = max(begin, self.jobs(script, begin))
        end, _ = self.steps(script["after"], end)
        misled = any(fault.get("misleads") for fault in script["faults"] if fault["id"] in self.faults)
        self.ok = self.ok and not misled
        self.ms = end + CHECKPOINT_MS
        self.busy_ms = self.ms - self.waited_ms

    def value(self, figure):
        return figure["base"] if figure.get("by") in self.out else figure["value"]

    def happens(self, item):
        needed, unwanted = item.get("onlyWith"), item.get("onlyWithout")
        return needed not in self.out and (unwanted is None or unwanted in self.out)

    def jobs(self, script, begin):
        """When the last job has ended: in lanes by their order, those beside others with them, and the stream last."""
        jobs = script["jobs"]
        free = [begin] * max(1, script.get("lanes", len(jobs)))
        starts, ends, calls, streams = {}, {}, [], []
        for index, job in enumerate(jobs):
            ready = starts[job["beside"]] if "beside" in job else heapq.heappop(free)
            starts[index] = max([ready] + [ends[other] for other in job.get("after", [])])
            if any(step["kind"] == "stream" for step in job["steps"]):
                streams.append(index)
                continue
            ends[index], made = self.steps(job["steps"], starts[index])
            calls += made
            if "beside" not in job:
                heapq.heappush(free, ends[index])
        for index in streams:
            ends[index], _ = self.steps(jobs[index]["steps"], starts[index], calls)
        return max(ends.values(), default=begin)

    def steps(self, steps, at, beside=()):
        """One after another: when they have ended, and which calls of tools and models were under way when."""
        calls, lost = [], set()
        for step in steps:
            attempts = [attempt for attempt in step.get("attempts", []) if self.happens(attempt)]
            if not self.happens(step) or (step["kind"] == "call" and not attempts):
                continue
            at += self.value(step["gapMs"])
            begun, failed, wanted = at, False, None
            if step["kind"] == "call":
                at += sum(self.value(attempt["ms"]) for attempt in attempts)
                at += sum(self.value(attempt["waitMs"]) for attempt in attempts[1:])
                calls.append((step["tool"], begun, at))
                failed, wanted = attempts[-1]["status"] != 200, json.loads(step["arguments"]).get("id")
                if step.get("isRefusalAnAnswer"):
                    wanted = None
            elif step["kind"] == "stream":
                at = self.stream(step, at, beside)
            elif step["kind"] == "hand_over":
                at, made = self.steps(step["steps"], at + self.value(step["acceptMs"]))
                calls += made
            else:
                at += self.value(step["ms"])
            if step["kind"] == "wait":
                self.waited_ms += at - begun
            elif step["kind"] == "chat":
                calls.append((step.get("model", USUAL_MODEL), begun, at))
                self.tokens += self.value(step["inputTokens"]) - self.value(step["cachedTokens"]) + step["outputTokens"]
            elif step["kind"] == "chunk":
                failed, wanted = step["fails"], step["document"]
                self.tokens += 0 if step["isCached"] or failed else step["outputTokens"]
            if wanted is not None:
                (lost.add if failed else lost.discard)(wanted)
        self.ok = self.ok and not lost
        return at, calls

    def stream(self, step, at, beside):
        at += self.value(step["first"]["ms"])
        for tokens, interval in enumerate(step["intervalsMs"], 1):
            others = [name for name, begun, ended in beside if begun <= at < ended]
            interval *= 1 + step["sharing"] * others.count(step["model"])
            at += interval * (self.value(step["contention"]["factor"]) if step["contention"]["tool"] in others else 1)
            if tokens == step["stall"]["afterTokens"]:
                at += self.value(step["stall"]["ms"])
        self.tokens += step["inputTokens"] + 1 + len(step["intervalsMs"])
        return at
