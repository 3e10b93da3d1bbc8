"""The command `sgd-gym`: parses flags, calls the package, prints results and errors."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib import import_module
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

MEASURES = {
    "bench paths": ("sgd_gym.benchmarks.paths", "PathsConfig", "measure_paths"),
    "bench options": ("sgd_gym.benchmarks.options", "OptionsConfig", "measure_options"),
    "bench learning": ("sgd_gym.benchmarks.learning", "LearningConfig", "measure_learning"),
    "bench env": ("sgd_gym.benchmarks.environment.speed", "SpeedConfig", "measure_speed"),
    "bench traces": ("sgd_gym.benchmarks.environment.traces", "TracesConfig", "compare_traces"),
    "bench act": ("sgd_gym.benchmarks.acting", "ActingCostConfig", "measure_acting"),
    "bench train": ("sgd_gym.training.speed", "TrainSpeedConfig", "measure_training"),
    "bench families": ("sgd_gym.training.families", "FamiliesConfig", "compare_families"),
    "bench rerank": ("sgd_gym.benchmarks.reranking", "RerankingConfig", "measure_reranking"),
    "bench ablate": ("sgd_gym.benchmarks.ablations", "AblationsConfig", "ablate"),
    "bench ablate-training": ("sgd_gym.training.ablations", "TrainAblationsConfig", "ablate_training"),
    "bench distil": ("sgd_gym.training.distillation", "DistillationConfig", "compare_distillation"),
    "bench soak": ("sgd_gym.benchmarks.environment.soak", "SoakConfig", "soak"),
}
"""Commands that print a table of figures: module, configuration and function of each."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a user's error gives one message and exit status 2."""
    # Our bars and warnings tell what takes time, and what is wrong; read when the library is imported.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
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
        ("bench", "annotate"): _bench_annotate,
        **{tuple(name.split()): _measure for name in MEASURES},
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

    config = _parse(TrainConfig, flags, name)
    meta = train(name.split()[1], config)
    scores = ", ".join(f"{figure} {value:.4f}" for figure, value in meta.scores.items())
    print(f"Checkpoint in {config.out}; dev: {scores}")


def _bench_run(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.bench import BenchConfig, bench

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


def _bench_annotate(flags: list[str], name: str) -> None:
    from sgd_gym.training.annotate_proof import AnnotateProofConfig, prove_annotation

    config = _parse(AnnotateProofConfig, flags, name)
    prove_annotation(config)
    print((config.out / "annotate_llm.md").read_text(encoding="utf-8"))


def _measure(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.figures import make_figure_table

    module, config, measure = MEASURES[name]
    found = import_module(module)
    Console().print(make_figure_table(getattr(found, measure)(_parse(getattr(found, config), flags, name))))


def _report(flags: list[str], name: str) -> None:
    from sgd_gym.benchmarks.page.build import ReportConfig, make_report

    path = make_report(_parse(ReportConfig, flags, name))
    print(f"{path}, {path.stat().st_size / 1e6:.1f} MB: open it in a browser")


def _quickstart(flags: list[str], name: str) -> None:
    from sgd_gym.quickstart import QuickstartConfig, quickstart

    quickstart(_parse(QuickstartConfig, flags, name))


def _reproduce(flags: list[str], name: str) -> None:
    from sgd_gym.reproduce import ReproduceConfig, reproduce

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
