"""One run, played from its seed and parameters alone, with all of its faults or only some of them."""

import heapq
import math
import re

from crowd import cascade
from draws import Random, time_around

TOOLS = ["search", "database", "calculator", "calendar", "mail"]
FLAWS = ["error", "empty", "truncated"]
CHECKPOINT_MS = 64 / 1024 * 200
OBSERVED = 120


class Run:
    """`in_force` says of a fault's id whether this run has it."""

    def __init__(self, scenario, params, seed, in_force):
        self.params = params
        self.random = Random(seed).fork(scenario)
        self.tools = Random(self.random.identifier("tools", 32))
        self.in_force = in_force
        # By id: whether a call was lost by it for good.
        self.faults = {}
        # Those that did not bring about what their scenario is for.
        self.harmless = set()
        self.tokens = 0
        self.waited_ms = 0
        self.jitter = params["jitter"]
        self.asked = [word.split(":") for word in params.get("faults", "own").split(",")]
        self.straggler = self.draw_straggler()

    def draw_straggler(self):
        words = [word for word in self.asked if word[0] == "straggler"]
        if not words or self.params.get("stragglers", 0) > 0:
            return None
        units = [self.params[name] for name in ("fanout", "depth", "background_fanout") if name in self.params]
        index = self.random.fork("straggler").integer(0, max(1, units[0] if units else 1) - 1)
        return index, float(words[0][1]) if len(words[0]) > 1 else 10.0

    def strikes(self, fault, loses_call=False):
        if not self.in_force(fault):
            return False
        self.faults[fault] = self.faults.get(fault, False) or loses_call
        return True

    # What agents do: each returns how long it takes, and whether it worked.

    def chat(self, key, new_tokens=0):
        return Conversation(self, key, new_tokens).ask(key)

    def completion(self, random, median_ms, new_tokens, sent_tokens=0, most=math.inf):
        """How long a model call takes, what it was sent, and what of its answer is sent again."""
        jitter = self.jitter if median_ms else 0
        times = random.lognormal(1, jitter)
        prompt = random.integer(150, 350)
        first = min(0.4 * random.lognormal(1, jitter / 2), 0.9 * times)
        answer = max(1, math.floor((times - first) / 0.6 * 70 + 0.5))
        reasoning = math.floor(answer * (0.2 + 0.4 * random.uniform()))
        sent = (sent_tokens or prompt) + new_tokens
        # An answer that is held to fewer tokens takes less of the time of the median one.
        lost_ms = max(0, answer - most) * 0.6 * median_ms / 70
        answer, reasoning = min(answer, most), min(reasoning, most)
        # What the call before was sent is cached, in whole blocks.
        self.tokens += sent - sent_tokens // 32 * 32 + answer
        return max(0, min(median_ms * times, 3_600_000) - lost_ms), sent, answer - reasoning

    def model_factor(self):
        factor = math.prod(float(word[1]) for word in self.asked if word[0] == "slow_model")
        return factor if factor > 1 and self.strikes("slow_model") else 1

    def call(self, key, tool, delay_ms, own=None, rate=None, retry=None):
        """A tool call with its attempts; `own` is the fault that its scenario plants, with its factor."""
        slower = [own] if own else []
        slower += [(f"tool_slow/{tool}", float(word[2])) for word in self.asked if word[0] == "slow_tool" and word[1] == tool]
        number = re.findall(r"\d+", key)
        if self.straggler and self.straggler[0] == (int(number[-1]) if number else 0):
            slower.append((f"straggler/{key}", self.straggler[1]))
            self.straggler = None
        slower = [(fault, factor) for fault, factor in slower if factor > 1 and self.strikes(fault)]
        factor = math.prod(factor for _, factor in slower)
        asked = self.params.get("error_rate", 0)
        rate = asked if rate is None else rate
        rates = [float(word[2]) for word in self.asked if word[0] == "failing_tool" and word[1] == tool]
        rate = max([rate, *rates])
        attempts = 1 + (retry["max_retries"] if retry else 0)
        outcome = lambda attempt: rate > 0 and self.tools.fork(f"outcome {key}/{attempt}").chance(rate)
        lost = all(outcome(attempt) for attempt in range(attempts))
        failure = f"failed/{key}" if lost and rate <= asked else f"faulty_tool/{tool}"
        total = 0
        for attempt in range(attempts):
            drawn = time_around(self.random.fork(f"{key}/{attempt}"), delay_ms, self.jitter)
            ms = min(drawn * factor, 3_600_000)
            total += ms
            failed = outcome(attempt) and self.strikes(failure, lost)
            if not failed:
                break
            if attempt + 1 < attempts:
                total += self.backoff(key, attempt + 1, retry)
        return total, not failed

    def backoff(self, key, attempt, retry):
        bound = min(retry["backoff_ms"] * 2 ** (attempt - 1), retry["backoff_max_ms"])
        if retry["backoff_jitter"] == "none":
            return bound
        return self.random.fork(f"{key}/backoff/{attempt}").uniform() * bound


