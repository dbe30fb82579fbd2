#!/usr/bin/python3
"""lines.py N SEED: N different schedules as people write and mistype them, the same ones for the same seed."""

import random
import sys

FIELDS = [(0, 59, None), (0, 23, None), (1, 31, None), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"), (0, 7, "sun mon tue wed thu fri sat")]


def number(r, low, high, names):
    if names and r.random() < 0.25:
        name = r.choice(names.split())
        return r.choice([name, name.upper(), name.capitalize()])
    if r.random() < 0.04:
        return r.choice([str(max(low - 1, 0)), str(high + 1), "005", "+5", "x", "", "4294967296", "99", "janu", "1.5"])
    return str(r.randint(low, high))


def item(r, low, high, names):
    kind = r.random()
    if kind < 0.25:
        text = "*" if r.random() < 0.95 else "?"
    elif kind < 0.6:
        text = number(r, low, high, names)
    else:
        ends = [number(r, low, high, names), number(r, low, high, names)]
        if all(end.isdigit() for end in ends) and r.random() < 0.8:
            ends.sort(key=int)
        text = "-".join(ends)
    if r.random() < 0.25:
        text += "/" + (str(r.randint(1, high)) if r.random() < 0.95 else r.choice(["0", "", "100", "x", "-1"]))
    if r.random() < 0.01:
        text += r.choice(["~3", "-", "/2", "L", "#1", "W"])
    return text


def field(r, low, high, names):
    if r.random() < 0.35:
        return "*"
    n = 1 if r.random() < 0.6 else r.randint(2, 4)
    text = ",".join(item(r, low, high, names) for _ in range(n))
    return text if r.random() > 0.02 else r.choice([text + ",", "," + text, ",", text + ",,1"])


def main():
    r, seen = random.Random(int(sys.argv[2])), set()
    while len(seen) < int(sys.argv[1]):
        line = " ".join(field(r, *f) or "*" for f in FIELDS)
        if line not in seen:
            seen.add(line)
            print(line)


main()
