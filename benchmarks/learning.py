"""Whether a learner improves on options: MaskablePPO on single tasks, over options and over commands.

Each run learns on the train split with a budget in moves of the simulator, then plays all dev variations.
Beside it, at random among the actions that are open. A run that was finished is not made again.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sgd_gym.benchmarks.figures import Figure, check_bars, load_pyplot, write_figures
from sgd_gym.benchmarks.stats import mean_interval
from sgd_gym.envs.array import ScienceWorldSB3Env
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import UnknownNameError
from sgd_gym.files import write_json
from sgd_gym.processes import start_processes
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run

SPLIT = "dev"
GAIN = 15.0
"""Points that a learnt policy over options shall gain over a random one."""
POLICIES = ("options", "commands", "random options", "random commands")

Policy = Callable[[dict[str, np.ndarray], np.ndarray], int]


@dataclass
class LearningConfig:
    """Train MaskablePPO over options and over commands, and compare it with chance on dev."""

    tasks: list[str] = field(
        default_factory=lambda: ["find-plant", "use-thermometer", "chemistry-mix-paint-secondary-color"]
    )
    """Task names or ids."""
    seeds: int = 3
    """How many runs of each."""
    moves: int = 60_000
    """Moves of the simulator that a run learns from."""
    dev_variations: int | None = None
    """How many dev variations each policy plays; all if not given."""
    processes: int = 2
    """How many runs are made side by side."""
    out: Path = Path("runs/learning")
    """Folder for learning.json, learning.md, learning.png and what each run left."""


def measure_learning(config: LearningConfig) -> list[Figure]:
    """Make all runs, write learning.json, learning.md and learning.png, and return the figures.

    Raises:
        UnknownNameError: If a task does not exist, or a number is less than 1.
        SgdGymError: If matplotlib is not installed, or a bar is missed; the files are written first.
    """
    for name in ("seeds", "moves", "processes"):
        if getattr(config, name) < 1:
            raise UnknownNameError(name, getattr(config, name), ["1 or more"])
    load_pyplot()
    tasks = [get_task(task).name for task in config.tasks]
    jobs = [(task, policy, seed) for seed in range(config.seeds) for task in tasks for policy in POLICIES]
    missing = [job for job in jobs if not _file(config, *job).exists()]
    with (
        track("learn", len(jobs), len(jobs) - len(missing)) as advance,
        start_processes(config.processes) as pool,  # each run has its own, for torch and the simulator
    ):
        for future in as_completed([pool.submit(_run, config, *job) for job in missing]):
            future.result()
            advance(1)
    runs = [json.loads(_file(config, *job).read_text(encoding="utf-8")) for job in jobs]
    figures = [figure for task in tasks for figure in _figures(task, runs)]
    write_figures(config.out, "learning", figures, {**describe_run(config), "runs": runs})
    draw_curves(runs, config.out / "learning.png")
    check_bars(figures, config.out / "learning.md")
    return figures


def _file(config: LearningConfig, task: str, policy: str, seed: int) -> Path:
    return config.out / "runs" / f"{task}-{policy.replace(' ', '-')}-{config.moves}-{seed}.json"


def _run(config: LearningConfig, task: str, policy: str, seed: int) -> None:
    """Make one run and write its file."""
    import torch
    from stable_baselines3.common.utils import set_random_seed

    from sgd_gym.agents.sb3.train import LearnConfig, learn

    torch.set_num_threads(1)
    start = time.monotonic()
    file = _file(config, task, policy, seed)
    actions = policy.split()[-1]
    episodes: Sequence[tuple[int, int]] = ()
    if policy != actions:
        choose = make_random(seed)
    else:
        settings: dict[str, Any] = {"task": task, "actions": actions, "moves": config.moves, "seed": seed}
        learner, budget = learn(LearnConfig(**settings, eval_every=0, out=file.with_suffix("")))
        episodes = budget.episodes

        def choose(observation: dict[str, np.ndarray], mask: np.ndarray) -> int:
            predict: Any = learner.predict  # the base class knows no masks
            return int(predict(observation, action_masks=mask, deterministic=False)[0])

    learnt = time.monotonic()
    set_random_seed(seed)
    scores = play(task, actions, choose, config.dev_variations)
    write_json(
        file,
        {
            "task": task,
            "policy": policy,
            "seed": seed,
            "scores": scores,
            "episodes": episodes,
            "seconds_learning": learnt - start,
            "seconds_playing": time.monotonic() - learnt,
        },
    )


def make_random(seed: int) -> Policy:
    """Return the policy that draws among the open actions."""
    generator = np.random.default_rng(seed)

    def choose(observation: dict[str, np.ndarray], mask: np.ndarray) -> int:
        return int(generator.choice(np.flatnonzero(mask)))

    return choose


def play(task: str, actions: str, choose: Policy, count: int | None = None) -> list[int]:
    """Play the first dev variations of a task, or all; return their scores, a negative one as 0."""
    env = ScienceWorldSB3Env(task=task, split=SPLIT, actions=actions)
    scores = []
    try:
        for variation in get_task(task).variations(SPLIT)[:count]:
            seen, info = env.reset(options={"variation": variation})
            ended = False
            while not ended:
                action = np.int64(choose(seen, env.action_masks()))
                seen, _, terminated, truncated, info = env.step(action)
                ended = terminated or truncated
            scores.append(max(0, info["score"]))
    finally:
        env.close()
    return scores


def _figures(task: str, runs: Iterable[dict[str, Any]]) -> list[Figure]:
    """Return mean scores with intervals over seeds and variations, and the gain of learning options."""
    own = [run for run in runs if run["task"] == task]
    means = {}
    figures = []
    for policy in POLICIES:
        scores = [run["scores"] for run in own if run["policy"] == policy]
        means[policy] = mean_interval(scores)
        minutes = [run["seconds_learning"] / 60 for run in own if run["policy"] == policy]
        note = f"{len(scores)} seeds, {len(scores[0])} dev variations"
        note += f"; learnt in at most {max(minutes):.1f} minutes" if max(minutes) > 0.1 else ""
        one = means[policy]
        figures.append(Figure(f"{task}: {policy}", one.mean, one.low, one.high, note=note))
    gain = means["options"].mean - means["random options"].mean
    gap = means["options"].low - means["random options"].high
    figures.append(
        Figure(f"{task}: gain of learning options", gain, bar=GAIN, note="points over random options")
    )
    figures.append(Figure(f"{task}: gap between their intervals", gap, bar=0, note="they do not overlap"))
    return figures


def draw_curves(runs: Sequence[dict[str, Any]], path: Path, window: int = 50) -> None:
    """Draw the score of the last episodes over the moves made, a panel a task, a line a seed."""
    pyplot = load_pyplot()
    tasks = list(dict.fromkeys(run["task"] for run in runs))
    colours = {"options": "tab:blue", "commands": "tab:orange"}
    figure, panels = pyplot.subplots(
        1, len(tasks), figsize=(4.2 * len(tasks), 3.4), sharey=True, squeeze=False
    )
    for panel, task in zip(panels[0], tasks, strict=True):
        for run in runs:
            if run["task"] == task and run["episodes"]:
                moves, scores = np.array(run["episodes"]).T
                scores = np.maximum(scores, 0)
                means = [scores[max(0, i - window + 1) : i + 1].mean() for i in range(len(scores))]
                label = run["policy"] if run["seed"] == 0 else None
                panel.plot(moves, means, color=colours[run["policy"]], alpha=0.8, linewidth=1.4, label=label)
        for policy, style in (("random options", "--"), ("random commands", ":")):
            chance = [run["scores"] for run in runs if run["task"] == task and run["policy"] == policy]
            panel.axhline(
                np.mean(chance), color="grey", linestyle=style, linewidth=1, label=f"{policy} (dev)"
            )
        panel.set_title(task, fontsize=9)
        panel.set_xlabel("moves of the simulator")
        panel.set_ylim(0, 100)
    panels[0][0].set_ylabel(f"score, mean of {window} train episodes")
    panels[0][-1].legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=140)
    pyplot.close(figure)
