"""The annotator by a language model: asks, lays the answer over the path, asks again for what is missing.

Knows no HTTP; `sgd_gym.llm` does. An answer that holds no sub-goals, or those of another path, is asked again
with the reason; commands that were added are dropped, a single missing one joins the sub-goal before it, and
longer gaps are asked for on their own. The example shown before the question is a path of the same task that
the model has divided itself.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping

from sgd_gym.errors import AnnotationError, SgdGymError
from sgd_gym.llm.chat import Chat, Message, Reply, UnansweredError
from sgd_gym.subgoals.alignment import Division, complete, divide, fill
from sgd_gym.subgoals.annotator import ASKED_AGAIN, FAILED, REPAIRED, Annotation, Outcome
from sgd_gym.subgoals.grammar import Subgoal
from sgd_gym.subgoals.llm_prompt import (
    Answer,
    Example,
    make_correction,
    make_gap_question,
    make_messages,
    make_question,
    parse_answer,
)
from sgd_gym.trajectories import Episode

CORRECTIONS = 2
"""How often one question is asked again because its answer cannot be used."""
MAX_QUESTIONS = 12
"""The most questions for one path."""
MIN_SHARE = 0.5
"""Share of the path that an answer must hold, lest it count as the answer for another path."""


class LlmAnnotator:
    """Divides by a language model; may be called from any number of threads."""

    def __init__(self, client: Chat, name: str, examples: Mapping[str, Episode]):
        """Prepare; nothing is asked yet.

        Args:
            client: What answers.
            name: The model's name, as it is recorded in the data.
            examples: For each task the episode that is shown as an example; a task may have none.

        Raises:
            SgdGymError: If the name is that of the rules.
        """
        if not name.strip() or name.strip().lower() == "rules":
            raise SgdGymError(f"{name!r} is no name for annotations by a model. Fix: name the model.")
        self.name, self.client = name, client
        self._episodes = examples
        self._examples: dict[str, Example | None] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def annotate(self, episode: Episode) -> Annotation:
        """Return the sub-goals of an episode, or the reason why there are none.

        Raises:
            EndpointError: If the endpoint is down or refuses.
            BudgetError: If the next question would pass the budget.
        """
        outcome = Outcome(episode.episode_id, episode.source)
        try:
            shown = self._episodes.get(episode.task)
            is_shown = shown is not None and shown.episode_id == episode.episode_id
            example = None if is_shown else self._example(episode.task, outcome)
            subgoals = _Dialogue(self.client, episode, example, outcome).divide()
        except (AnnotationError, UnansweredError) as error:
            outcome.status, outcome.reason = FAILED, str(error)
            outcome.passing = isinstance(error, UnansweredError) and error.passing
            return Annotation(None, outcome)
        counts = outcome.counts
        if counts["corrections"] + counts["gaps"]:
            outcome.status = ASKED_AGAIN
        elif counts["joined"] + counts["dropped"] + counts["rejected"]:
            outcome.status = REPAIRED
        return Annotation(subgoals, outcome)

    def _example(self, task: str, outcome: Outcome) -> Example | None:
        """Return the task's example, divided by the model at the first call."""
        episode = self._episodes.get(task)
        if episode is None:
            return None
        with self._lock:
            lock = self._locks[task]
        with lock:
            if task not in self._examples:
                own = Outcome(episode.episode_id, episode.source)
                try:
                    subgoals = _Dialogue(self.client, episode, None, own).divide()
                    example = Example(episode.task_description, tuple(episode.actions), tuple(subgoals))
                except (AnnotationError, UnansweredError) as error:
                    if isinstance(error, UnansweredError) and error.passing:
                        raise  # with it, the questions would be others than without
                    example = None
                finally:
                    outcome.answers |= own.answers
                    outcome.counts.update({name: own.counts[name] for name in ("sent", "cached")})
                self._examples[task] = example
            return self._examples[task]


class _Dialogue:
    """The questions and answers for one path."""

    def __init__(self, client: Chat, episode: Episode, example: Example | None, outcome: Outcome):
        self.client, self.outcome, self.counts = client, outcome, outcome.counts
        self.task, self.path = episode.task_description, episode.actions
        self.messages = make_messages(self.task, self.path, example)
        self.questions = 0

    def divide(self) -> list[Subgoal]:
        """Return the sub-goal of each command; raises AnnotationError or UnansweredError."""
        question = make_question(self.task, self.path)
        division, messages, text = self._ask_well(self.messages, question, None)
        conversation = [*messages, {"role": "assistant", "content": text}]
        while division.gaps:
            start, end = division.gaps[0]
            question = make_gap_question(self.task, self.path[start:end])
            self.counts["gaps"] += 1
            asked = [*conversation, {"role": "user", "content": question}]
            division, _, _ = self._ask_well(asked, question, division)
        self.counts.update(joined=division.joined, dropped=division.dropped)
        return complete(division)

    def _ask_well(
        self, messages: list[Message], question: str, division: Division | None
    ) -> tuple[Division, list[Message], str]:
        """Ask, with corrections, until an answer can be used; return also the conversation and the answer."""
        for number in range(CORRECTIONS + 1):
            self.counts["corrections"] += number > 0
            reply = self._ask(messages)
            answer = parse_answer(reply.text)
            self.counts["rejected"] += len(answer.rejected)
            if division is None:
                found = divide(self.path, answer.parts)
                reason = _fault(answer, found.matched, len(self.path), reply.finish)
            else:
                start, end = gap = division.gaps[0]
                found = fill(division, gap, answer.parts)
                matched = found.matched - division.matched
                reason = _fault(answer, matched, end - start, reply.finish)
            if not reason:
                return found, messages, reply.text
            messages = [
                *messages,
                {"role": "assistant", "content": reply.text},
                {"role": "user", "content": make_correction(reason, question)},
            ]
        raise AnnotationError(f"no answer of {CORRECTIONS + 1} can be used; the last: {reason}")

    def _ask(self, messages: list[Message]) -> Reply:
        if self.questions == MAX_QUESTIONS:
            raise AnnotationError(f"{MAX_QUESTIONS} questions left commands without a sub-goal")
        self.questions += 1
        reply = self.client.ask(messages)
        self.counts["cached" if reply.cached else "sent"] += 1
        self.counts["truncated"] += reply.finish == "length"
        self.outcome.answers[reply.key] = (reply.tokens_in, reply.tokens_out)
        return reply


def _fault(answer: Answer, matched: int, length: int, finish: str) -> str:
    """Say why an answer cannot be used; an empty text if it can."""
    if not answer.parts:
        first = f" {answer.rejected[0]}" if answer.rejected else ""
        return f"It has no line of the form 'sub-goal: command; command'.{first}"
    if matched <= 0 or (matched < MIN_SHARE * length and finish != "length"):
        return f"It holds {max(matched, 0)} of the {length} commands, so it is for other commands than these."
    return ""


def total(outcomes: list[Outcome]) -> Counter[str]:
    """Add up the counts of outcomes; tokens of an answer that several share count once."""
    counts: Counter[str] = Counter()
    answers: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        counts.update(outcome.counts)
        answers |= outcome.answers
    counts["tokens_in"] = sum(one for one, _ in answers.values())
    counts["tokens_out"] = sum(one for _, one in answers.values())
    return counts