class Conversation:
    """What an agent is sent by its model and its tools, which is sent again with every call."""

    def __init__(self, run, agent, new_tokens=0):
        self.run, self.agent = run, agent
        self.calls, self.sent, self.new = 0, 0, new_tokens

    def ask(self, key=None, most=math.inf):
        random = self.run.random.fork(key or f"{self.agent}/chat/{self.calls}")
        self.calls += 1
        ms, self.sent, self.new = self.run.completion(
            random, self.run.params["llm_delay_ms"], self.new, self.sent, most
        )
        return min(ms * self.run.model_factor(), 3_600_000)

    def act(self, key, tool, delay_ms, own=None, rate=None, retry=None, thoughts=1):
        ms = sum(self.ask() for _ in range(thoughts))
        took, ok = self.run.call(key, tool, delay_ms, own, rate, retry)
        self.new += OBSERVED
        return ms + took, ok


def in_lanes(works, lanes):
    """Work begun in order as lanes come free: when all has ended, with when each began."""
    free = [0.0] * min(lanes, max(1, len(works)))
    begun = []
    for ms in works:
        at = heapq.heappop(free)
        begun.append(at)
        heapq.heappush(free, at + ms)
    return max(free), begun


def tool_of(index):
    return TOOLS[index % len(TOOLS)]


def stragglers_of(run):
    p = run.params
    slow = set(run.random.fork("planner").fork("stragglers").sample(p["fanout"], p["stragglers"]))
    return lambda index, key: (f"straggler/{key}", p["straggler_factor"]) if index in slow else None


# Scenarios: each returns how long its workflow takes and whether it reaches its goal.


def fanout(run):
    p = run.params
    ms = run.chat("planner/chat")
    straggler = stragglers_of(run)
    calls = []
    for index in range(p["fanout"]):
        worker, key = Conversation(run, f"worker/{index}"), f"worker/{index}/call"
        calls.append(worker.act(key, tool_of(index), p["delay_ms"], straggler(index, key), thoughts=p["thoughts"]))
    return ms + in_lanes([took for took, _ in calls], p["concurrency"])[0], all(ok for _, ok in calls)


def dag(run):
    p = run.params
    ms = run.chat("planner/chat")
    straggler = stragglers_of(run)
    calls = []
    for index in range(p["fanout"]):
        branch, key = Conversation(run, f"branch/{index}"), f"branch/{index}/call"
        calls.append(branch.act(key, tool_of(index), p["delay_ms"], straggler(index, key), thoughts=p["thoughts"]))
    ms += max(took for took, _ in calls)
    took, joined = run.call("aggregator/call", "aggregate", p["delay_ms"])
    ms += took
    if joined:
        ms += run.chat("aggregator/chat", OBSERVED * p["fanout"])
    return ms, joined and all(ok for _, ok in calls)


def chain(run):
    p = run.params
    ms = run.chat("planner/chat")
    for index in range(p["depth"]):
        link = Conversation(run, f"link/{index}", OBSERVED if index else 0)
        took, ok = link.act(f"link/{index}/call", tool_of(index), p["delay_ms"], thoughts=p["thoughts"])
        ms += took
        if not ok:
            return ms, False
    return ms, True


def retry(run):
    p = run.params
    ms = run.chat("planner/chat")
    rates = failure_rates(run.random.fork("planner").fork("faulty-tools"), p["fanout"], p["error_rate"], p["faulty_tools"])
    calls = []
    for index in range(p["fanout"]):
        worker, tool = Conversation(run, f"worker/{index}"), tool_of(index)
        calls.append(worker.act(f"worker/{index}/call", tool, p["delay_ms"], None, rates[tool], p, p["thoughts"]))
    return ms + in_lanes([took for took, _ in calls], p["concurrency"])[0], all(ok for _, ok in calls)


def failure_rates(random, fanout, error_rate, faulty):
    calls = {}
    for index in range(fanout):
        calls[tool_of(index)] = calls.get(tool_of(index), 0) + 1
    used = [tool for tool in TOOLS if tool in calls]
    carriers = {used[index] for index in random.sample(len(used), min(faulty, len(used)))}
    carried = sum(calls[tool] for tool in carriers)
    rate = min(1, error_rate * fanout / carried) if carried else 0
    others = fanout - carried
    rest = max(0, (error_rate * fanout - rate * carried) / others) if others else 0
    return {tool: rate if tool in carriers else rest for tool in used}


