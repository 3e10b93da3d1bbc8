"""Results as TensorBoard events; plays nothing.

One run for each agent, with the names of Stable-Baselines3, its settings for the page HParams, and episodes
as text; beside them `progress/`, where the scores of all runs of a project are curves.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from sgd_gym.benchmarks.journal import key_of
from sgd_gym.benchmarks.results import Results
from sgd_gym.benchmarks.summary import Summary, overall_summary
from sgd_gym.benchmarks.transcripts import Move, read_moves
from sgd_gym.files import write_folder

SAMPLES = 10
"""So many episodes of an agent are shown as text, each of another task."""


def write_events(
    folder: Path,
    results: Results,
    summaries: Sequence[Summary],
    runs: Sequence[dict[str, Any]],
    transcripts: Path,
) -> None:
    """Write the events of each agent and the curves of all runs, in place of those of an earlier run.

    Args:
        folder: TensorBoard's folder.
        results: What was measured.
        summaries: The same, summed up.
        runs: The history, see `add_run`.
        transcripts: File of the transcripts.
    """
    for agent in results.agents:
        own = [one for one in summaries if one.agent == agent]

        def write_agent(path: Path, agent: str = agent, own: Sequence[Summary] = own) -> None:
            with SummaryWriter(str(path)) as writer:
                _write_scalars(writer, own)
                _write_settings(writer, results, agent, own)
                _write_samples(writer, results, agent, transcripts)

        write_folder(folder / _folder_name(agent), write_agent)

    def write_progress(path: Path) -> None:
        for agent in dict.fromkeys(name for run in runs for name in run["agents"]):
            with SummaryWriter(str(path / _folder_name(agent))) as writer:
                _write_curves(writer, agent, runs)

    write_folder(folder / "progress", write_progress)


def _folder_name(agent: str) -> str:
    return agent.replace(":", ".")


def _write_scalars(writer: SummaryWriter, summaries: Sequence[Summary]) -> None:
    alone = len(summaries) == 1
    for one in summaries:
        suffix = "" if one.task == "all" or alone else f"/{one.task}"
        writer.add_scalar(f"eval/score{suffix}", one.score.mean, 0)
        writer.add_scalar(f"eval/score_iqm{suffix}", one.iqm.mean, 0)
        writer.add_scalar(f"rollout/success_rate{suffix}", one.success_rate, 0)
        writer.add_scalar(f"rollout/ep_len_mean{suffix}", one.moves, 0)
        writer.add_scalar(f"rollout/planner_calls{suffix}", one.planner_calls, 0)
        writer.add_scalar(f"rollout/tokens_per_move{suffix}", one.tokens_per_move, 0)
        writer.add_scalar(f"time/seconds_per_episode{suffix}", one.seconds, 0)


def _write_settings(
    writer: SummaryWriter, results: Results, agent: str, summaries: Sequence[Summary]
) -> None:
    overall = overall_summary(summaries, agent)
    entries = results.entries[agent]
    settings = {
        "agent": agent,
        "protocol": results.protocol.name,
        "git": results.run["git"],
        "models": ", ".join(sorted({model for entry in entries for model in entry["models"]})),
        "training_seeds": ", ".join(str(entry["training_seed"]) for entry in entries),
        **{name: results.run["settings"][name] for name in ("seed", "max_option_moves")},
    }
    figures = {
        "hparam/score": overall.score.mean,
        "hparam/success_rate": overall.success_rate,
        "hparam/tokens_per_move": overall.tokens_per_move,
        "hparam/agent_seconds": overall.agent_seconds,
    }
    writer.add_hparams(settings, figures, run_name=".")


def _write_samples(writer: SummaryWriter, results: Results, agent: str, transcripts: Path) -> None:
    first = {row["task"]: row for row in reversed(results.rows_of(agent))}
    for task, row in list(reversed(first.items()))[:SAMPLES]:
        head = f"**{task}, variation {row['variation']}**: score {row['score_last']}, {row['ended_by']}"
        moves = read_moves(transcripts, agent, key_of(row), row["training_seed"])
        writer.add_text(f"episodes/{task}", "\n".join([head, "", *map(_line, moves)]), 0)


def _line(move: Move) -> str:
    """Return a move as a line of Markdown."""
    seen = " ".join(move.observation.split())
    if move.action is None:
        return f"{seen}\n"
    option = f"*{move.subgoal}* " if move.subgoal else ""
    gain = f" **{move.reward:+.0f}**" if move.reward else ""
    return f"{move.move}. {option}`{move.action}` {seen[:200]}{gain}"


def _write_curves(writer: SummaryWriter, agent: str, runs: Sequence[dict[str, Any]]) -> None:
    for run in runs:
        if agent in run["agents"]:
            told, when = run["agents"][agent], datetime.fromisoformat(run["created"]).timestamp()
            what = run["protocol"] if run["whole"] else f"{run['protocol']}-{run['tasks']}-tasks"
            for name in ("score", "success_rate"):
                writer.add_scalar(f"progress/{what}/{name}", told[name], run["run"], when)
            writer.add_text(f"progress/{what}/git", run["git"], run["run"], when)
