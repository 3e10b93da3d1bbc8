"""A model's answers are repaired, asked again or refused; every command ends up in one sub-goal."""

from collections.abc import Callable

import pytest

from sgd_gym.errors import EndpointError, SgdGymError
from sgd_gym.llm.chat import Message, Reply, UnansweredError
from sgd_gym.subgoals import option_indices
from sgd_gym.subgoals.annotator import Annotation
from sgd_gym.subgoals.llm import CORRECTIONS, MAX_QUESTIONS, LlmAnnotator, total
from sgd_gym.trajectories import Episode, Step

PATH = ["go to kitchen", "pick up cup", "open fridge", "pick up milk", "pour milk into cup", "eat cake"]
GOOD = """\
1. navigate_to(kitchen): go to kitchen
2. pick_up(cup): pick up cup
3. pick_up(milk): open fridge; pick up milk
4. pour(milk, cup): pour milk into cup
5. eat(cake): eat cake"""


class Scripted:
    """Plays answers one after the other, then the last one for ever."""

    def __init__(self, *answers: str | Exception, finish: str = "stop"):
        self.answers, self.finish = list(answers), finish
        self.asked: list[list[Message]] = []

    def ask(self, messages: list[Message]) -> Reply:
        self.asked.append(messages)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Reply(str(len(self.asked)), answer, self.finish, 10, 5, False)


def make_episode(commands: list[str], task: str = "boil", variation: int = 0) -> Episode:
    steps = tuple(Step("", "", command, "", 0.0, 0, False) for command in commands)
    return Episode(task, variation, "train", f"Do {task} {variation}.", "oracle", steps=steps)


def divide(client: Scripted, commands: list[str] = PATH) -> Annotation:
    return LlmAnnotator(client, "tiny", {}).annotate(make_episode(commands))


def shown(annotation: Annotation) -> list[str]:
    assert annotation.subgoals is not None
    assert len(annotation.subgoals) == len(PATH)
    return [str(subgoal).partition("(")[0] for subgoal in annotation.subgoals]


def test_a_good_answer_is_taken_at_once() -> None:
    client = Scripted(GOOD)
    annotation = divide(client)
    assert shown(annotation) == ["navigate_to", "pick_up", "pick_up", "pick_up", "pour", "eat"]
    assert option_indices(annotation.subgoals or []) == [0, 1, 2, 2, 3, 4]
    assert annotation.outcome.status == "at once"
    assert +annotation.outcome.counts == {"sent": 1}
    assert annotation.outcome.answers == {"1": (10, 5)}


@pytest.mark.parametrize(
    ("edit", "counts"),
    [
        (lambda text: text.replace("open fridge; ", ""), {"joined": 1}),
        (lambda text: text.replace("pick up cup", "look around; pick up cup; wait"), {"dropped": 2}),
        (lambda text: text.replace("open fridge; pick up milk", "pick up milk; open fridge"), None),
        (lambda text: text.replace("eat(cake)", "devour(cake)"), {"rejected": 1, "joined": 1}),
    ],
)
def test_small_faults_are_repaired(edit: Callable[[str], str], counts: dict[str, int] | None) -> None:
    client = Scripted(edit(GOOD))
    annotation = divide(client)
    assert len(shown(annotation)) == len(PATH)
    assert annotation.outcome.status == "repaired"
    assert +annotation.outcome.counts == {"sent": 1, **(counts or {"joined": 1, "dropped": 1})}
    assert len(client.asked) == 1


def test_a_longer_gap_is_asked_for() -> None:
    client = Scripted(
        GOOD.replace("3. pick_up(milk): open fridge; pick up milk\n", ""), "wait(): open fridge; pick up milk"
    )
    annotation = divide(client)
    assert shown(annotation)[2:4] == ["wait", "wait"]
    assert annotation.outcome.status == "asked again"
    assert +annotation.outcome.counts == {"sent": 2, "gaps": 1}
    asked = client.asked[1]
    assert asked[-2] == {
        "role": "assistant",
        "content": GOOD.replace("3. pick_up(milk): open fridge; pick up milk\n", ""),
    }
    assert asked[-1]["content"].endswith("Commands:\nopen fridge\npick up milk")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", "has no line of the form"),
        ("I am sorry.", "has no line of the form"),
        ("1. fetch(cup): pick up cup", "Unknown predicate 'fetch'"),
        ("1. read(x): jump; run; sing", "holds 0 of the 6 commands"),
        ("1. pick_up(cup): pick up cup", "holds 1 of the 6 commands"),
    ],
)
def test_an_answer_that_cannot_be_used_is_asked_again_with_the_reason(bad: str, reason: str) -> None:
    client = Scripted(bad, GOOD)
    annotation = divide(client)
    assert annotation.outcome.status == "asked again"
    assert annotation.outcome.counts["corrections"] == 1
    assert [one["role"] for one in client.asked[1][-2:]] == ["assistant", "user"]
    assert reason in client.asked[1][-1]["content"]
    assert client.asked[1][-1]["content"].endswith(client.asked[0][-1]["content"])


