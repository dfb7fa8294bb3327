"""time: the host's clock says a certain date, time of day, day of the week or of the month.

Semantics: net/netfilter/xt_time.c; a time that ends before it begins goes over midnight, and with
--contiguous what lies behind midnight counts as the day before. No place tells which zone the
kernel takes for its own (--kerneltz): what depends on that is unknown. Text: libxt_time.c, which
always writes the last date.
"""

from collections.abc import Callable
from typing import Any

from fwsim.language.ext._calendar import (
    ALL_MONTHDAYS,
    ALL_WEEKDAYS,
    DAY,
    FOREVER,
    Date,
    Daytime,
    Monthdays,
    Times,
    Weekdays,
    date_text,
    time_text,
)
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.model.facts import Facts
from fwsim.model.pred import Pred

_ZONES = range(-14 * 60, 12 * 60 + 1, 15)  # minutes west of Greenwich


def _times(o: Options) -> Times:
    monthdays, weekdays = o.get("monthdays", ALL_MONTHDAYS), o.get("weekdays", ALL_WEEKDAYS)
    return Times(
        o.get("datestart", 0),
        o.get("datestop", FOREVER),
        o.get("timestart", 0),
        o.get("timestop", DAY - 1),
        monthdays ^ ALL_MONTHDAYS if o.negated("monthdays") else monthdays,
        weekdays ^ ALL_WEEKDAYS if o.negated("weekdays") else weekdays,
        "contiguous" in o,
    )


def _local(o: Options) -> bool:
    return "kerneltz" in o or "localtz" in o


def _matches(o: Options, c: Context) -> Pred:
    times = _times(o)
    zones = _ZONES if _local(o) else (0,)

    def step(facts: Facts, memory: Any) -> tuple[bool | None, Any]:
        if facts.epoch is None:
            return None, memory
        now = int(facts.epoch)
        answers = {times.hold(now - 60 * zone) for zone in zones}
        return (answers.pop() if len(answers) == 1 else None), memory

    return fact(c, f"time {_save(o, c)}", f"the time is{_shown(o)}", step)


def _check(o: Options, _: Context) -> None:
    times = _times(o)
    if times.contiguous and times.day_start < times.day_stop:
        raise ValueError("--contiguous needs a --timestop before --timestart")
    if "utc" in o and _local(o):
        raise ValueError("--utc and --kerneltz exclude each other")


def _save(o: Options, _: Context) -> str:
    times, words = _times(o), []
    if (times.day_start, times.day_stop) != (0, DAY - 1):
        words += [
            "--timestart",
            time_text(times.day_start),
            "--timestop",
            time_text(times.day_stop),
        ]
    if times.monthdays != ALL_MONTHDAYS:
        words += ["--monthdays", Monthdays().write(times.monthdays, 4)]
    if times.weekdays != ALL_WEEKDAYS:
        words += ["--weekdays", Weekdays().write(times.weekdays, 4)]
    if times.date_start:
        words += ["--datestart", date_text(times.date_start)]
    if times.date_stop:
        words += ["--datestop", date_text(times.date_stop)]
    words += ["--kerneltz"] * _local(o) + ["--contiguous"] * times.contiguous
    return " ".join(words)


def _ordinals(bits: int) -> str:
    days = (day for day in range(1, 32) if bits >> day & 1)
    endings = {1: "st", 2: "nd", 3: "rd"}
    return ",".join(f"{day}{endings.get(day % 10, 'th')}" for day in days)


def _shown(o: Options) -> str:
    times, text = _times(o), ""
    if (times.day_start, times.day_stop) != (0, DAY - 1):
        text += f" from {time_text(times.day_start)} to {time_text(times.day_stop)}"
    if times.weekdays != ALL_WEEKDAYS:
        text += f" on {Weekdays().write(times.weekdays, 4)}"
    if times.monthdays != ALL_MONTHDAYS:
        text += f" on {_ordinals(times.monthdays)}"
    if times.date_start:
        text += f" starting from {date_text(times.date_start, ' ')}"
    if times.date_stop != FOREVER:
        text += " until date" + (f" {date_text(times.date_stop, ' ')}" if times.date_stop else "")
    text += "" if _local(o) else " UTC"
    return text + (" contiguous" if times.contiguous else "")


def _time_words(text: str, _: Context) -> list[str]:
    start, stop = text.split(" to ")
    return ["--timestart", start, "--timestop", stop]


def _date_words(option: str) -> Callable[[str, Context], list[str]]:
    return lambda text, _: [option, text.replace(" ", "T")]


def _monthday_words(text: str, _: Context) -> list[str]:
    return ["--monthdays", ",".join(word[:-2] for word in text.split(","))]


_STAMP = r"\d{4}-\S+ \S+"
_NOT_UTC = "(?<!UTC)(?<!UTC contiguous)(?! *UTC)"  # which is how --kerneltz shows

