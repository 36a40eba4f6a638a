"""Calls that share a tool of a certain capacity, and come again when they are refused: what became of each attempt."""

import heapq
import math

from draws import time_around

TOOL = "search"
BEGUN, ENDED = 0.25, 0.6
REFUSAL_MS = 5


def share_of_surge(p):
    return 1.5 * (ENDED - BEGUN) / p["load"]


class Call:
    def __init__(self, run, key, at, in_surge):
        p = run.params
        self.key, self.at, self.in_surge = key, at, in_surge
        self.service = time_around(run.random.fork(key).fork("ms"), p["delay_ms"], run.jitter)
        bounds = [min(p["backoff_ms"] * 2**again, 16 * p["backoff_ms"]) for again in range(p["max_retries"])]
        self.waits = [
            run.random.fork(f"{key}/backoff/{again}").uniform() * bound for again, bound in enumerate(bounds, 1)
        ]
        outcomes = [
            p["error_rate"] > 0 and run.tools.fork(f"outcome {key}/{attempt}").chance(p["error_rate"])
            for attempt in range(p["max_retries"] + 1)
        ]
        self.loses = all(outcomes)
        self.failure = f"failed/{key}" if self.loses else f"faulty_tool/{TOOL}"
        self.fails = outcomes if run.in_force(self.failure) else [False] * len(outcomes)


class Crowd:
    def __init__(self, run):
        self.run, p = run, run.params
        random = run.random.fork("crowd")
        self.length = p["calls"] * p["delay_ms"] / (p["capacity"] * p["load"])
        self.begun, self.ended = BEGUN * self.length, ENDED * self.length
        self.agent = random.fork("surge").integer(0, p["agents"] - 1)
        comings = []
        for index in range(p["calls"]):
            drawn = random.fork(f"call/{index}")
            comings.append(((index + drawn.uniform()) / p["calls"] * self.length, drawn.integer(0, p["agents"] - 1), False))
        more = max(1, math.floor(share_of_surge(p) * p["calls"] + 0.5)) if p["trigger"] == "surge" else 0
        for index in range(more):
            part = (index + random.fork(f"surge/{index}").uniform()) / more
            comings.append((self.begun + part * (self.ended - self.begun), self.agent, True))
        self.calls, counts = [], [0] * p["agents"]
        for at, agent, in_surge in sorted(comings, key=lambda coming: coming[0]):
            self.calls.append(Call(run, f"worker/{agent}/call/{counts[agent]}", at, in_surge))
            counts[agent] += 1

    def attempts(self, triggered):
        """Of each call when an attempt came, how long it waited and then took, and its status."""
        p = self.run.params
        trigger = p["trigger"] if triggered else "none"
        events, made, waiting = [], {call: [] for call in self.calls}, []
        state = {"busy": 0, "capacity": p["capacity"]}

        def push(at, *what):
            push.order += 1
            heapq.heappush(events, (at, push.order, what))

        push.order = 0

        def serve(now):
            while waiting and state["busy"] < state["capacity"]:
                begin(*waiting.pop(0), now)

        def begin(call, came, now):
            state["busy"] += 1
            factor = 3 if trigger == "slow_service" and self.begun <= now < self.ended else 1
            made[call].append((came, now - came, call.service * factor, 200))
            push(now + call.service * factor, "done")

        def again(call, attempt, now, status, ms):
            made[call].append((now, 0, ms, status))
            if attempt < len(call.waits):
                push(now + ms + call.waits[attempt], "comes", call, attempt + 1)

        if trigger == "capacity_loss":
            push(self.begun, "resized", p["capacity_left"])
            push(self.ended, "resized", p["capacity"])
        for call in self.calls:
            if trigger == "surge" or not call.in_surge:
                push(call.at, "comes", call, 0)
        while events:
            now, _, (what, *of) = heapq.heappop(events)
            if what == "resized":
                state["capacity"] = of[0]
            elif what == "done":
                state["busy"] -= 1
            else:
                call, attempt = of
                if call.fails[attempt]:
                    again(call, attempt, now, 503, call.service)
                elif state["busy"] < state["capacity"]:
                    begin(call, now, now)
                elif len(waiting) < p["queue"]:
                    waiting.append((call, now))
                else:
                    again(call, attempt, now, 429, REFUSAL_MS)
                continue
            serve(now)
        return made

    def refused(self, made):
        """When attempts were refused since the tool was out of balance."""
        return [came for all in made.values() for came, _, _, status in all if status == 429 and came >= self.begun]

    def blamed(self, made):
        """How many attempts show that the tool is out of balance."""
        p = self.run.params
        refused = self.refused(made)
        until = self.ended if p["trigger"] == "slow_service" else min(self.ended, min(refused, default=math.inf) + p["delay_ms"])
        served = [came + queued for all in made.values() for came, queued, _, status in all if status == 200]
        return sum(self.begun <= began <= until for began in served)


def lost(made):
    return sum(all != [] and all[-1][3] != 200 for all in made.values())


def refusals(made):
    return [status for all in made.values() for _, _, _, status in all if status == 429]


def kept(made, least):
    return sum(waited > least for all in made.values() for _, waited, _, _ in all)


def overloaded(made, usual_ms):
    """Four attempts were refused, or a call was that nobody answers, or five waited for very long."""
    turned_away = [all for all in made.values() if all and all[-1][3] != 200 and any(one[3] == 429 for one in all)]
    return len(refusals(made)) >= 4 or turned_away != [] or kept(made, max(3.1 * usual_ms, 105)) >= 5


def cascade(run):
    """Judged by how long the calls took that come whatever is planted."""
    run.chat("planner/chat")
    crowd, trigger = Crowd(run), run.params["trigger"]
    triggered = trigger != "none" and run.params.get("faults") != "off" and run.in_force(trigger)
    made = crowd.attempts(triggered)
    for call, all in made.items():
        if any(status == 503 for _, _, _, status in all):
            run.strikes(call.failure, call.loses)
    usual = crowd.attempts(False)
    usual_ms = run.params["delay_ms"]
    # A surge has calls of its own, and somebody has the tool where others are refused or wait.
    shows = crowd.blamed(made) or crowd.refused(made) or kept(made, max(3 * usual_ms, 100))
    if triggered and (trigger == "surge" or shows or refusals(usual) or kept(usual, 2 * usual_ms)):
        run.strikes(trigger, lost(made) > lost(usual))
        if not overloaded(made, usual_ms):
            run.harmless.add(trigger)
    took = sum(
        all[-1][0] + all[-1][1] + all[-1][2] - all[0][0] for call, all in made.items() if all and not call.in_surge
    )
    return took, lost(made) == 0
