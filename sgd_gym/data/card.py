"""The data card of a folder of collected episodes, for people and for Hugging Face `datasets`; plays nothing.

The card is made from the files alone, so that equal files give equal cards.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from sgd_gym.data.shards import MAX_SCORE
from sgd_gym.data.subsets import SUBSETS, choose_variations
from sgd_gym.envs.simulator import DETERMINISM_FLAGS, SCIENCEWORLD_VERSION
from sgd_gym.envs.tasks import SPLITS, TASKS, get_task
from sgd_gym.files import write_text
from sgd_gym.trajectories import FAILED, SCHEMA_VERSION, Head, check_unique, episode_files, read_heads

COLUMNS = {
    "episode_id": "task and variation, `find-plant/3`; unique within a source",
    "task": "name of the task",
    "variation": "number of the variation within the task, over all splits",
    "split": "`train`, `dev` or `test`, as the simulator divides the variations",
    "task_description": "the task as the agent reads it",
    "source": "who played: `oracle`, the simulator's solution, or `shortened`, the same without detours",
    "annotator": "who divided the path into sub-goals: `rules`, or a model's name; null before annotation",
    "step": "number of the command within the episode, from 0",
    "look": "the room before the command",
    "inventory": "the inventory before the command",
    "action": "the command",
    "observation": "the simulator's reply to the command",
    "reward": "change of the score in points; the rewards of an episode add up to its score",
    "score": "score after the command, in points; 100 is a solved task",
    "done": "whether the simulator ended the task with this command",
    "subgoal": "sub-goal that the command serves; null before annotation",
    "option_index": "number of the sub-goal within the episode, from 0; null before annotation",
    "taught": "whether the command is an example; false for what a student did before its guide took over",
}
"""What the columns hold, in their order."""


def write_card(folder: Path, failed: Mapping[str, str], command: str | None = None) -> None:
    """Write `README.md` into a folder of episodes.

    Args:
        folder: The folder.
        failed: The reason for each episode that is kept apart.
        command: What made the folder; the `sgd-gym collect` for what it holds if not given.
    """
    found = {path: read_heads(path) for path in episode_files(folder)}
    check_unique(found)
    heads = [head for heads in found.values() for head in heads]
    write_text(folder / "README.md", make_card(heads, failed, command))


def make_card(heads: list[Head], failed: Mapping[str, str], command: str | None = None) -> str:
    """Return the text of the card of some episodes; see `write_card`."""
    counts = Counter((head.task, head.split) for head in heads)
    counts.update((task, get_task(task).split_of(number)) for task, number in map(_names, failed))
    splits = [split for split in SPLITS if any(head.split == split for head in heads)]
    moves = sum(head.moves for head in heads)
    sources = sorted({head.source for head in heads})
    annotators = sorted({head.annotator for head in heads if head.annotator})
    lines = [
        "---",
        "license: apache-2.0",
        "language: en",
        "pretty_name: ScienceWorld oracle paths",
        *(["configs:", "- config_name: default", "  data_files:"] if splits else []),
        *(f"  - split: {split}\n    path: {split}/*.parquet" for split in splits),
        "---",
        "",
        "# ScienceWorld oracle paths",
        "",
        f"{len(heads):,} episodes of [ScienceWorld](https://arxiv.org/abs/2203.07540) in {moves:,} rows, one "
        f"row a command. Every episode ends at score {MAX_SCORE}. Source: {', '.join(sources) or 'none'}. "
        f"Sub-goals: {', '.join(annotators) or 'none yet'}.",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'episodes = load_dataset("path/to/this/folder")',
        "```",
        "",
        "## How they were made",
        "",
        "```bash",
        command or _command(counts),
        "```",
        "",
        f"The simulator is scienceworld {SCIENCEWORLD_VERSION} with the simplification `easy` and the JVM "
        f"flags `{' '.join(DETERMINISM_FLAGS)}`, which make equal commands give equal texts. Made again, the "
        "files are the same byte for byte, however many worlds make them and however often they are killed.",
        "",
        "## Columns",
        "",
        f"Trajectory schema version {SCHEMA_VERSION} (in the metadata of each file).",
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in COLUMNS.items()),
        "",
        "## Episodes",
        "",
        "Episodes here, failed ones among them, of those that the simulator has.",
        "",
        "| task | train | dev | test |",
        "|---|---:|---:|---:|",
        *_count_rows(counts),
        "",
        "## Known failures",
        "",
        *_failure_lines(failed),
        "",
        "## Licence",
        "",
        "Apache-2.0, like ScienceWorld, whose simulator wrote the texts.",
    ]
    return "\n".join(lines) + "\n"


def _names(episode_id: str) -> tuple[str, int]:
    task, _, variation = episode_id.rpartition("/")
    return task, int(variation)


def _command(counts: Counter[tuple[str, str]]) -> str:
    """Return the command that collects what is here, or more if no flags draw just this."""
    tasks = [task for task in TASKS if any(counts[task.name, split] for split in SPLITS)]
    splits = [split for split in SPLITS if any(counts[task.name, split] for task in tasks)]
    parts = [(task, split) for task in tasks for split in splits]
    names = "all" if len(tasks) == len(TASKS) else ",".join(task.name for task in tasks)
    command = f"sgd-gym collect --tasks {names} --splits {','.join(splits)}"
    most = max(counts.values(), default=0)
    choices = [("", None, None), *((f" --subset {name}", name, None) for name in SUBSETS)]
    for flags, subset, limit in [*choices, (f" --max-variations {most}", None, most)]:
        if all(
            counts[task.name, split] == len(choose_variations(task, split, subset, limit))
            for task, split in parts
        ):
            return command + flags
    return f"{command}  # a part of what it collects"


def _count_rows(counts: Counter[tuple[str, str]]) -> list[str]:
    rows = []
    for task in TASKS:
        if any(counts[task.name, split] for split in SPLITS):
            cells = [f"{counts[task.name, split]} of {len(task.variations(split))}" for split in SPLITS]
            rows.append(f"| {task.name} | {' | '.join(cells)} |")
    sums = [sum(counts[task.name, split] for task in TASKS) for split in SPLITS]
    sizes = [sum(len(task.variations(split)) for task in TASKS) for split in SPLITS]
    cells = [f"{count:,} of {size:,}" for count, size in zip(sums, sizes, strict=True)]
    return [*rows, f"| all | {' | '.join(cells)} |"]


def _failure_lines(failed: Mapping[str, str]) -> list[str]:
    if not failed:
        return ["None: every path ends at score 100."]
    return [
        f"{len(failed)} paths do not end at score 100. They stand in `{FAILED}/`, outside the splits.",
        "",
        "| episode | why |",
        "|---|---|",
        *(f"| {episode_id} | {reason} |" for episode_id, reason in failed.items()),
    ]
