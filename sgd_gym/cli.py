"""The command `sgd-gym`: parses flags, calls the package, prints results and errors."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import tyro
from rich.console import Console
from rich.markup import escape

from sgd_gym.errors import SgdGymError

USAGE = """Usage: sgd-gym COMMAND [FLAGS]; sgd-gym COMMAND --help explains every flag.

  collect                        oracle trajectories from the simulator, as parquet files
  annotate                       divide collected episodes into sub-goals
  export                         episodes as JSON lines or as a Minari dataset
  train planner|executor|flat|sage   train a model on annotated episodes
  bench run                      compare agents on the episodes of a protocol
  bench merge                    join the results of shards, training seeds or agents
  bench compare                  two agents, or two runs, on the same episodes
  bench keep                     games that an agent played, as episodes to train on
  bench paths                    what shortened and annotated oracle paths keep
  bench options                  goals detected, options reached by rules, options that a mask opens
  bench learning                 MaskablePPO over options and over commands, beside chance
  bench env                      speed and size of the environment beside the stock wrapper
  bench traces                   equal episodes over resets, processes, Javas and the stock wrapper
  bench act                      model seconds and tokens a move, beside the papers' loop
  bench train                    tokens a second of training beside the bare trainer, cost of a pass
  bench families                 families and sizes of models after the same minutes of training
  bench rerank                   a planner fine-tuned by reinforcement learning where it is weak
  bench ablate                   agent sgd with one setting changed at a time
  bench ablate-training          size, data, paths and tasks of training changed, at equal minutes
  bench distil                   students of a larger teacher, by method, at equal minutes
  bench annotate                 a tiny chat model, trained, served, asked for sub-goals, compared
  bench soak                     2,000 resets and 10,000 hostile commands: memory, faults
  report RESULTS.json            one HTML file: figures, and every game to read move by move
  quickstart                     all of this for four tasks, in one command
  reproduce                      the default weights and the figures of the papers' protocols, in one command
  play                           play a task yourself on the terminal
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a user's error gives one message and exit status 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    errors = Console(stderr=True)
    try:
        _run(words)
    except (SgdGymError, OSError) as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("Interrupted. What is whole is kept; the same command goes on from there.")
        sys.exit(130)


