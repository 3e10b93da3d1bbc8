"""The whole way of the annotator by a language model, with a real server: train, serve, annotate, compare.

A tiny chat model learns the rules' annotations of train paths, `transformers serve` serves its folder, and
the annotator asks it about dev paths. What is measured is the way, not how good language models are.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.request import urlopen

from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.annotation_report import COUNTS, read_report
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.data.compare import CompareConfig, Comparison, compare_folders, make_markdown
from sgd_gym.errors import DataError, EndpointError, SgdGymError
from sgd_gym.files import write_json, write_text
from sgd_gym.provenance import describe_run
from sgd_gym.subgoals.annotator import FAILED, STATUSES
from sgd_gym.training.tiny_chat import TinyChatSettings, train_tiny_chat
from sgd_gym.trajectories import read_episodes

TASKS = (
    "find-animal",
    "find-non-living-thing",
    "find-plant",
    "lifespan-longest-lived",
    "lifespan-shortest-lived",
)
SERVER_START_S = 180.0


@dataclass
class AnnotateProofConfig:
    """Train a tiny chat model on the rules' annotations, serve it, and annotate dev paths with it."""

    out: Path = Path("runs/annotate")
    """Folder for data, model, annotations and results."""
    data: Path | None = None
    """Folder of collected paths; they are collected if not given."""
    tasks: list[str] = field(default_factory=lambda: list(TASKS))
    """Tasks to collect; short ones, for the tiny model."""
    train_variations: int = 60
    """At most so many train variations of each task."""
    dev_variations: int = 20
    """At most so many dev variations of each task."""
    model: TinyChatSettings = field(default_factory=TinyChatSettings)
    """Shape and training of the tiny model."""
    concurrency: int = 2
    """How many questions are under way at once."""
    max_tokens: int = 600
    """Longest answer in tokens."""


def prove_annotation(config: AnnotateProofConfig) -> dict[str, Any]:
    """Go the whole way; write annotate_llm.json and annotate_llm.md and return the figures.

    Raises:
        EndpointError: If the server does not start.
        DataError: If the model divided no path at all.
    """
    run = describe_run(config)
    out = config.out
    data = config.data or _collect(config)
    limit = config.dev_variations * len(config.tasks)
    dev = AnnotateConfig(data, out / "rules", splits=["dev"], limit=limit)
    annotate_folder(dev)
    train = [episode for episode in read_episodes(data) if episode.split == "train"]
    model = (out / "model").resolve()
    training = train_tiny_chat(train, model, config.model)
    name = f"llama-{training['parameters'] / 1e6:.1f}M (tiny, learnt the rules on {len(train)} paths)"
    with serve(model) as url:
        started = monotonic()
        annotate_folder(
            AnnotateConfig(
                data,
                out / "model-annotated",
                splits=["dev"],
                limit=limit,
                llm_url=url,
                llm_model=str(model),
                llm_name=name,
                llm_concurrency=config.concurrency,
                llm_max_tokens=config.max_tokens,
                cache=out / "cache",
            )
        )
        seconds = monotonic() - started
    report = read_report(out / "model-annotated")
    paths = report["episodes"]
    if report["statuses"][FAILED] == paths:
        raise DataError(f"The tiny model divided none of {paths} paths. Fix: train it for more steps.")
    comparison = compare_folders(CompareConfig(out / "rules", out / "model-annotated", out / "compare"))
    figures = {
        "annotator": name,
        "openai": version("openai"),
        "training": training | asdict(config.model),
        "paths": paths,
        "statuses": report["statuses"],
        "rates": {status: report["statuses"][status] / paths for status in STATUSES},
        "counts": report["counts"],
        "seconds": round(seconds, 1),
        "left_out": comparison.left_out,
        "failures": report["failures"],
        "rows": comparison.rows,
    }
    write_json(out / "annotate_llm.json", run | figures)
    write_text(out / "annotate_llm.md", _make_page(figures, comparison))
    return figures


@contextmanager
def serve(model: Path) -> Iterator[str]:
    """Serve a folder with `transformers serve` on this machine; yield the base of the API.

    Raises:
        EndpointError: If the server does not answer in time.
        SgdGymError: If a package that it needs is missing.
    """
    from transformers.utils.import_utils import is_serve_available

    if not is_serve_available():
        raise SgdGymError(
            'Serving needs packages that are not installed. Fix: pip install "transformers[serving]".'
        )
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    log = model.parent / "server.log"
    with (
        log.open("wb") as lines,
        subprocess.Popen(command, stdout=lines, stderr=lines, env=os.environ | quiet) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    deadline = monotonic() + SERVER_START_S
    while monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            sleep(0.3)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise EndpointError(f"The server of the tiny model does not answer: {last}. Fix: read {log}.")


def _collect(config: AnnotateProofConfig) -> Path:
    """Collect the paths, or what of them is missing."""
    raw = config.out / "raw"
    for split, most in (("train", config.train_variations), ("dev", config.dev_variations)):
        collect(CollectConfig(raw, list(config.tasks), [split], max_variations=most))
    return raw


def _make_page(figures: dict[str, Any], comparison: Comparison) -> str:
    lines = [
        f"{figures['paths']} dev paths, divided by {figures['annotator']} over HTTP (`transformers serve`).",
        "",
        "| paths | number | share |",
        "|---|---:|---:|",
    ]
    lines += [
        f"| {status} | {figures['statuses'][status]} | {figures['rates'][status]:.1%} |"
        for status in STATUSES
    ]
    lines += ["", "| what | number |", "|---|---:|"]
    lines += [f"| {COUNTS[name]} | {number} |" for name, number in figures["counts"].items()]
    lines += [f"| seconds | {figures['seconds']} |", "", make_markdown(comparison)]
    return "\n".join(lines)
