"""
Checks keys against an implementation of the same formulas that shares no code with the product. Of a run of level 1 it
reads seed and parameters from its ledger (simulate --ledger), of one of another level its script; it plays the run again in
its own way, and compares every fault, impact and standing with what the product says (simulate --key).

    python3 test/oracle/check.py RUNS KEYS

Lines of JSON: RUNS are ledgers, or have `trace_id`, `scenario`, `replay` and `script`.
Prints a line a scenario, and what differs. Exits 1 where anything does.
"""

import json
import sys

from play import Played
from script import PlayedScript

MOST_REPLAYED = 32


def over(ms, run):
    return abs(ms) > 10 and abs(ms) > 0.04 * run.busy_ms


def judge(run, replayed):
    """Of every fault of a run impact and standing; an impact of those alone that are to be replayed."""

    def play(in_force):
        if "script" in run:
            return PlayedScript(run["script"], in_force)
        return Played(run["scenario"], run["params"], run["seed"], in_force)

    everything, nothing = play(lambda fault: True), play(lambda fault: False)
    judged = {fault: {"impact": None, "standing": "masked"} for fault in everything.faults}
    for fault in judged.keys() & replayed:
        without, alone = play(lambda other: other != fault), play(lambda other: other == fault)
        ms, alone_ms = everything.ms - without.ms, alone.ms - nothing.ms
        tokens = everything.tokens - without.tokens
        changed = everything.ok != without.ok or alone.ok != nothing.ok
        judged[fault]["impact"] = {
            "ms": ms,
            "alone_ms": alone_ms,
            "share": ms / everything.busy_ms,
            "tokens": tokens,
            "outcome_changed": changed,
            "user_visible": changed or over(ms, everything),
        }
        spends = abs(tokens) >= 5 and abs(tokens) > 0.01 * everything.tokens
        if changed or spends or over(ms, everything):
            judged[fault]["standing"] = "required"
        elif not over(alone_ms, everything):
            judged[fault]["standing"] = "neutral"
    for fault, counts_anyway in everything.faults.items():
        if counts_anyway:
            judged[fault]["standing"] = "required"
    for fault in everything.harmless:
        judged[fault]["standing"] = "neutral"
    small = {fault for fault, told in judged.items() if told["standing"] == "neutral"} - everything.harmless
    if len(small) > 1 and over(everything.ms - play(lambda other: other not in small).ms, everything):
        for fault in small:
            judged[fault]["standing"] = "masked"
    return judged


def differences(key, judged):
    """What the product says otherwise."""
    told = {fault["id"]: fault for fault in key["faults"]}
    replayed = sum(fault["impact"] is not None for fault in key["faults"])
    if replayed != min(len(told), MOST_REPLAYED):
        yield f"{replayed} of {len(told)} faults were replayed"
    for fault in sorted(told.keys() ^ judged.keys()):
        yield f"{fault} is only known to {'the product' if fault in told else 'the oracle'}"
    for fault in sorted(told.keys() & judged.keys()):
        ours, theirs = judged[fault], told[fault]
        if ours["standing"] != theirs["standing"]:
            yield f"{fault} is {theirs['standing']}, not {ours['standing']}"
        if ours["impact"]:
            for name, value in ours["impact"].items():
                if not equal(value, theirs["impact"][name]):
                    yield f"{fault}: {name} is {theirs['impact'][name]}, not {value}"
    faulty = any(told["standing"] != "neutral" for told in judged.values())
    if key["verdict"] != ("faulty" if faulty else "healthy"):
        yield f"the verdict is {key['verdict']}"


def equal(ours, theirs):
    if isinstance(ours, bool):
        return ours is theirs
    return abs(ours - theirs) <= max(0.002, 0.01 * abs(ours))


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main(run_path, key_path):
    keys = {key["trace_id"]: key for key in lines_of(key_path)}
    counts, wrong = {}, 0
    for run in lines_of(run_path):
        key = keys.pop(run["trace_id"])
        replayed = {fault["id"] for fault in key["faults"] if fault["impact"]}
        judged = judge(run, replayed)
        count = counts.setdefault(run["scenario"], [0, 0])
        count[0] += 1
        count[1] += len(judged)
        for difference in differences(key, judged):
            wrong += 1
            print(f"{run['replay']}: {difference}")
    for scenario, (traces, faults) in counts.items():
        print(f"{scenario}: {traces} traces, {faults} faults")
    print(f"{wrong} differences" + (f", {len(keys)} keys without a run" if keys else ""))
    return 1 if wrong or keys else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
