"""Write sub-goals into collected episodes, by rules or by a language model; knows neither rules nor prompts.

Law: an annotated file holds every chosen episode of its source file, divided, but for those that the report
names as failed, with the reason. A killed run goes on: whole files of a model are kept, and answers come from
the cache.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from sgd_gym.data.annotation_report import RECORDS, check_owner, read_record, write_record, write_report
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError
from sgd_gym.llm.client import ChatClient
from sgd_gym.llm.config import LlmConfig
from sgd_gym.progress import track
from sgd_gym.subgoals import Subgoal, option_indices
from sgd_gym.subgoals.annotator import Annotation, Annotator, Outcome, RulesAnnotator
from sgd_gym.subgoals.llm import LlmAnnotator
from sgd_gym.trajectories import Episode, Head, episode_files, read_episodes, read_heads, write_episodes

OUT = Path("data/annotated")
SPLITS = ("train", "dev", "test")


@dataclass
class AnnotateConfig(LlmConfig):
    """Divide collected episodes into sub-goals, or compare two annotations of the same episodes."""

    data: Path = Path("data/raw")
    """Folder that 'sgd-gym collect' wrote."""
    out: Path | None = None
    """Folder to write: the same files, with sub-goals, and a report; data/annotated if not given. With
    --compare the folder of figures and page; runs/compare if not given."""
    annotator: Literal["rules", "llm"] = "rules"
    """Who divides: rules, or the language model of --llm-url and --llm-model."""
    compare: tuple[Path, Path] | None = None
    """Two annotated folders to compare, the second against the first; nothing is annotated."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Task names or ids, or "all"."""
    splits: list[str] = field(default_factory=lambda: list(SPLITS))
    """Splits to divide: train, dev, test."""
    limit: int | None = None
    """Only so many episodes, the first ones; all if not given."""
    llm_name: str | None = None
    """Name to record in the data; the model's if not given."""
    llm_concurrency: int = 8
    """How many questions are under way at once."""

    @property
    def by_llm(self) -> bool:
        """Whether a language model divides."""
        return self.annotator == "llm" or self.llm_url is not None


@dataclass
class _Job:
    """One file to write."""

    source: Path
    target: Path
    record: Path
    ids: set[tuple[str, str]]
    """Source and id of each chosen episode."""


@dataclass
class _Running:
    """A file whose episodes are being divided."""

    job: _Job
    episodes: list[Episode]
    futures: list[Future[Annotation]]


@dataclass
class _Totals:
    commands: int = 0
    subgoals: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, episodes: list[Episode], outcomes: list[Outcome]) -> None:
        self.commands += sum(len(episode.steps) for episode in episodes)
        self.subgoals += sum((episode.steps[-1].option_index or 0) + 1 for episode in episodes)
        self.outcomes += outcomes


def annotate_folder(config: AnnotateConfig) -> tuple[int, int]:
    """Annotate the chosen episodes of a folder; return the numbers of commands and of sub-goals.

    Raises:
        DataError: If the folder holds no data, a file is not whole, or `out` is another annotator's.
        SgdGymError: If a setting is missing or wrong.
        EndpointError: If the model's endpoint is down or refuses.
        BudgetError: If the budget is spent.
    """
    out = config.out or OUT
    if out.resolve() == config.data.resolve():
        raise DataError(f"{out} is the folder that is read. Fix: give another one as --out.")
    heads = {file: read_heads(file) for file in episode_files(config.data)}
    jobs = _choose(config, out, heads)
    totals, finished = _Totals(), False
    with _open_annotator(config, heads) as (annotator, client):
        check_owner(out, annotator.name)
        settings = _settings(config) if client else {}
        write_report(out, annotator.name, settings, [], finished=False)
        try:
            _run(jobs, annotator, client, config.llm_concurrency if client else 1, totals)
            finished = True
        finally:
            money = client.spent[2] if client else 0.0
            write_report(out, annotator.name, settings, totals.outcomes, finished=finished, money=money)
    return totals.commands, totals.subgoals


def annotate_episode(episode: Episode, annotator: Annotator | None = None) -> Episode:
    """Return the episode with the sub-goal of every command, by rules if no annotator is given.

    Raises:
        DataError: If the annotator cannot divide it.
    """
    annotator = annotator or RulesAnnotator()
    annotation = annotator.annotate(episode)
    if annotation.subgoals is None:
        raise DataError(f"{episode.episode_id} cannot be divided: {annotation.outcome.reason}")
    return _with_subgoals(episode, annotation.subgoals, annotator.name)


def _with_subgoals(episode: Episode, subgoals: list[Subgoal], name: str) -> Episode:
    steps = tuple(
        replace(step, subgoal=str(subgoal), option_index=index)
        for step, subgoal, index in zip(episode.steps, subgoals, option_indices(subgoals), strict=True)
    )
    return replace(episode, steps=steps, annotator=name)


