"""Which days of a place that files logs by day are landed, and which are to be listed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Covered:
    """The days of a stream whose objects are landed, as a checkpoint."""

    since: date
    until: date

    @classmethod
    def read(cls, text: str | None) -> "Covered | None":
        since, _, until = (text or "").partition("/")
        try:
            return cls(date.fromisoformat(since), date.fromisoformat(until))
        except ValueError:
            return None

    def until_day(self, day: date) -> "Covered":
        return Covered(self.since, max(self.until, day))

    def __str__(self) -> str:
        return f"{self.since}/{self.until}"


def days_to_list(
    covered: Covered | None, first: date, last: date, look_back: timedelta
) -> tuple[list[date], Covered]:
    """The days of [first, last] that are not covered, and those within the look-back of what is, where files may come late;
    and what is covered after that. Days apart from the covered ones begin anew, so that no gap is hidden."""
    if covered is None or covered.until < first or covered.since > last:
        return _each_day(first, last), Covered(first, last)
    late = (datetime.combine(covered.until, datetime.min.time()) - look_back).date()
    begin = min(first, max(late, covered.since))  # no further back than was ever asked for
    days = [day for day in _each_day(begin, last) if day >= late or day < covered.since]
    return days, Covered(min(first, covered.since), max(last, covered.until))


def _each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
