"""What a student learns from a teacher: spans, losses, the grammar of commands, kept beliefs, training."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import kl_div, log_softmax

from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.errors import CheckpointError, DataError, SgdGymError, UnknownNameError
from sgd_gym.models.checkpoint import load_checkpoint, read_meta
from sgd_gym.prompts import DONE, END
from sgd_gym.training.act_tokens import ActTokens, make_act_tokens
from sgd_gym.training.batches import TokenBatches
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.distillation import DistillationConfig, compare_distillation
from sgd_gym.training.evaluation import split_batch
from sgd_gym.training.objectives import StructuredKD, TokenKD, divergence
from sgd_gym.training.rows import SPANS, Collator, Row, Wanted, make_collator, make_rows, mix
from sgd_gym.training.teacher import Teacher
from sgd_gym.training.train import train
from sgd_gym.trajectories import read_episodes

FAMILIES = ("decoder-only", "encoder-decoder")


@pytest.fixture(scope="module", params=FAMILIES)
def shared(
    request: pytest.FixtureRequest, annotated_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a checkpoint that writes sub-goals and commands, of each family."""
    out = tmp_path_factory.mktemp("shared")
    train("planner", TrainConfig(out, annotated_data, shared=True, family=request.param, epochs=2))
    return out


@pytest.fixture(scope="module")
def batch(shared: Path, annotated_data: Path) -> tuple[Any, Any, list[Row], Collator]:
    model, tokenizer, _ = load_checkpoint(shared, "executor")
    rows = make_rows(read_episodes(annotated_data), ["planner", "executor"], model, tokenizer, 0.3).rows
    return model, tokenizer, rows[:12], make_collator(model, tokenizer)


def run(
    model: Any, rows: list[Row], collator: Collator
) -> tuple[torch.Tensor, Wanted, dict[str, torch.Tensor]]:
    read, wanted = split_batch(collator(rows), "cpu")
    with torch.no_grad():
        return model(**read).logits, wanted, read


# --- spans


def test_each_trained_token_has_exactly_one_span(batch: Any) -> None:
    _, tokenizer, rows, _ = batch
    seen = {name: "" for name in ("reason", "act")}
    for row in rows:
        assert len(row.spans) == len(row.weights)
        assert ((row.spans > 0) == (row.weights == 1)).all()
        written = row.tokens if row.answer is None else row.answer
        for name in seen:
            seen[name] += tokenizer.decode(written[row.spans == SPANS[name]])
    assert "(" in seen["reason"] and "(" not in seen["act"]
    assert DONE in seen["act"] and DONE not in seen["reason"]


def test_a_sage_has_no_spans(annotated_data: Path, checkpoints: Path, tmp_path: Path) -> None:
    config = TrainConfig(
        tmp_path / "out", annotated_data, objective="structured-kd", teacher=checkpoints / "sage"
    )
    with pytest.raises(DataError, match=r"no spans .*Fix: --objective token-kd"):
        train("sage", config)


# --- losses


def test_the_divergence_is_that_of_torch() -> None:
    torch.manual_seed(0)
    teacher, student = torch.randn(5, 7), torch.randn(5, 7)
    theirs = kl_div(
        log_softmax(student, -1), log_softmax(teacher, -1), log_target=True, reduction="none"
    ).sum(-1)
    assert torch.allclose(divergence(teacher, student), theirs, atol=1e-6)
    allowed = torch.zeros(5, 7, dtype=torch.bool)
    allowed[:, [1, 4, 6]] = True
    among = divergence(teacher[:, [1, 4, 6]], student[:, [1, 4, 6]])
    elsewhere = -torch.log(torch.softmax(student, -1)[:, [1, 4, 6]].sum(-1))
    assert torch.allclose(divergence(teacher, student, allowed), among + elsewhere, atol=1e-6)
    student.requires_grad_()
    divergence(teacher, student, allowed).sum().backward()
    assert student.grad is not None and bool(torch.isfinite(student.grad).all())
    assert bool((student.grad[~allowed] > 0).all()), "a student learns that nothing else may stand there"