def _choose(config: AnnotateConfig, out: Path, heads: dict[Path, list[Head]]) -> list[_Job]:
    """Return the files to write, each with the episodes that the configuration names."""
    for split in config.splits:
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
    if config.limit is not None and config.limit < 1:
        raise SgdGymError(f"limit is {config.limit}. Allowed: 1 or more.")
    every = config.tasks == ["all"]
    tasks = set() if every else {task.name for task in get_tasks(config.tasks)}
    jobs, left = [], config.limit
    for file, found in heads.items():
        chosen = [head for head in found if head.split in config.splits and (every or head.task in tasks)]
        chosen = chosen[:left]
        if not chosen:
            continue
        left = None if left is None else left - len(chosen)
        name = file.relative_to(config.data)
        ids = {(head.source, head.episode_id) for head in chosen}
        jobs.append(_Job(file, out / name, out / RECORDS / name.with_suffix(".json"), ids))
    if not jobs:
        raise DataError(
            f"{config.data} holds no episode of {', '.join(config.tasks)} in {', '.join(config.splits)}. "
            f"Fix: name others, or collect these."
        )
    return jobs


@contextmanager
def _open_annotator(
    config: AnnotateConfig, heads: dict[Path, list[Head]]
) -> Iterator[tuple[Annotator, ChatClient | None]]:
    """Yield who divides, and the client if it is a language model."""
    if not config.by_llm:
        yield RulesAnnotator(), None
        return
    if config.llm_concurrency < 1:
        raise SgdGymError(f"llm_concurrency is {config.llm_concurrency}. Allowed: 1 or more.")
    with config.open_client() as client:
        name = config.llm_name or client.endpoint.model
        yield LlmAnnotator(client, name, _choose_examples(heads)), client


def _choose_examples(heads: dict[Path, list[Head]]) -> dict[str, Episode]:
    """Return for each task the episode to show: the shortest of train, else of dev; never one of test."""
    chosen: dict[str, tuple[tuple[int, int, int], Path]] = {}
    for file, found in heads.items():
        for head in found:
            if head.split != "test":
                rank = (int(head.split != "train"), head.moves, head.variation)
                chosen[head.task] = min(chosen.get(head.task, (rank, file)), (rank, file))
    return {
        task: next(one for one in read_episodes(file) if (one.task, one.variation) == (task, rank[2]))
        for task, (rank, file) in chosen.items()
    }


def _run(
    jobs: list[_Job], annotator: Annotator, client: ChatClient | None, workers: int, totals: _Totals
) -> None:
    """Divide the files in order, with `workers` episodes under way."""
    waiting: deque[_Running] = deque()
    pool = ThreadPoolExecutor(workers)
    with track("annotate", sum(len(job.ids) for job in jobs)) as advance:
        try:
            for job in jobs:
                every = read_episodes(job.source)
                episodes = [one for one in every if (one.source, one.episode_id) in job.ids]
                kept = read_record(job.record, annotator.name, episodes) if client else None
                if client and kept is not None and job.target.exists():
                    for outcome in kept:
                        client.count(outcome.answers)
                    totals.add(read_episodes(job.target), kept)
                    advance(len(episodes))
                    continue
                futures = [pool.submit(annotator.annotate, episode) for episode in episodes]
                for future in futures:
                    future.add_done_callback(lambda _: advance(1))
                waiting.append(_Running(job, episodes, futures))
                while sum(not one.done() for running in waiting for one in running.futures) > 2 * workers:
                    _finish(waiting.popleft(), annotator, totals, bool(client))
            while waiting:
                _finish(waiting.popleft(), annotator, totals, bool(client))
        except BaseException:
            if client:
                client.stop()
            pool.shutdown(cancel_futures=True)
            for running in waiting:
                if all(one.done() and not one.cancelled() and not one.exception() for one in running.futures):
                    _finish(running, annotator, totals, bool(client))
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _finish(running: _Running, annotator: Annotator, totals: _Totals, keep_record: bool) -> None:
    """Write a file, and a model's record of it, as soon as all its episodes are divided."""
    annotations = [future.result() for future in running.futures]
    pairs = list(zip(running.episodes, annotations, strict=True))
    episodes = [
        _with_subgoals(episode, annotation.subgoals, annotator.name)
        for episode, annotation in pairs
        if annotation.subgoals is not None
    ]
    outcomes = [annotation.outcome for annotation in annotations]
    write_episodes(running.job.target, episodes)
    if keep_record:
        write_record(running.job.record, annotator.name, running.episodes, outcomes)
    totals.add(episodes, outcomes)


def _settings(config: AnnotateConfig) -> dict[str, object]:
    """Return what a report tells of the model."""
    names = ("llm_model", "llm_url", "llm_temperature", "llm_max_tokens", "llm_price_in", "llm_price_out")
    return {name.removeprefix("llm_"): getattr(config, name) for name in names}
