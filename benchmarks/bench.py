"""Compare agents on a protocol: build them by name, play, report; join what was played in parts."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tyro

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.config import ActingConfig
from sgd_gym.benchmarks.entries import Entry, make_entry
from sgd_gym.benchmarks.history import add_run
from sgd_gym.benchmarks.journal import Journal, Row, key_of, transcript_path
from sgd_gym.benchmarks.protocols import Protocol, get_protocol
from sgd_gym.benchmarks.results import Results, join_results, make_results, read_results
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.benchmarks.sheets import make_markdown
from sgd_gym.benchmarks.summary import Summary
from sgd_gym.benchmarks.tables import make_csv, make_sheets
from sgd_gym.benchmarks.transcripts import FILE as TRANSCRIPTS
from sgd_gym.benchmarks.transcripts import write_transcripts
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import CheckpointError, SgdGymError
from sgd_gym.files import write_text
from sgd_gym.llm.config import LlmConfig
from sgd_gym.models.checkpoint import META_FILE, CheckpointMeta, count_parameters, read_meta
from sgd_gym.provenance import describe_run


@dataclass
class BenchConfig(LlmConfig, ActingConfig):
    """Compare agents on the episodes of a protocol."""

    agents: list[str] = field(default_factory=lambda: ["random", "oracle"])
    """Agents: sgd, flat, scripted, swiftsage, react, sb3, guided, random, oracle, or your
    package.module:Class."""
    protocol: str = "quickstart-dev"
    """Episodes, limits, scoring: sgd-100, swiftsage-271, full-test, dev-mini, train-all, train-30, heldout,
    quickstart-dev."""
    tasks: list[str] | None = None
    """Play these tasks of the protocol only."""
    out: Path = Path("runs/bench")
    """Folder for results (JSON, CSV, Markdown), transcripts, journals and TensorBoard events."""
    planner: Path | None = None
    """Checkpoint folder of the planner (agents sgd, scripted and guided)."""
    executor: Path | None = None
    """Checkpoint folder of the executor (agents sgd and guided)."""
    flat: Path | None = None
    """Checkpoint folder of the flat model (agent flat; Swift of agent swiftsage)."""
    ranking: Path | None = None
    """Folder of a policy that ranks the planner's sub-goals anew (agents sgd and scripted)."""
    sb3: Path | None = None
    """Folder of a policy of Stable-Baselines3 (agent sb3)."""
    guide: Path | None = None
    """Annotated episodes whose paths finish the games of agent sgd (agent guided, for data to train on)."""
    sage: str = "local"
    """Who advises (agent swiftsage): "local", a checkpoint of ours; "llm", the model of --llm-url and
    --llm-model; or the folder of a chat model on this machine."""
    sage_checkpoint: Path | None = None
    """Checkpoint folder of Sage-local (--sage local)."""
    llm_history: int = 6000
    """Longest question in tokens; the oldest moves are left out of a longer one (agent react)."""
    worlds: int = 2
    """How many simulators run side by side; scores do not depend on it."""
    shard: str | None = None
    """Play one part of the episodes, such as 2/5 for the second of five; 'bench merge' joins them."""
    seed: int = 0
    """Seed of the agents that draw."""
    history: Path | None = None
    """Folder of history.jsonl, to which each run is added; that of the results if not given."""


@dataclass
class MergeConfig:
    """Join the results of shards, of several training seeds or of several agents."""

    results: tyro.conf.Positional[list[Path]]
    """Files results.json, each with its transcripts.parquet beside it."""
    out: Path = Path("runs/merged")
    """Folder for the joint files."""
    differ: list[str] = field(default_factory=list)
    """Settings that may differ between the files."""
    history: Path | None = None
    """Folder of history.jsonl, to which the joint run is added; that of the results if not given."""


def bench(config: BenchConfig) -> Results:
    """Play every agent, write all files of the results and return them.

    Raises:
        UnknownNameError: If an agent, the protocol or a task does not exist.
        CheckpointError: If an agent's checkpoint is missing or unfit.
        EndpointError: If the server of a language model is down or refuses.
    """
    protocol = get_protocol(config.protocol)
    episodes = _shard(protocol.episodes(config.tasks, config.seed), config.shard)
    if config.worlds < 1:
        raise SgdGymError(f"worlds is {config.worlds}. Allowed: 1 or more.")
    config.check()
    rows: list[Row] = []
    parts: list[Path] = []
    told: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as opened:
        # One client, and so one budget, for all agents; all agents are checked before one plays.
        open_client = cache(lambda: opened.enter_context(config.open_client()))
        entries = [make_entry(name, config, open_client) for name in config.agents]
        metas = {entry.name: _read_metas(entry.checkpoints, protocol) for entry in entries}
        for entry in entries:
            _check_client(entry, config, protocol, episodes)
        for entry in entries:
            journal, fingerprint = _journal_of(entry, config, protocol)
            seed = _training_seed(metas[entry.name])
            make, worlds = entry.make_agent, config.worlds
            own = play(entry.label, make, protocol, episodes, worlds, journal, fingerprint, seed)
            rows += [{**row, "money": _money(row, config)} for row in own]
            parts += [transcript_path(journal, key_of(row)) for row in own]
            models = [f"{meta.model} ({meta.family})" for meta in metas[entry.name]]
            # Of a model behind an endpoint nobody tells us.
            size = None if entry.client else sum(map(count_parameters, dict.fromkeys(entry.checkpoints)))
            identity = {"training_seed": seed, "fingerprint": fingerprint}
            told[entry.label] = [{**identity, "models": models, "parameters": size}]
    tasks = [task.name for task in get_tasks(config.tasks or list(protocol.tasks))]
    results = make_results(config.out / "results.json", protocol, tasks, rows, told, config)
    _write(results, parts, None if config.shard else config.history or config.out)
    return results


