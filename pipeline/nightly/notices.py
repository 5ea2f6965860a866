"""Tells people, through Apprise, of the resets that are new or have grown: once each, and again the next night where it failed.

The addresses hold secrets. They come from the environment or a file, never from an argument, and none is logged, kept or quoted;
a channel is known by a hash of its address.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.hunt_result import VERDICTS
from pipeline.nightly.memory import Memory, Said
from pipeline.nightly.night import Night
from pipeline.report.narrative import counted, verdict_words
from pipeline.report.text import clock, shorten, visible

log = logging.getLogger("postreset.nightly")

VARIABLE = "POSTRESET_NOTIFY"
MOST_TOLD = 20  # in one message; the others are in the queue
MOST_BYTES = 64 << 10  # of a file of addresses


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the notices: how many resets were told of, and the channels that failed, by number."""

    reset_count: int = 0
    problems: tuple[str, ...] = ()


def read_channels(from_environment: str | None, file: Path | None) -> tuple[str, ...]:
    """The addresses of the environment variable, else those of the file: one a line or with blanks between; # begins a
    comment. Raises SettingsError for a file that cannot be read, and says nothing of what is in it."""
    text = from_environment or ""
    if not text.strip() and file is not None:
        try:
            with file.open(encoding="utf-8") as stream:
                text = stream.read(MOST_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "not UTF-8 text"
            raise SettingsError(
                f"cannot be read ({what})", str(file), "it holds one Apprise address a line"
            ) from None
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return tuple(dict.fromkeys(" ".join(lines).split()))


def notify(memory: Memory, night: Night, said: Sequence[Said]) -> Told:
    """One message a channel with all that it was not told of yet. A channel that fails is a problem to tell and no error."""
    count, problems = 0, []
    for number, address in enumerate(night.channels, start=1):
        channel = hashlib.sha256(address.encode(errors="surrogatepass")).hexdigest()[:16]
        here = {one.reset_id for one in said}
        failed = [one for one in memory.failed(channel) if one.reset_id not in here]
        news = _news(memory, channel, night, [*said, *failed])
        if not news:
            continue
        if _send(address, _title(news, night), _body(news)):
            memory.keep_told(channel, night.name, news)
            count = max(count, len(news))
        else:
            memory.keep_told(channel, night.name, news, is_failed=True)
            problems.append(
                f"notification channel {number} failed; {counted(len(news), 'reset')} will be told in the next run"
            )
    return Told(count, tuple(problems))


def _news(memory: Memory, channel: str, night: Night, said: Sequence[Said]) -> list[Said]:
    known = memory.told(channel)
    above = [one for one in said if one.score >= night.notify_above]
    return sorted(
        (one for one in above if one.reset_id not in known or _has_grown(one, *known[one.reset_id])),
        key=lambda one: (-one.score, one.occurred_at, one.reset_id),
    )


def _has_grown(said: Said, score: int, domains: frozenset[str]) -> bool:
    """A band up, or a control domain more."""
    return _band(said.score) > _band(score) or not domains.issuperset(said.entry["domains"])


def _band(score: int) -> int:
    return sum(score >= floor for floor, _ in VERDICTS)


def _title(news: Sequence[Said], night: Night) -> str:
    return f"postreset {night.name}: {counted(len(news), 'reset')} to look at, the highest score is {news[0].score} of 100"


def _body(news: Sequence[Said]) -> str:
    lines = []
    for one in news[:MOST_TOLD]:
        shape = one.entry
        was = "" if shape["was"] in (None, one.score) else f" (was {shape['was']})"
        lines.append(
            f"{one.score}{was} {verdict_words(shape['verdict'])}: {shorten(visible(shape['reset']['person']), 80)}, "
            f"{clock(one.occurred_at)[:16]} UTC. {shorten(visible(shape['verdict_sentence']), 200)}"
        )
    if len(news) > MOST_TOLD:
        lines.append(f"and {len(news) - MOST_TOLD} more: see the queue")
    return "\n".join(lines)


def _send(address: str, title: str, body: str) -> bool:
    import apprise  # takes a second

    fault = ""
    disabled = logging.root.manager.disable
    logging.disable()  # it, and each library below it, would quote the address
    try:
        channel = apprise.Apprise()
        return bool(channel.add(address) and channel.notify(title=title, body=body, body_format="text"))
    except Exception as error:  # a plugin's own; its text may hold the address
        fault = type(error).__name__
        return False
    finally:
        logging.disable(disabled)
        if fault:
            log.warning("nightly: a notification failed (%s)", fault)