MATCH = Match(
    "time",
    _matches,
    options=(
        Option("datestart", Date()),
        Option("datestop", Date()),
        Option("timestart", Daytime()),
        Option("timestop", Daytime()),
        Option("contiguous"),
        Option("weekdays", Weekdays(), negatable=True),
        Option("monthdays", Monthdays(), negatable=True),
        Option("localtz"),
        Option("utc"),
        Option("kerneltz"),
    ),
    check=_check,
    save=_save,
    listing=lambda o, _, numeric: f"TIME{_shown(o)}",
    unlist=Unlist(
        "TIME",
        (
            Shown("timestart", "from ", r"\S+ to \S+", words=_time_words),
            Shown("weekdays", "on ", r"[A-Z][A-Za-z,]+"),
            Shown("monthdays", "on ", r"\d[\da-z,]+", words=_monthday_words),
            Shown("datestart", "starting from ", _STAMP, words=_date_words("--datestart")),
            Shown("datestop", "until date ", _STAMP, words=_date_words("--datestop")),
            Shown("utc", "UTC", ""),
            Shown("contiguous", "contiguous", ""),
            Shown("kerneltz", _NOT_UTC, ""),
        ),
    ),
)
_END = "--datestop 2038-01-19T03:14:07"
EXAMPLES = f"""
-m time ; -m time {_END}
-m time --utc ; -m time {_END}
-m time --timestart 9:30 ; -m time --timestart 09:30:00 --timestop 23:59:59 {_END}
-m time --timestop 1:2:3 ; -m time --timestart 00:00:00 --timestop 01:02:03 {_END}
-m time --timestart 0:0 --timestop 23:59:59 ; -m time {_END}
-m time --timestart 22:00 --timestop 6:00 --contiguous --kerneltz ; \
-m time --timestart 22:00:00 --timestop 06:00:00 {_END} --kerneltz --contiguous
-m time --timestart 9:00 --timestop 9:00:00 --contiguous ; \
-m time --timestart 09:00:00 --timestop 09:00:00 {_END} --contiguous
-m time --timestart : ; -m time {_END}
-m time --localtz --kerneltz --weekdays Sat,Sun ; -m time --weekdays Sat,Sun {_END} --kerneltz
-m time ! --weekdays Mo,2 ; -m time --weekdays Wed,Thu,Fri,Sat,Sun {_END}
-m time --weekdays Friday,100, ; -m time --weekdays Thu,Fri {_END}
-m time --weekdays 1,2,3,4,5,6,7 ; -m time {_END}
-m time --monthdays 15,1,31, --weekdays Tue ; -m time --monthdays 1,15,31 --weekdays Tue {_END}
-m time ! --monthdays 2,0x3 ; error
-m time ! --monthdays 2,03 ; \
-m time \
--monthdays 1,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31 {_END}
-m time --monthdays 0,1,,3 ; -m time --monthdays 1,3 {_END}
-m time --weekdays 8 ; -m time --weekdays  {_END} ; filter INPUT lost
-m time --monthdays "" ; -m time --monthdays  {_END} ; filter INPUT lost
-m time --datestart 2020 --datestop 2020-02-31T1:2:3 ; \
-m time --datestart 2020-01-01T00:00:00 --datestop 2020-03-02T01:02:03
-m time --datestart 2020-0-0 ; -m time --datestart 2019-11-30T00:00:00 {_END}
-m time --datestart 2020-5-6T ; -m time --datestart 2020-05-06T00:00:00 {_END}
-m time --datestart 2020-5-6T7:8 ; -m time --datestart 2020-05-06T07:08:00 {_END}
-m time --datestop 2038-12-31 ; -m time --datestop 2038-12-31T00:00:00
-m time --datestart 1970 --datestop 1970 ; -m time ; filter INPUT lost
-m time --datestart 1970-0 ; error
-m time --datestart 1969 ; error
-m time --datestart 2039 ; error
-m time --datestart 2020-13 ; error
-m time --datestart 2020-12-32 ; error
-m time --datestart 2020-12-31T24 ; error
-m time --datestart "2020-12-31 12:00" ; error
-m time --datestart 2020-12-31T1:2:3:4 ; error
-m time --timestart 24:00 ; error
-m time --timestart 1:60 ; error
-m time --timestart 1 ; error
-m time --timestart 1:2:3:4 ; error
-m time --contiguous ; error
-m time --contiguous --timestart 1:00 --timestop 2:00 ; error
-m time --weekdays 0 ; error
-m time --weekdays mon ; error
-m time --weekdays M ; error
-m time --weekdays Mon,,Tue ; error
-m time --monthdays 32 ; error
-m time --monthdays x ; error
-m time --utc --kerneltz ; error
-m time --utc --localtz ; error
-m time ! --utc ; error
"""