def merge(config: MergeConfig) -> Results:
    """Join results, write all files of the joint ones and return them.

    Raises:
        DataError: If a file is unfit, they cannot be compared, hold an episode twice, or lack one.
    """
    whole = [read_results(path) for path in config.results]
    results = join_results(whole, config.out / "results.json", describe_run(config), config.differ)
    parts = [path.with_name(TRANSCRIPTS) for path in config.results]
    _write(results, parts, config.history or config.out)
    return results


def _write(results: Results, parts: list[Path], history: Path | None) -> list[Summary]:
    """Write all that a run leaves; a shard has no place in the history."""
    from sgd_gym.benchmarks.events import write_events

    out = results.path.parent
    write_transcripts(out / TRANSCRIPTS, parts)
    summaries = results.write()
    write_text(out / "results.csv", make_csv(summaries, results.protocol))
    write_text(out / "table.md", make_markdown(make_sheets(summaries, results.protocol, wide=True)))
    runs = [] if history is None else add_run(history, results, summaries)
    write_events(out / "tensorboard", results, summaries, runs, out / TRANSCRIPTS)
    return summaries


def _shard(episodes: list[EpisodeKey], shard: str | None) -> list[EpisodeKey]:
    """Return each n-th episode from the i-th on, so that all shards take about as long.

    Raises:
        SgdGymError: If `shard` is not such as 1/3.
    """
    if shard is None:
        return episodes
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= len(episodes)):
        raise SgdGymError(
            f"shard is {shard!r}. Allowed: i/n, such as 1/3, with 1 <= i <= n <= {len(episodes)}."
        )
    return episodes[int(number) - 1 :: int(count)]


def _journal_of(entry: Entry, config: BenchConfig, protocol: Protocol) -> tuple[Path, str]:
    """Return where an agent's episodes are kept, and what they depend on."""
    settings = (config.seed, *entry.settings)
    fingerprint = fingerprint_of(entry.label, protocol, settings, entry.checkpoints)
    return config.out / f"episodes-{entry.name.replace(':', '.')}.jsonl", fingerprint


def _check_client(entry: Entry, config: BenchConfig, protocol: Protocol, episodes: list[EpisodeKey]) -> None:
    """Ask the server of a language model whether it is there, if the agent will need it."""
    if entry.client is not None:
        path, fingerprint = _journal_of(entry, config, protocol)
        if not (path.is_file() and all(map(Journal(path, fingerprint).is_done, episodes))):
            entry.client.check()


def _read_metas(checkpoints: list[Path], protocol: Protocol) -> list[CheckpointMeta]:
    """Return what an agent's models of ours were made with.

    Raises:
        CheckpointError: If one of them has seen a task that the protocol keeps out of training.
    """
    own = [path for path in checkpoints if (path / META_FILE).is_file()]
    metas = [read_meta(path) for path in own]
    for path, meta in zip(own, metas, strict=True):
        seen = [task for task in protocol.tasks if task in meta.tasks] if protocol.unseen else []
        if seen:
            others = [task.id for task in get_tasks("all") if task.name not in protocol.tasks]
            raise CheckpointError(
                f"{path} was trained on {', '.join(seen)}, which protocol {protocol.name} keeps out of "
                f"training. Fix: train it with --tasks {','.join(others)}."
            )
    return metas


def _training_seed(metas: list[CheckpointMeta]) -> int | str | None:
    """Return the seed of all models; both in a text if they differ, None without models."""
    seeds = list(dict.fromkeys(meta.settings.get("seed") for meta in metas))
    return "+".join(map(str, seeds)) if len(seeds) > 1 else seeds[0] if seeds else None


def _money(row: Row, config: BenchConfig) -> float | None:
    if not row["llm_tokens"]:
        return 0.0
    if config.llm_price_in is None or config.llm_price_out is None:
        return None
    return (row["llm_tokens_in"] * config.llm_price_in + row["llm_tokens_out"] * config.llm_price_out) / 1e6
