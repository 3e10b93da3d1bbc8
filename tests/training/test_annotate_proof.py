"""The whole way with a real server: a tiny chat model learns the rules, is served, and divides paths."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.errors import DataError, EndpointError
from sgd_gym.subgoals.llm_prompt import parse_answer
from sgd_gym.training.annotate_proof import AnnotateProofConfig, prove_annotation, serve
from sgd_gym.training.tiny_chat import TinyChatSettings, make_pair, train_tiny_chat
from sgd_gym.trajectories import Episode, read_episodes, write_episodes

TINY = TinyChatSettings(hidden_size=64, layers=2, heads=2, steps=150, batch_size=8, renamed=0.1)


@pytest.fixture
def one_path(short_paths: Path, tmp_path: Path) -> Path:
    """Return a folder with the same path in both splits: enough to learn by heart in seconds."""
    episode = read_episodes(short_paths / "train" / "lifespan-longest-lived-0000.parquet")[0]
    for split, variations in (("train", (0, 1)), ("dev", (2, 3))):
        episodes = [replace(episode, split=split, variation=number) for number in variations]
        write_episodes(tmp_path / "raw" / split / "lifespan-longest-lived-0000.parquet", episodes)
    return tmp_path / "raw"


@pytest.mark.slow
def test_a_served_model_divides_paths(one_path: Path, tmp_path: Path) -> None:
    config = AnnotateProofConfig(
        out=tmp_path / "out",
        data=one_path,
        tasks=["lifespan-longest-lived"],
        dev_variations=2,
        model=TINY,
        max_tokens=150,
    )
    figures = prove_annotation(config)
    assert figures["paths"] == sum(figures["statuses"].values()) == 2
    assert figures["statuses"]["failed"] == 0
    assert figures["counts"]["sent"] >= 2
    assert figures["counts"]["tokens_in"] > 0
    written = json.loads((tmp_path / "out" / "annotate_llm.json").read_text())
    assert written["rows"] == figures["rows"]
    assert written["versions"]["transformers"]
    assert "rules" in written["annotator"]
    assert figures["annotator"] in (tmp_path / "out" / "annotate_llm.md").read_text()
    episodes = read_episodes(tmp_path / "out" / "model-annotated")
    assert {episode.annotator for episode in episodes} == {figures["annotator"]}


@pytest.mark.slow
def test_a_server_that_does_not_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    message = r"does not answer: .*Fix: read .*server\.log"
    with pytest.raises(EndpointError, match=message), serve(tmp_path / "model"):
        pass


def test_the_tiny_model_learns_from_train_paths_only(one_path: Path, tmp_path: Path) -> None:
    for episodes in (read_episodes(one_path / "dev"), []):
        with pytest.raises(DataError, match="train split"):
            train_tiny_chat(episodes, tmp_path / "model", TINY)


def test_it_learns_questions_and_answers_of_the_annotator(short_paths: Path) -> None:
    episodes: list[Episode] = read_episodes(short_paths / "train")
    draw = random.Random(0)
    seen = set()
    for _ in range(200):
        question, answer = make_pair(draw.choice(episodes), ["kitchen", "outside", "thermometer"], 0.5, draw)
        said = parse_answer(answer)
        asked = question.partition("Commands:\n")[2].splitlines()
        assert said.rejected == ()
        assert [command for part in said.parts for command in part.commands] == asked
        seen.add(("missing" in question, question.startswith("The last answer")))
    assert len(seen) == 4
