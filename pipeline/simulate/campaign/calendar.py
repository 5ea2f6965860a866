"""The days that a campaign tells: a month without a reset of interest, then a fortnight of resets. Nothing reads a clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from pipeline.simulate.people import Person
from pipeline.simulate.times import is_weekend, jitter

EARLIEST = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    first_day: datetime
    baseline_days: int
    days: int
    holidays: frozenset[date]

    @property
    def resets_begin_at(self) -> datetime:
        return self.first_day + timedelta(days=self.baseline_days)

    @property
    def ends_at(self) -> datetime:
        return self.resets_begin_at + timedelta(days=self.days)

    @property
    def day_count(self) -> int:
        return self.baseline_days + self.days

    def is_free(self, day: datetime) -> bool:
        return is_weekend(day) or day.date() in self.holidays

    def reset_days(self) -> list[datetime]:
        return [self.resets_begin_at + timedelta(days=number) for number in range(self.days)]

    def working_days(self) -> list[datetime]:
        """Those of the fortnight."""
        return [day for day in self.reset_days() if not self.is_free(day)] or self.reset_days()


def make_period(seed: int, baseline_days: int, days: int) -> Period:
    """Begins on any day of the first half of the year; two weekdays of it are holidays."""
    rng = Random(f"{seed}/period")
    first_day = EARLIEST + timedelta(days=rng.randrange(150))
    weekdays = [
        day
        for number in range(baseline_days + days)
        if not is_weekend(day := first_day + timedelta(days=number))
    ]
    holidays = rng.sample(weekdays, min(2, len(weekdays) // 6))
    return Period(first_day, baseline_days, days, frozenset(day.date() for day in holidays))


def at_work(person: Person, day: datetime, rng: Random) -> datetime:
    """A moment of the person's working day, not in its last half hour."""
    begins_at = day + timedelta(minutes=person.starts_at_minute + 15)
    return jitter(begins_at, (person.works_minutes - 60) * 60, rng)