def test_losses_stand_on_their_spans_alone(batch: Any) -> None:
    model, tokenizer, rows, collator = batch
    logits, wanted, read = run(model, rows, collator)
    teacher, grammar = Teacher(model), make_act_tokens(tokenizer, rows)
    counts = {name: int((wanted.spans == SPANS[name]).sum()) for name in ("reason", "act")}
    assert min(counts.values()) > 5
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    for name, weights in (("reason", (2.0, 0.0)), ("act", (0.0, 3.0))):
        objective = StructuredKD(teacher, grammar, *weights)
        chosen = wanted.spans == SPANS[name]  # type: ignore[index]
        right, weight = objective(logits, wanted, read)
        assert float(weight) == max(weights) * counts[name]
        # What is wrong elsewhere costs nothing.
        loss, _ = objective(torch.where(chosen[:, :, None], logits, noise), wanted, read)
        assert float(loss) == pytest.approx(float(right), abs=1e-3)
        loss, _ = objective(torch.where(chosen[:, :, None], noise, logits), wanted, read)
        assert float(loss) > float(right) + 1.0
        if name == "reason":
            assert float(right) == pytest.approx(0.0, abs=1e-3)
    both, weight = StructuredKD(teacher, grammar)(noise, wanted, read)
    parts = [StructuredKD(teacher, grammar, *one)(noise, wanted, read)[0] for one in ((1.0, 0.0), (0.0, 1.0))]
    assert float(both) == pytest.approx(float(sum(parts)), rel=1e-5)
    assert float(weight) == sum(counts.values())
    # What was recorded counts in both spans, of whichever the teacher is asked.
    labelled, weight = StructuredKD(teacher, grammar, 1.0, 0.0, 0.5)(logits, wanted, read)
    assert float(weight) == counts["reason"] + 0.5 * sum(counts.values())
    chosen = wanted.spans > 0
    labels = torch.nn.functional.cross_entropy(logits[chosen], wanted.targets[chosen], reduction="sum")
    assert float(labelled) == pytest.approx(0.5 * float(labels), rel=1e-4)


def test_masks_for_ablations_are_others(batch: Any) -> None:
    model, tokenizer, rows, collator = batch
    logits, wanted, read = run(model, rows, collator)
    teacher, grammar = Teacher(model), make_act_tokens(tokenizer, rows)
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    alike, weight = StructuredKD(teacher, grammar, masks="none")(noise, wanted, read)
    counted = wanted.weights > 0
    assert float(weight) == int(counted.sum())
    with torch.no_grad():
        theirs = divergence(logits[counted], noise[counted]).sum()
    assert float(alike) == pytest.approx(float(theirs), rel=1e-5)
    wide, weight = StructuredKD(teacher, grammar, masks="read")(noise, wanted, read)
    assert float(weight) == int(counted.sum())
    only_read = counted & (wanted.spans == 0)
    if only_read.any():  # of an encoder-decoder model nothing that is read has a loss
        narrow, _ = StructuredKD(teacher, grammar)(noise, wanted, read)
        theirs = divergence(logits[only_read], noise[only_read]).sum()
        assert float(wide - narrow) == pytest.approx(float(theirs), rel=1e-4)
    torch.manual_seed(0)
    drawn = StructuredKD(teacher, grammar, masks="random")
    losses = {round(float(drawn(noise, wanted, read)[0]), 3) for _ in range(3)}
    assert len(losses) == 3
    assert float(drawn(noise, wanted, read)[1]) == int((wanted.spans > 0).sum())