def test_an_answer_that_was_cut_off_is_gone_on_with() -> None:
    client = Scripted(
        GOOD[:60],
        "1. pick_up(milk): open fridge; pick up milk\n2. eat(all): pour milk into cup; eat cake",
        finish="length",
    )
    annotation = divide(client)
    assert shown(annotation)[-1] == "eat"
    assert annotation.outcome.counts["corrections"] == 0
    assert annotation.outcome.counts["truncated"] == 2


def test_a_path_that_no_answer_divides_is_counted_with_the_reason() -> None:
    client = Scripted("no")
    annotation = divide(client)
    assert annotation.subgoals is None
    assert annotation.outcome.status == "failed"
    assert f"no answer of {CORRECTIONS + 1} can be used" in annotation.outcome.reason
    assert not annotation.outcome.passing
    assert len(client.asked) == CORRECTIONS + 1


def test_questions_for_one_path_come_to_an_end() -> None:
    """A model that names two commands at a time, with a gap left each time, is stopped."""
    path = [f"read page {number}" for number in range(200)]
    half = "; ".join(path[:100])

    class Stingy(Scripted):
        def ask(self, messages: list[Message]) -> Reply:
            self.asked.append(messages)
            commands = messages[-1]["content"].partition("Commands:\n")[2].splitlines()
            text = f"1. read(a): {half}" if len(self.asked) == 1 else f"1. read(b): {commands[0]}"
            return Reply(str(len(self.asked)), text, "length", 1, 1, False)

    client = Stingy("")
    annotation = divide(client, path)
    assert annotation.outcome.status == "failed"
    assert len(client.asked) == MAX_QUESTIONS


@pytest.mark.parametrize("passing", [True, False])
def test_a_question_without_an_answer_fails_its_path_only(passing: bool) -> None:
    annotation = divide(Scripted(UnansweredError("HTTP 400: too long", passing=passing)))
    assert (annotation.outcome.status, annotation.outcome.passing) == ("failed", passing)
    assert annotation.outcome.reason == "HTTP 400: too long"


def test_an_endpoint_that_is_down_ends_everything() -> None:
    with pytest.raises(EndpointError):
        divide(Scripted(EndpointError("down")))


def test_the_example_is_divided_once_and_shown_to_the_others() -> None:
    client = Scripted(GOOD)
    shown_one, other, third = (make_episode(PATH, variation=number) for number in range(3))
    annotator = LlmAnnotator(client, "tiny", {"boil": shown_one})
    outcomes = [annotator.annotate(one).outcome for one in (other, third, shown_one)]
    assert [len(asked) for asked in client.asked] == [4, 6, 6, 4]
    assert client.asked[1][3]["content"] == client.asked[0][-1]["content"]
    assert client.asked[1][4]["content"] == GOOD
    assert [outcome.counts["sent"] for outcome in outcomes] == [2, 1, 1]
    assert {outcome.status for outcome in outcomes} == {"at once"}


def test_an_example_that_fails_is_left_out_unless_it_may_succeed_later() -> None:
    shown_one, other = make_episode(PATH), make_episode(PATH, variation=1)
    client = Scripted("no", "no", "no", GOOD)
    annotation = LlmAnnotator(client, "tiny", {"boil": shown_one}).annotate(other)
    assert annotation.outcome.status == "at once"
    assert len(client.asked[-1]) == 4
    client = Scripted(UnansweredError("slow", passing=True), GOOD)
    outcome = LlmAnnotator(client, "tiny", {"boil": shown_one}).annotate(other).outcome
    assert (outcome.status, outcome.passing) == ("failed", True)


@pytest.mark.parametrize("name", ["rules", " Rules ", ""])
def test_no_model_is_called_rules(name: str) -> None:
    with pytest.raises(SgdGymError, match="name the model"):
        LlmAnnotator(Scripted(GOOD), name, {})


def test_an_answer_that_several_episodes_share_counts_once() -> None:
    outcomes = [divide(Scripted(GOOD)).outcome for _ in range(2)]
    assert total(outcomes)["tokens_in"] == 10
    assert total(outcomes)["sent"] == 2
