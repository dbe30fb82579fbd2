#!/usr/bin/python3
"""answers.py LINES CRONIE ROBFIG: one table of what was asked and answered.

Each line: the schedule, a tab, cronie's answer, a tab, robfig's. An answer is "-" where the schedule is refused, else the CRC-32 of
"MINUTES HOURS DAYS MONTHS WEEKDAYS EITHER": sets as hexadecimal numbers with a bit for each value, and 1 where one of the day fields
suffices. This is the list of what cronrun reads differently on purpose, and how it is marked:

    !  it is accepted there and refused here, because something in it never matches or is read by accident: cronie's descending
       ranges, numbers that do not fit, and ends of a range beyond the field that the step never reaches; its "~" and its "-" in front of
       a line, which are not supported; robfig's "," and "*-5"
    ~  weekdays that end with Sunday as 0 (fri-sun): cronie before 1.7 reads them as they are meant, and so does cronrun; 1.7 never runs them
"""

import re
import sys
import zlib

NAMES = {name: i for i, name in enumerate("sun mon tue wed thu fri sat".split())} | {
    name: i for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
MAX = (59, 23, 31, 12, 7)


def value(text):
    return int(text) if text.isdigit() else NAMES.get(text.lower(), 0)


def mark_cronie(line):
    mark = ""
    if line.startswith("-") or "~" in line:
        return "!"
    for i, field in enumerate(line.split()):
        for item in field.split(","):
            ends = re.match(r"(\w+)-(\w+)", item)
            if re.search(r"\d{9}", item):
                return "!"
            if not ends:
                continue
            first, last = value(ends[1]), value(ends[2])
            if i == 4 and last == 0 < first <= 7 and "/" not in item:
                mark = "~"
            elif first > last or last > MAX[i]:
                return "!"
    return mark


def mark_robfig(line):
    return "!" if any(not field.strip(",") or re.search(r"(^|,)[*?]-", field) for field in line.split()) else ""


def answer(line, text, mark):
    return "-" if text == "E" else mark(line) + f"{zlib.crc32(text.encode()):08x}"


def main():
    for line, cronie, robfig in zip(*(open(path).read().splitlines() for path in sys.argv[1:4]), strict=True):
        print(line, answer(line, cronie, mark_cronie), answer(line, robfig, mark_robfig), sep="\t")


main()
