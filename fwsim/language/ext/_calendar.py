"""The words of -m time as libxt_time.c reads and writes them, each into what the kernel compares:
seconds of the epoch or of the day, and days of month and week as bits."""

import re
from datetime import UTC, datetime

from fwsim.language.options import Context
from fwsim.language.values import number
from fwsim.model.tuples import NamedTuple

FOREVER = 0x7FFFFFFF
DAY = 24 * 60 * 60
ALL_MONTHDAYS, ALL_WEEKDAYS = 0xFFFFFFFE, 0xFE
WEEKDAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PART = r"((?:[ \t-\r]*\+?\d+)?)"  # as strtoul has it
_DATE = re.compile("#(?:-#(?:-#(?:T#(?::#(?::#)?)?)?)?)?".replace("#", _PART), re.ASCII)
_MOST = (2038, 12, 31, 23, 59, 59)
_TIME = re.compile("#:#(?::#)?".replace("#", _PART), re.ASCII)


def date_text(value: int, separator: str = "T") -> str:
    """2026-11-24T09:30:00"""
    return datetime.fromtimestamp(value, UTC).strftime(f"%Y-%m-%d{separator}%H:%M:%S")


def time_text(value: int) -> str:
    """09:30:00"""
    return f"{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}"


class Date(NamedTuple):
    """YYYY[-MM[-DD[Thh[:mm[:ss]]]]] in UTC. What is left out is the earliest; month and day 0, and
    days past a month's end, are those before and after, as mktime has it."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Seconds since the epoch."""
        found = _DATE.fullmatch(words[0])
        parts = [0 if p == "" else 0 + int(p or 0) for p in found.groups("")] if found else []
        given = [p is not None for p in found.groups()] if found else []
        if not found or any(p > most for p, most in zip(parts, _MOST, strict=True)):
            raise ValueError("expected a date such as 2026-11-24T09:30:00, from 1970 to 2038")
        year, month, day, *clock = (
            p if g else usual for p, g, usual in zip(parts, given, (0, 1, 1, 0, 0, 0), strict=True)
        )
        if year < 1970:
            raise ValueError("expected a year from 1970 to 2038")
        return _epoch(year, month, day, clock)

    def write(self, value: int, family: int) -> str:
        """2026-11-24T09:30:00"""
        return date_text(value)


def _epoch(year: int, month: int, day: int, clock: list[int]) -> int:
    years, month = divmod(month - 1, 12)
    first = datetime(year + years, month + 1, 1, tzinfo=UTC)
    hour, minute, second = clock
    value = int(first.timestamp()) + (day - 1) * DAY + hour * 3600 + minute * 60 + second
    if value < 0:
        raise ValueError("this is before 1970")
    return value


class Daytime(NamedTuple):
    """hh:mm[:ss]"""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Seconds since midnight."""
        found = _TIME.fullmatch(words[0])
        hour, minute, second = (int(p or 0) for p in found.groups("")) if found else (99, 0, 0)
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError("expected a time such as 09:30 or 09:30:00")
        return hour * 3600 + minute * 60 + second

    def write(self, value: int, family: int) -> str:
        """09:30:00"""
        return time_text(value)


def _segments(text: str, longest: int) -> list[str]:
    """What stands between commas, cut short; a comma at the end is nothing."""
    parts = text.split(",")
    return [part[:longest] for part in (parts if parts[-1] else parts[:-1])]


class Monthdays(NamedTuple):
    """Days of the month, separated by commas; 0 is never."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Bit N is day N."""
        bits = 0
        for word in _segments(words[0], 2):
            bits |= 1 << (number(word, 0, 31) if word else 0)
        return bits

    def write(self, value: int, family: int) -> str:
        """1,15"""
        return ",".join(str(day) for day in range(1, 32) if value >> day & 1)


class Weekdays(NamedTuple):
    """Days of the week by name (its first two letters count) or number, Monday is 1."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Bit N is day N; numbers count as in a 32-bit shift."""
        bits = 0
        for word in _segments(words[0], 3):
            bits |= 1 << self._one(word)
        return bits & 0xFF

    @staticmethod
    def _one(word: str) -> int:
        named = [n for n, name in enumerate(WEEKDAYS) if name and word[:2] == name[:2]]
        try:
            return named[0] if named else number(word, 1) % 32
        except ValueError:
            raise ValueError("expected days such as Mon,Tue or 1,2") from None

    def write(self, value: int, family: int) -> str:
        """Mon,Tue"""
        return ",".join(name for n, name in enumerate(WEEKDAYS) if name and value >> n & 1)


class Times(NamedTuple):
    """What the kernel compares (struct xt_time_info)."""

    date_start: int
    date_stop: int
    day_start: int
    day_stop: int
    monthdays: int
    weekdays: int
    contiguous: bool

    def hold(self, stamp: int) -> bool:
        """It is that time at these seconds since the epoch."""
        if not self.date_start <= stamp <= self.date_stop:
            return False
        at = stamp % DAY
        if self.day_start < self.day_stop:
            if not self.day_start <= at <= self.day_stop:
                return False
        elif self.day_stop < at < self.day_start:
            return False
        elif self.contiguous and at <= self.day_stop:
            stamp -= DAY
        return self._on_day(stamp // DAY)

    def _on_day(self, day: int) -> bool:
        from datetime import date, timedelta

        if not self.weekdays >> ((day + 3) % 7 + 1) & 1:
            return False
        return bool(self.monthdays >> (date(1970, 1, 1) + timedelta(day)).day & 1)