def _run(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help"):
        print(USAGE)
        return
    if words[0] == "--version":
        from sgd_gym import __version__

        print(f"sgd-gym {__version__}")
        return
    commands: dict[tuple[str, ...], Callable[[list[str], str], None]] = {
        ("collect",): _collect,
        ("annotate",): _annotate,
        ("export",): _export,
        ("train", "planner"): _train,
        ("train", "executor"): _train,
        ("train", "flat"): _train,
        ("train", "sage"): _train,
        ("bench", "run"): _bench_run,
        ("bench", "merge"): _bench_merge,
        ("bench", "compare"): _bench_compare,
        ("bench", "keep"): _bench_keep,
        ("bench", "paths"): _bench_paths,
        ("bench", "options"): _bench_options,
        ("bench", "learning"): _bench_learning,
        ("bench", "env"): _bench_env,
        ("bench", "traces"): _bench_traces,
        ("bench", "act"): _bench_act,
        ("bench", "train"): _bench_train,
        ("bench", "families"): _bench_families,
        ("bench", "rerank"): _bench_rerank,
        ("bench", "ablate"): _bench_ablate,
        ("bench", "ablate-training"): _bench_ablate_training,
        ("bench", "distil"): _bench_distil,
        ("bench", "annotate"): _bench_annotate,
        ("bench", "soak"): _bench_soak,
        ("report",): _report,
        ("quickstart",): _quickstart,
        ("reproduce",): _reproduce,
        ("play",): _play,
    }
    for name, command in commands.items():
        if tuple(words[: len(name)]) == name:
            command(words[len(name) :], " ".join(name))
            return
    if words[0] in {name[0] for name in commands} and {"-h", "--help"} & set(words[1:]):
        print(USAGE)
        return
    allowed = ", ".join(" ".join(name) for name in commands)
    raise SgdGymError(f"Unknown command {' '.join(words[:2])!r}. Allowed: {allowed}.")


def _quiet_transformers() -> None:
    """Keep the library's bars and warnings off the terminal: ours tell what takes time, and what is wrong."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _parse(config: Any, flags: list[str], name: str) -> Any:
    """Read flags into a configuration; a list of names may have blanks or commas between them."""
    parsed = tyro.cli(config, args=flags, prog=f"sgd-gym {name}")
    lists = {one.name: getattr(parsed, one.name) for one in fields(parsed)}
    return replace(
        parsed,
        **{
            name: [word for text in value for word in text.split(",") if word]
            for name, value in lists.items()
            if isinstance(value, list) and all(isinstance(text, str) for text in value)
        },
    )


def _collect(flags: list[str], name: str) -> None:
    from sgd_gym.data.collect import CollectConfig, collect
    from sgd_gym.data.shards import read_reasons

    config = _parse(CollectConfig, flags, name)
    print(f"{collect(config)} episodes in {config.out}")
    reasons = read_reasons(config.out)
    if reasons:
        print(
            f"{len(reasons)} of the folder do not end at score 100 and are kept apart in {config.out}/failed"
        )


def _annotate(flags: list[str], name: str) -> None:
    from sgd_gym.data.annotate import OUT, AnnotateConfig, annotate_folder
    from sgd_gym.data.annotation_report import read_report
    from sgd_gym.data.compare import OUT as COMPARE_OUT
    from sgd_gym.data.compare import CompareConfig, compare_folders, make_markdown

    config = _parse(AnnotateConfig, flags, name)
    if config.compare:
        out = config.out or COMPARE_OUT
        print(make_markdown(compare_folders(CompareConfig(config.compare[0], config.compare[1], out))))
        print(f"Side by side: {out / 'compare.html'}")
        return
    commands, subgoals = annotate_folder(config)
    out = config.out or OUT
    each = f" ({commands / subgoals:.1f} each)" if subgoals else ""
    print(f"{commands} commands in {subgoals} sub-goals{each} in {out}")
    failed = len(read_report(out)["failures"])
    if failed:
        print(f"{failed} paths could not be divided and are left out; {out / 'report.md'} tells why")


def _export(flags: list[str], name: str) -> None:
    from sgd_gym.data.export import ExportConfig, export

    config = _parse(ExportConfig, flags, name)
    for path, count in export(config).items():
        print(f"{count} episodes in {path}")


def _train(flags: list[str], name: str) -> None:
    from sgd_gym.training.config import TrainConfig
    from sgd_gym.training.train import train

    _quiet_transformers()
    config = _parse(TrainConfig, flags, name)
    meta = train(name.split()[1], config)
    scores = ", ".join(f"{figure} {value:.4f}" for figure, value in meta.scores.items())
    print(f"Checkpoint in {config.out}; dev: {scores}")


def _bench_run(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.bench import BenchConfig, bench

    _quiet_transformers()
    _print_results(bench(_parse(BenchConfig, flags, name)))


def _bench_merge(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.bench import MergeConfig, merge

    _print_results(merge(_parse(MergeConfig, flags, name)))


def _print_results(results: Any) -> None:
    from sgd_gym.benchmarks.sheets import make_terminal
    from sgd_gym.benchmarks.tables import make_sheets

    console = Console()
    console.print(make_terminal(make_sheets(results.summaries(), results.protocol)))
    console.print(
        f"Results: {results.path}; to read the games: sgd-gym report {results.path}", soft_wrap=True
    )


def _bench_compare(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.compare import CompareConfig, compare, make_comparison_sheets
    from sgd_gym.benchmarks.sheets import make_terminal

    Console().print(make_terminal(make_comparison_sheets(compare(_parse(CompareConfig, flags, name)))))


def _bench_keep(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.played import PlayedConfig, keep_played

    for path, count in keep_played(_parse(PlayedConfig, flags, name)).items():
        print(f"{count} episodes in {path}")


def _bench_paths(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.benchmarks.paths import PathsConfig, measure_paths

    Console().print(make_figure_table(measure_paths(_parse(PathsConfig, flags, name))))


def _bench_options(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.benchmarks.options import OptionsConfig, measure_options

    Console().print(make_figure_table(measure_options(_parse(OptionsConfig, flags, name))))


def _bench_learning(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.benchmarks.learning import LearningConfig, measure_learning

    Console().print(make_figure_table(measure_learning(_parse(LearningConfig, flags, name))))


def _bench_env(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.environment.speed import SpeedConfig, measure_speed
    from sgd_gym.benchmarks.figures import make_figure_table

    Console().print(make_figure_table(measure_speed(_parse(SpeedConfig, flags, name))))


def _bench_traces(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.environment.traces import TracesConfig, compare_traces
    from sgd_gym.benchmarks.figures import make_figure_table

    Console().print(make_figure_table(compare_traces(_parse(TracesConfig, flags, name))))


def _bench_act(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.acting import ActingCostConfig, measure_acting
    from sgd_gym.benchmarks.figures import make_figure_table

    _quiet_transformers()
    Console().print(make_figure_table(measure_acting(_parse(ActingCostConfig, flags, name))))


def _bench_train(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.training.speed import TrainSpeedConfig, measure_training

    _quiet_transformers()
    Console().print(make_figure_table(measure_training(_parse(TrainSpeedConfig, flags, name))))


def _bench_families(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.training.families import FamiliesConfig, compare_families

    _quiet_transformers()
    Console().print(make_figure_table(compare_families(_parse(FamiliesConfig, flags, name))))


def _bench_rerank(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.benchmarks.reranking import RerankingConfig, measure_reranking

    _quiet_transformers()
    Console().print(make_figure_table(measure_reranking(_parse(RerankingConfig, flags, name))))


def _bench_ablate(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.ablations import AblationsConfig, ablate
    from sgd_gym.benchmarks.figures import make_figure_table

    _quiet_transformers()
    Console().print(make_figure_table(ablate(_parse(AblationsConfig, flags, name))))


def _bench_ablate_training(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.training.ablations import TrainAblationsConfig, ablate_training

    _quiet_transformers()
    Console().print(make_figure_table(ablate_training(_parse(TrainAblationsConfig, flags, name))))


def _bench_distil(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table
    from sgd_gym.training.distillation import DistillationConfig, compare_distillation

    _quiet_transformers()
    Console().print(make_figure_table(compare_distillation(_parse(DistillationConfig, flags, name))))


def _bench_annotate(flags: list[str], name: str) -> None:
    from sgd_gym.training.annotate_proof import AnnotateProofConfig, prove_annotation

    _quiet_transformers()
    config = _parse(AnnotateProofConfig, flags, name)
    prove_annotation(config)
    print((config.out / "annotate_llm.md").read_text(encoding="utf-8"))


def _bench_soak(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.environment.soak import SoakConfig, soak
    from sgd_gym.benchmarks.figures import make_figure_table

    Console().print(make_figure_table(soak(_parse(SoakConfig, flags, name))))


def _report(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.page.build import ReportConfig, make_report

    path = make_report(_parse(ReportConfig, flags, name))
    print(f"{path}, {path.stat().st_size / 1e6:.1f} MB: open it in a browser")


def _quickstart(flags: list[str], name: str) -> None:
    from sgd_gym.quickstart import QuickstartConfig, quickstart

    _quiet_transformers()
    quickstart(_parse(QuickstartConfig, flags, name))


def _reproduce(flags: list[str], name: str) -> None:
    from sgd_gym.reproduce import ReproduceConfig, reproduce

    _quiet_transformers()
    config = _parse(ReproduceConfig, flags, name)
    minutes = reproduce(config)
    for stage, took in minutes.items():
        print(f"{took:6.1f} minutes  {stage}")
    print(f"{sum(minutes.values()):6.1f} minutes in all. Reports: {config.out}/*.html")


def _play(flags: list[str], name: str) -> None:
    from sgd_gym.play import PlayConfig, play

    play(_parse(PlayConfig, flags, name))


if __name__ == "__main__":
    main()