def test_kept_beliefs_are_what_the_teacher_says(batch: Any, tmp_path: Path) -> None:
    model, tokenizer, rows, collator = batch
    teacher = Teacher(model)
    logits, wanted, read = run(model, rows, collator)
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    live, _ = TokenKD(teacher)(noise, wanted, read)
    all_kept = teacher.keep_beliefs(rows, collator, len(tokenizer), 512, tmp_path)
    _, kept, read = run(model, all_kept, collator)
    assert kept.belief is not None
    again, _ = TokenKD(teacher)(noise, kept, read)
    assert float(again) == pytest.approx(float(live), rel=2e-3)  # kept as float16
    few_kept = teacher.keep_beliefs(rows, collator, 8, 512, tmp_path)
    few, _ = TokenKD(teacher)(noise, run(model, few_kept, collator)[1], read)
    assert float(few) != pytest.approx(float(live), rel=1e-6)
    exact, _ = TokenKD(teacher)(logits, wanted, read)
    assert float(exact) == pytest.approx(0.0, abs=1e-3)
    hard = [teacher.measure_difficulty(one, collator, 512) for one in (rows, all_kept)]
    np.testing.assert_allclose(*hard, rtol=0.01)


def test_a_teacher_is_asked_once(batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, rows, collator = batch
    first = Teacher(model).keep_beliefs(rows, collator, 4, 512, tmp_path)
    again = Teacher(model)
    monkeypatch.setattr(again, "_ask", lambda *_: pytest.fail("asked again"))
    for one, other in zip(first, again.keep_beliefs(rows, collator, 4, 512, tmp_path), strict=True):
        assert one.belief is not None and other.belief is not None
        assert one.belief.tokens.shape == (len(one.weights), 4)
        np.testing.assert_array_equal(one.belief.tokens, other.belief.tokens)
        np.testing.assert_array_equal(one.belief.scores, other.belief.scores)
    for other_rows, count in ((rows, 5), (rows[1:], 4)):
        with pytest.raises(pytest.fail.Exception, match="asked again"):
            again.keep_beliefs(other_rows, collator, count, 512, tmp_path)


# --- the grammar of commands


def test_the_grammar_allows_what_was_recorded(batch: Any) -> None:
    _, tokenizer, rows, collator = batch
    _, wanted = split_batch(collator(rows), "cpu")
    chosen = wanted.spans == SPANS["act"]
    masks = make_act_tokens(tokenizer, rows).mask(wanted.targets, chosen, len(tokenizer))
    assert masks.shape == (int(chosen.sum()), len(tokenizer))
    allowed = masks[torch.arange(len(masks)), wanted.targets[chosen]]
    assert float(allowed.float().mean()) == 1.0
    assert float(masks.float().mean()) < 0.5, "most tokens stand in no command"


def test_the_grammar_knows_the_next_word(batch: Any) -> None:
    _, tokenizer, rows, _ = batch
    grammar = make_act_tokens(tokenizer, rows)

    def after(text: str) -> str:
        ids = tokenizer.encode(text, add_special_tokens=False) if text else []
        targets = torch.tensor([[*ids, 0]])
        mask = grammar.mask(targets, torch.ones_like(targets, dtype=torch.bool), len(tokenizer))[-1]
        return str(tokenizer.decode(mask.nonzero().flatten().tolist()))

    assert DONE in after("")
    assert "focus" in after("") and " on" not in after("")
    assert after("focus").split() == ["on"]
    assert DONE not in after("focus on")


def test_the_grammar_allows_answers_to_the_simulator(batch: Any) -> None:
    """It asks which of two seeds is meant; a teacher that may not say "0" there would teach anything else."""
    _, tokenizer, rows, _ = batch
    answer = [*tokenizer.encode("0", add_special_tokens=False), tokenizer.get_vocab()[END]]
    targets = torch.tensor([answer])
    masks = make_act_tokens(tokenizer, rows).mask(
        targets, torch.ones_like(targets, dtype=torch.bool), len(tokenizer)
    )
    assert bool(masks[torch.arange(len(answer)), targets[0]].all())


def test_the_grammar_allows_anything_after_what_it_does_not_know(checkpoints: Path) -> None:
    _, tokenizer, _ = load_checkpoint(checkpoints / "executor", "executor")
    grammar = ActTokens(tokenizer, [])
    targets = torch.full((1, 3), tokenizer.pad_token_id)
    masks = grammar.mask(targets, torch.ones(1, 3, dtype=torch.bool), len(tokenizer))
    assert not masks[0].all()
    assert masks[1].all() and masks[2].all()


def test_the_grammar_allows_anything_after_a_whole_command(batch: Any) -> None:
    """Masks drawn at random make actions of the tokens after one; nothing allowed would be no number."""
    _, tokenizer, rows, _ = batch
    whole = [*tokenizer.encode("inventory", add_special_tokens=False), tokenizer.get_vocab()[END]]
    targets = torch.tensor([[*whole, 0]])
    chosen = torch.ones_like(targets, dtype=torch.bool)
    masks = make_act_tokens(tokenizer, rows).mask(targets, chosen, len(tokenizer))
    assert masks[-2].nonzero().flatten().tolist() == [whole[-1]]
    assert masks[-1].all()


# --- order


def test_a_curriculum_begins_with_what_is_easy(batch: Any) -> None:
    model, _, rows, collator = batch
    difficulty = Teacher(model).measure_difficulty(rows, collator, 512)
    assert difficulty.shape == (len(rows),)
    assert difficulty.std() > 0
    lengths, hard = [10] * 200, np.arange(200)[::-1]
    batches = [np.array(one) for one in TokenBatches(lengths, 2, 40, 0, difficulty=hard)]
    first, second = batches[: len(batches) // 2], batches[len(batches) // 2 :]
    assert sorted(np.concatenate(first).tolist()) == list(range(200))
    means = [hard[one].mean() for one in first]
    assert means == sorted(means)
    assert [hard[one].mean() for one in second] != sorted(hard[one].mean() for one in second)


# --- training


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "structured-kd", "beliefs": 8, "curriculum": True},
        {"objective": "token-kd"},
        {"objective": "structured-kd", "label_weight": 1.0},
    ],
)
def test_a_student_learns_from_a_teacher(
    shared: Path, annotated_data: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    family: Any = read_meta(shared).family
    config = TrainConfig(
        *(tmp_path / "one", annotated_data),
        **{"shared": True, "family": family, "teacher": shared, "epochs": 1} | changes,
    )
    before = train("planner", config).scores["loss"]
    meta = train("planner", replace(config, out=tmp_path / "many", epochs=4))
    assert meta.scores["loss"] < before
    assert meta.settings["objective"] == changes["objective"]
    assert meta.settings["teacher"] == str(shared)
    own, theirs = (load_checkpoint(one, "executor")[1].get_vocab() for one in (tmp_path / "many", shared))
    assert own == theirs


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"objective": "token-kd"}, SgdGymError, "--objective token-kd needs a teacher. Fix: --teacher"),
        ({"curriculum": True}, SgdGymError, "--curriculum needs a teacher"),
        ({"played": Path("p")}, SgdGymError, "only a teacher can judge.*Fix: --objective structured-kd"),
        ({"played_share": 0.0}, SgdGymError, "played_share is 0.0"),
        ({"objective": "kd"}, UnknownNameError, "objective 'kd'"),
        ({"reason_weight": 0.0, "act_weight": 0.0}, SgdGymError, "reason_weight is 0.0.*above 0"),
        ({"act_weight": -1.0}, SgdGymError, "act_weight -1.0"),
        ({"masks": "some"}, UnknownNameError, "masks 'some'"),
        ({"beliefs": 0, "objective": "token-kd", "teacher": Path("t")}, SgdGymError, "beliefs is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train("planner", TrainConfig(tmp_path / "out", tmp_path, **changes))


def test_a_teacher_of_another_kind_is_refused(
    checkpoints: Path, annotated_data: Path, tmp_path: Path
) -> None:
    config = TrainConfig(
        tmp_path / "out", annotated_data, objective="token-kd", teacher=checkpoints / "planner"
    )
    with pytest.raises(CheckpointError, match="role 'planner'"):
        train("executor", config)
    with pytest.raises(CheckpointError, match=r"another tokenizer .*Fix: begin with a preset"):
        train("planner", replace(config, init=checkpoints / "flat"))
    with pytest.raises(CheckpointError, match=r"decoder-only, the student encoder-decoder.*Fix: --family"):
        train("planner", replace(config, family="encoder-decoder"))


# --- on the student's own games


def test_games_of_the_student_are_judged_and_not_imitated(batch: Any) -> None:
    model, tokenizer, rows, collator = batch
    mixed = mix(rows, rows[:3], 0.25)
    assert len(mixed) == len(rows)
    own = [row for row in mixed if not row.weights.any()]
    assert len(own) == round(0.25 * len(rows)) > 0
    assert all(row.spans.any() for row in own)
    logits, wanted, read = run(model, own, collator)
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    teacher, grammar = Teacher(model), make_act_tokens(tokenizer, rows)
    for objective in (TokenKD(teacher), StructuredKD(teacher, grammar)):
        loss, weight = objective(noise, wanted, read)
        assert float(weight) == int((wanted.spans > 0).sum())
        assert float(loss) > 1.0
    labels = StructuredKD(teacher, grammar, label_weight=9.0)(noise, wanted, read)
    assert float(labels[0]) == pytest.approx(float(loss), rel=1e-5), "what was written is no label"


@pytest.mark.slow
def test_students_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dev-mini", "train-all", "train-30"):
        monkeypatch.setitem(PROTOCOLS, name, replace(PROTOCOLS[name], max_variations=1, max_moves=6, fill=1))
    tasks = ["find-plant", "find-living-thing"]
    collect(CollectConfig(tmp_path / "raw", tasks, ["train", "dev"], max_variations=2, worlds=2))
    annotate_folder(AnnotateConfig(tmp_path / "raw", tmp_path / "data"))
    methods = ["sequence-kd", "on-policy"]
    config = DistillationConfig(
        *(tmp_path / "data", tasks, methods, "nano", "nano", 0.1, 0.1),
        **{"kept_score": 0, "worlds": 2, "out": tmp_path / "out"},
    )
    figures = compare_distillation(config)
    assert [one.name for one in figures] == ["teacher", "imitation", *methods]
    told = r"beside imitation; 1 seed, \d+\.\d passes, \d+\.\d % of sub-goals and \d+\.\d % of commands exact"
    assert all(re.search(told, one.note) for one in figures[2:])
    meta = read_meta(tmp_path / "out" / "on-policy-0")
    assert meta.settings["played_share"] == 0.5
    assert (tmp_path / "out" / "distillation.png").stat().st_size > 1000
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("model.safetensors")}
    assert compare_distillation(config) == figures
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(UnknownNameError, match="method 'magic'"):
        compare_distillation(replace(config, methods=["magic"]))


@pytest.mark.slow
def test_students_are_made_side_by_side(annotated_data: Path, tmp_path: Path) -> None:
    config = DistillationConfig(
        *(annotated_data, ["find-plant"], ["token-kd"], "nano", "nano", 0.1, 0.1),
        **{"protocol": "smoke", "worlds": 1, "processes": 2, "out": tmp_path},
        **{"seeds": 2, "once": ["token-kd"]},
    )
    figures = {one.name: one.note for one in compare_distillation(config)}
    assert list(figures) == ["teacher", "imitation", "token-kd"]
    assert "2 seeds" in figures["imitation"] and "1 seed," in figures["token-kd"]
    for name in ("imitation-0", "imitation-1", "token-kd-0"):
        assert "train planner and executor" in (tmp_path / f"{name}.log").read_text(encoding="utf-8")
    assert not (tmp_path / "token-kd-1").exists()
    passes = [read_meta(tmp_path / f"imitation-{seed}").settings["epochs"] for seed in range(2)]
    assert passes[0] == passes[1], "students of one method train equally long"
    with pytest.raises(UnknownNameError, match="method 'magic'"):
        compare_distillation(replace(config, once=["magic"]))