def react(run):
    p = run.params
    agent = run.random.fork("react")
    tools, slowness, finishing = (agent.fork(name) for name in ("tools", "slow-tools", "finish"))
    conversation = Conversation(run, "react")
    ms, steps, done = 0, 0, False
    while steps < p["max_steps"] and not done:
        tool = TOOLS[tools.integer(0, 4)]
        key = f"react/call/{steps}"
        own = (f"slow_tool/{key}", p["slow_tool_factor"]) if slowness.chance(p["slow_tool_probability"]) else None
        ms += conversation.act(key, tool, p["delay_ms"], own)[0]
        done = finishing.chance(p["finish_probability"])
        steps += 1
    return ms + conversation.ask(), done


def loop(run):
    p = run.params
    agent = run.random.fork("assistant")
    tools = agent.fork("tools")
    stuck_at = agent.fork("stuck").integer(0, p["steps"] - 1)
    fault = f"loop/assistant/call/{stuck_at}"
    conversation = Conversation(run, "assistant")
    ms, taken, done, stuck = 0, 0, 0, False

    def turn(index, tool):
        thought = conversation.ask(f"assistant/chat/{index}")
        took, ok = run.call(f"assistant/call/{index}", tool, p["delay_ms"])
        conversation.new += OBSERVED
        return thought + took, ok

    while done < p["steps"] and taken < p["max_steps"] and not stuck:
        tool = TOOLS[tools.integer(0, 4)]
        took, ok = turn(done, tool)
        ms, taken, answered = ms + took, taken + 1, int(ok)
        if done == stuck_at and p["repeats"] > 0 and run.in_force(fault):
            made = 0
            while taken < p["max_steps"] and (made < p["repeats"] or not p["gives_up"]):
                took, ok = turn(100 + made, tool)
                ms, taken, made, answered = ms + took, taken + 1, made + 1, answered + int(ok)
            # Who has not been answered repeats nothing.
            if answered > 1:
                run.strikes(fault)
            stuck = made < p["repeats"] or not p["gives_up"]
        done += 1
    return ms + conversation.ask(f"assistant/chat/{p['steps']}"), done == p["steps"] and not stuck


def silent(run):
    p = run.params
    agent = run.random.fork("analyst")
    struck = set(agent.fork("flaws").sample(p["lookups"], p["flaws"]))
    conversation = Conversation(run, "analyst")
    ms, right = 0, True
    for lookup in range(p["lookups"]):
        tool = ["search", "database", "calendar"][agent.fork(f"tool/{lookup}").integer(0, 2)]
        drawn = FLAWS[agent.fork(f"flaw/{lookup}").integer(0, 2)]
        flaw = drawn if p["flaw"] == "any" else p["flaw"]
        counted = True
        for index in (2 * lookup, 2 * lookup + 1):
            key = f"analyst/call/{index}"
            took, ok = conversation.act(key, tool, p["delay_ms"])
            ms += took
            # Nobody knows that an answer should not be empty who has not counted.
            shows = index % 2 == 1 and (counted or flaw != "empty")
            is_flawed = ok and shows and lookup in struck and run.strikes(f"flaw/{key}")
            counted = ok
            right = right and ok and not is_flawed
    return ms + conversation.ask(), right

def hallucination(run):
    p = run.params
    count, recovers = p["lookups"], p["recovers"]
    agent = run.random.fork("assistant")
    struck = set(agent.fork("hallucinations").sample(count, p["hallucinations"]))
    conversation = Conversation(run, "assistant")
    ms, whole = 0, True
    for index in range(count):
        tool = TOOLS[agent.fork(f"lookup/{index}").integer(0, 4)]
        made_up = index in struck and run.strikes(f"hallucination/{index}", not recovers)
        if made_up:
            # It is refused at once, and the agent reads that.
            ms += conversation.ask(f"assistant/chat/{count + 1 + index}")
            conversation.new += OBSERVED
        if made_up and not recovers:
            whole = False
            continue
        ms += conversation.ask(f"assistant/chat/{index}")
        took, ok = run.call(f"assistant/call/{index}", tool, p["delay_ms"])
        conversation.new += OBSERVED
        ms, whole = ms + took, whole and ok
    return ms + conversation.ask(f"assistant/chat/{count}"), whole


