"""The results file: rows with what is needed to make them again; plays nothing and prints nothing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.journal import Row, key_of
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.summary import Summary, summarise
from sgd_gym.errors import DataError
from sgd_gym.files import write_json
from sgd_gym.provenance import SCHEMA_VERSION, describe_run

FREE_SETTINGS = (
    *("out", "agents", "worlds", "shard", "history"),
    *("planner", "executor", "flat", "ranking", "sb3", "sage", "sage_checkpoint"),
    *("llm_url", "llm_model", "llm_key_env", "llm_timeout_s", "llm_tries", "llm_backoff_s", "cache"),
    *("llm_budget_tokens", "llm_budget_money", "llm_price_in", "llm_price_out"),
)
"""Settings that may differ between results that are compared: where and by whom was played."""


_ROW_FIELDS = (
    *("protocol", "agent", "training_seed", "task", "variation", "seed", "success", "moves"),
    *("score_last", "score_last_good", "score_negative_as_zero", "ended_by", "error", "fault"),
    *("fault_passing", "invalid_commands", "planner_calls", "executor_calls", "model_tokens", "llm_tokens"),
    *("money", "seconds", "agent_seconds", "peak_memory_mb"),
)


@dataclass
class Results:
    """What `bench run` has measured."""

    path: Path
    protocol: Protocol
    tasks: list[str]
    """Which of the protocol's tasks were asked for."""
    rows: list[Row]
    entries: dict[str, list[dict[str, Any]]]
    """For each agent and training seed, what it was: `training_seed`, `fingerprint`, `models`, and how many
    `parameters` they have together."""
    run: dict[str, Any] = field(default_factory=dict)
    """How it was made: schema version, versions, git revision, command, settings."""

    @property
    def agents(self) -> list[str]:
        """Return the names of the agents, in order."""
        return list(self.entries)

    def rows_of(self, agent: str) -> list[Row]:
        """Return the rows of one agent."""
        return [row for row in self.rows if row["agent"] == agent]

    def summaries(self) -> list[Summary]:
        """Return what the tables say."""
        return summarise(self.rows, self.protocol)

    def write(self) -> list[Summary]:
        """Write the file and return the summaries that it holds."""
        summaries = self.summaries()
        payload = {
            **self.run,
            "protocol": asdict(self.protocol),
            "tasks": self.tasks,
            "agents": self.entries,
            "summaries": [asdict(summary) for summary in summaries],
            "rows": self.rows,
        }
        write_json(self.path, payload)
        return summaries


def make_results(
    path: Path,
    protocol: Protocol,
    tasks: list[str],
    rows: list[Row],
    entries: dict[str, list[dict[str, Any]]],
    settings: Any,
) -> Results:
    """Return the results of this run of the command."""
    return Results(path, protocol, tasks, rows, entries, describe_run(settings))


def read_results(path: Path) -> Results:
    """Read a results file.

    Raises:
        DataError: If the file is missing, cut off or of another schema version.
    """
    again = "Fix: make one with 'sgd-gym bench run'."
    try:
        payload: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = payload["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a results file, or cut off ({error}). {again}") from error
    if found != SCHEMA_VERSION:
        raise DataError(f"{path} has results schema version {found}. Allowed: {SCHEMA_VERSION}. {again}")
    try:
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in payload.pop("protocol").items()
        }
        rows, tasks, agents = (payload.pop(name) for name in ("rows", "tasks", "agents"))
        payload.pop("summaries")
        lacking = sorted({name for row in rows for name in _ROW_FIELDS if name not in row})
        if lacking:
            raise KeyError(f"rows lack {', '.join(lacking)}")
        return Results(path, Protocol(**told), tasks, rows, agents, payload)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a results file of 'bench run' ({error}). {again}") from error


def check_alike(results: Sequence[Results], differ: Sequence[str] = ()) -> None:
    """Check that results may stand in one comparison.

    Args:
        results: Two or more.
        differ: Settings that may differ.

    Raises:
        DataError: If protocol, simulator or settings differ.
    """
    first = results[0]
    for other in results[1:]:
        for what, one, two in (
            ("protocol", first.protocol.name, other.protocol.name),
            ("protocol data", first.protocol, other.protocol),
            ("scienceworld", first.run["versions"]["scienceworld"], other.run["versions"]["scienceworld"]),
        ):
            if one != two:
                raise DataError(
                    f"{first.path} is of {what} {one!r}, {other.path} of {two!r}: they cannot be compared. "
                    f"Fix: run both on the same one."
                )
        ours, theirs = first.run["settings"], other.run["settings"]
        for name in ours.keys() | theirs.keys():
            one, two = ours.get(name), theirs.get(name)
            if one != two and name not in (*FREE_SETTINGS, *differ):
                raise DataError(
                    f"{first.path} has setting {name} {one}, {other.path} {two}: they cannot be compared. "
                    f"Fix: run both with the same one, or, if it is what you compare, --differ {name}."
                )


def join_results(
    results: Sequence[Results], path: Path, run: dict[str, Any], differ: Sequence[str] = ()
) -> Results:
    """Join shards, agents or training seeds into whole results.

    Args:
        results: One or more.
        path: Where the joint results are to be.
        run: How they are made.
        differ: Settings that may differ.

    Raises:
        DataError: If they cannot be compared, hold an episode twice, or lack one.
    """
    check_alike(results, differ)
    first = results[0]
    entries = _join_entries(results)
    found: dict[tuple[Any, ...], tuple[Row, Path]] = {}
    for one in results:
        for row in one.rows:
            place = (row["agent"], row["training_seed"], key_of(row))
            if place in found:
                raise DataError(
                    f"{one.path} and {found[place][1]} both hold {place}. Fix: name each shard once."
                )
            found[place] = row, one.path
    episodes = first.protocol.episodes(first.tasks, int(first.run["settings"]["seed"]))
    rows = []
    for agent, told in entries.items():
        for entry in told:
            wanted = [(agent, entry["training_seed"], key) for key in episodes]
            missing = [place for place in wanted if place not in found]
            if missing:
                raise DataError(
                    f"{len(missing)} of {len(wanted)} episodes of {agent} are in no file, such as "
                    f"{missing[0]}. Fix: name all shards."
                )
            rows += [found[place][0] for place in wanted]
    settings = first.run["settings"]
    return Results(path, first.protocol, first.tasks, rows, entries, {**run, "settings": settings})


def _join_entries(results: Sequence[Results]) -> dict[str, list[dict[str, Any]]]:
    """Return what each agent and training seed was.

    Raises:
        DataError: If an agent of one training seed was not the same in all files.
    """
    joint: dict[str, dict[Any, dict[str, Any]]] = {}
    for one in results:
        for agent, told in one.entries.items():
            for entry in told:
                seed = entry["training_seed"]
                if joint.setdefault(agent, {}).setdefault(seed, entry) != entry:
                    raise DataError(
                        f"{one.path} has {agent} of training seed {seed} with other weights or settings than "
                        f"a file before it. Fix: play all shards with one checkpoint."
                    )
    return {agent: list(by_seed.values()) for agent, by_seed in joint.items()}
