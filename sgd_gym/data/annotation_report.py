"""The report of an annotated folder, and the records behind it; knows no annotator.

`.records/` mirrors the files that a model annotated: how the division of each episode went, so that a killed
run goes on. It is hidden, because loaders of data sets read every file. `report.json` and `report.md` tell
how many paths were divided at once, after repairs, after further questions, or not at all, and why.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sgd_gym.errors import DataError
from sgd_gym.files import write_json, write_text
from sgd_gym.subgoals.annotator import FAILED, STATUSES, Outcome
from sgd_gym.subgoals.llm import total
from sgd_gym.subgoals.llm_prompt import PROMPT_VERSION
from sgd_gym.trajectories import Episode

REPORT_VERSION = 1
RECORDS = ".records"
COUNTS = {
    "sent": "questions sent",
    "cached": "questions answered from the cache",
    "corrections": "questions asked again because the answer could not be used",
    "gaps": "questions for missing commands",
    "truncated": "answers cut off at their greatest length",
    "rejected": "sub-goals outside the grammar",
    "joined": "missing commands joined to the sub-goal beside them",
    "dropped": "commands dropped that the path does not have",
    "tokens_in": "tokens read",
    "tokens_out": "tokens written",
}


def write_record(path: Path, annotator: str, episodes: list[Episode], outcomes: list[Outcome]) -> None:
    """Write how the episodes of one file were divided."""
    digests = {_key(episode.source, episode.episode_id): episode.digest() for episode in episodes}
    rows = [vars(outcome) | {"counts": dict(+outcome.counts)} for outcome in outcomes]
    write_json(
        path,
        {"annotator": annotator, "prompt_version": PROMPT_VERSION, "digests": digests, "outcomes": rows},
    )


def read_record(path: Path, annotator: str, episodes: list[Episode]) -> list[Outcome] | None:
    """Return how the episodes were divided, or None if they are to be divided (again).

    They are if one is missing or has changed, if another annotator or prompt did it, or if one failed for a
    reason of the moment.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        outcomes = [
            Outcome(
                row["episode_id"],
                row["source"],
                row["status"],
                row["reason"],
                row["passing"],
                Counter(row["counts"]),
                {key: (int(one), int(two)) for key, (one, two) in row["answers"].items()},
            )
            for row in record["outcomes"]
        ]
        same = (record["annotator"], record["prompt_version"]) == (annotator, PROMPT_VERSION)
        digests = record["digests"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    wanted = {_key(episode.source, episode.episode_id): episode.digest() for episode in episodes}
    if not same or digests != wanted or any(outcome.passing for outcome in outcomes):
        return None
    return outcomes


def check_owner(out: Path, annotator: str) -> None:
    """Check that a folder was not written by another annotator.

    Raises:
        DataError: If it was.
    """
    owner = read_report(out).get("annotator", annotator)
    if owner != annotator:
        raise DataError(
            f"{out} holds annotations by {owner}, not by {annotator}. Fix: give another folder as --out, or "
            f"delete this one."
        )


def read_report(out: Path) -> dict[str, Any]:
    """Return the report of an annotated folder; empty if it has none."""
    try:
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def write_report(
    out: Path,
    annotator: str,
    settings: dict[str, object],
    outcomes: list[Outcome],
    *,
    finished: bool,
    money: float = 0.0,
) -> None:
    """Write report.json and report.md.

    Args:
        out: The annotated folder.
        annotator: Who divided.
        settings: Of the model; empty for the rules.
        outcomes: How the division of each episode went.
        finished: Whether all episodes are done.
        money: What the answers cost.
    """
    statuses = Counter(outcome.status for outcome in outcomes)
    counts = total(outcomes)
    failures = [
        {
            "episode_id": outcome.episode_id,
            "source": outcome.source,
            "reason": outcome.reason,
            "passing": outcome.passing,
        }
        for outcome in outcomes
        if outcome.status == FAILED
    ]
    report: dict[str, Any] = {
        "report_version": REPORT_VERSION,
        "annotator": annotator,
        "finished": finished,
        "episodes": len(outcomes),
        "statuses": {status: statuses[status] for status in STATUSES},
    }
    if settings:
        report["model"] = settings | {"prompt_version": PROMPT_VERSION}
        report["counts"] = {name: counts[name] for name in COUNTS}
        report["money"] = round(money, 6)
    report["failures"] = failures
    write_json(out / "report.json", report)
    write_text(out / "report.md", _make_page(report))


def _make_page(report: dict[str, Any]) -> str:
    episodes = report["episodes"]
    lines = [f"# Sub-goals by {report['annotator']}", ""]
    if not report["finished"]:
        lines += ["Not finished: the same command goes on.", ""]
    if "model" in report:
        model = ", ".join(f"{key} {value}" for key, value in report["model"].items() if value is not None)
        lines += [f"Asked: {model}.", ""]
    lines += ["| paths | number | share |", "|---|---:|---:|"]
    lines += [
        f"| {'' if status == FAILED else 'divided: '}{status} | {number} | {_share(number, episodes)} |"
        for status, number in report["statuses"].items()
    ]
    lines += [f"| all | {episodes} | {_share(episodes, episodes)} |", ""]
    if "counts" in report:
        lines += ["| what | number |", "|---|---:|"]
        lines += [f"| {COUNTS[name]} | {number} |" for name, number in report["counts"].items()]
        lines += [f"| money | {report['money']} |", ""]
    if report["failures"]:
        lines += ["Failed, and left out of the files:", ""]
        lines += [f"* {one['episode_id']} ({one['source']}): {one['reason']}" for one in report["failures"]]
        lines += [""]
    return "\n".join(lines)


def _share(number: int, whole: int) -> str:
    return f"{number / whole:.1%}" if whole else "-"


def _key(source: str, episode_id: str) -> str:
    return f"{source}/{episode_id}"