def overflow(run):
    p = run.params
    agent = run.random.fork("assistant")
    tools, full_at = agent.fork("tools"), agent.fork("full").integer(1, p["steps"] - 1)
    fault, window = f"overflow/assistant/call/{full_at}", p["context_window"]
    most = (window - 350 - p["steps"] * OBSERVED - 16) // (2 * (p["steps"] + 3))
    conversation = Conversation(run, "assistant")
    ms = 0
    for index in range(p["steps"]):
        bound = window - 16 - (p["steps"] - index + 2) * (most + OBSERVED)
        room = bound - conversation.sent - conversation.new
        tool = TOOLS[tools.integer(0, 4)]
        ms += conversation.ask(f"assistant/chat/{index}")
        took, ok = run.call(f"assistant/call/{index}", tool, p["delay_ms"])
        ms += took
        conversation.new += OBSERVED
        # Who is not answered has a context that nothing fills.
        fills = ok and index == full_at
        if fills and 0 < p["fill"] <= 1:
            conversation.new += math.floor(p["fill"] * room) - OBSERVED
        if fills and p["fill"] > 1 and run.strikes(fault):
            key = "assistant/chat/100"
            if p["at_limit"] == "refuse":
                tokens = run.tokens
                ms += 0.1 * conversation.ask(key)
                run.tokens = tokens
                return ms, False
            if p["at_limit"] == "cut":
                conversation.new = window - 16 - conversation.sent
                ms += conversation.ask(key, 16)
                conversation.sent, conversation.new = 0, bound - 350
            else:
                conversation.sent, conversation.new = 0, min(bound - 350, math.floor(0.2 * window + 0.5))
                ms += conversation.ask(key)
    return ms + conversation.ask(f"assistant/chat/{p['steps']}"), True


def human(run):
    p = run.params
    conversation = Conversation(run, "planner")
    ms, ok = conversation.act("planner/call/0", "database", p["delay_ms"])
    if not ok:
        return ms, False
    ms += conversation.ask()
    run.waited_ms = p["human_delay_s"] * 1000
    ms += run.waited_ms
    if p["outcome"] != "approve":
        return ms, True
    took, ok = run.call("planner/call/1", "mail", p["delay_ms"])
    return ms + took, ok


def rag(run):
    p = run.params
    took, ok = run.call("planner/retrieval", "knowledge_base", p["delay_ms"])
    if not ok:
        return took, False
    planner = run.random.fork("planner")
    count, mean_kb = p["rag_chunks"], p["rag_chunk_size_kb"]
    sizes = planner.fork("sizes")
    draws = [sizes.lognormal(1, 0.5) for _ in range(count)]
    total, drawn, given, ms = count * mean_kb * 1024, 0, 0, took
    for index, draw in enumerate(draws):
        drawn += draw
        size = math.floor(drawn / sum(draws) * total + 0.5) - given
        given += size
        ms += time_around(planner.fork(f"chunk/{index}"), size / 1024 * p["ms_per_kb"], run.jitter)
    return ms + run.chat("planner/chat", math.ceil(total / 4)), True


def stream(run):
    p = run.params
    count = p["background_fanout"]
    calls = [run.call(f"background/call/{index}", tool_of(index), p["tool_delay_ms"])[0] for index in range(count)]
    busy_until = in_lanes(calls, p["concurrency"])[0] if count else 0
    contends = p["contention"] > 0 and count > 0 and run.strikes("contention")
    random = run.random.fork("streamer/chat")
    told = run.tokens
    _, sent, _ = run.completion(random, 0, 0)
    run.tokens = told + sent
    factor = run.model_factor()
    now = time_around(random, p["ttft_ms"], run.jitter) * factor
    random.uniform()
    tokens = 1
    while now < p["duration_s"] * 1000 or now < busy_until:
        pace = 1 + p["contention"] if contends and now < busy_until else 1
        now += time_around(random, p["token_interval_ms"], run.jitter) * factor * pace
        random.uniform()
        tokens += 1
    run.tokens += tokens
    return now, True


SCENARIOS = {play.__name__: play for play in (fanout, dag, chain, retry, react, human, rag, stream, loop, silent, hallucination, overflow, cascade)}


class Played:
    def __init__(self, scenario, params, seed, in_force):
        run = Run(scenario, params, seed, in_force)
        work_ms, self.ok = SCENARIOS[scenario](run)
        self.ms = work_ms + (0 if scenario == "cascade" else CHECKPOINT_MS)
        self.busy_ms = self.ms - run.waited_ms
        self.tokens = run.tokens
        self.faults, self.harmless = run.faults, run.harmless
