"""Which commands a model may write: any, those of what is in sight, or those that the simulator takes.

Four ways, by name:

* `free`: anything.
* `visible`: forms of commands filled with what is in sight (`sgd_gym.naming`); sees nothing that the papers'
  agents do not see.
* `valid`: the simulator's list of valid actions; needs the info `valid_actions`.
* `nearest`: the papers' way: the first of five beams that is valid, else the valid action that has most words
  in common with the first beam; needs `valid_actions`, too.

Whatever the rule, a question of the simulator ("Ambiguous request: please enter the number ...") is answered
by one of its numbers, for it takes anything else for a refusal to answer.

For `visible` and `valid` the model first writes freely. What is not allowed is taken back and written anew
under a tree of what is, all but a focus: a model that wants to focus on what is not there would else be made
to focus on something else, which ends the game.

In place of a command that is spent (`sgd_gym.agents.tried`) the next best is written, but no focus.
"""

import re
from collections.abc import Sequence
from typing import Literal, get_args

from sgd_gym.agents.tried import Tried
from sgd_gym.errors import UnknownNameError
from sgd_gym.models.trees import Tree
from sgd_gym.models.writer import Writer, Written
from sgd_gym.naming import FORMS, fields_in_sight
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import Command
from sgd_gym.sight import read_sight
from sgd_gym.spaces import QUESTION

CommandRule = Literal["free", "visible", "valid", "nearest"]
RULES: tuple[CommandRule, ...] = get_args(CommandRule)

BEAMS = 5
"""How many commands `nearest` looks at."""
VALID = "valid_actions"
FOCUS = "focus on"
_CHOICE = re.compile(r"^(\d+):", re.MULTILINE)


def infos_of(rule: CommandRule) -> tuple[str, ...]:
    """Return the infos that a rule needs.

    Raises:
        UnknownNameError: If there is no such rule.
    """
    if rule not in RULES:
        raise UnknownNameError("commands", rule, RULES)
    return (VALID,) if rule in ("valid", "nearest") else ()


def write_commands(
    writer: Writer,
    rule: CommandRule,
    slots: Sequence[int],
    observations: Sequence[Observation],
    infos: Sequence[Info],
    may_be_done: Sequence[bool] | None = None,
    tried: Tried | None = None,
) -> list[Written]:
    """Let a model write the next command of each world, or that its option is done.

    Args:
        writer: The model.
        rule: What it may write.
        slots: Which worlds; `observations`, `infos` and `may_be_done` have one item for each.
        observations: What is seen.
        infos: What `infos_of(rule)` asks for.
        may_be_done: Whether the model may say that its option is done; nowhere if None.
        tried: What did nothing so far and is not to be written; None if all may be. `nearest` goes without.
    """
    written = _write(writer, rule, slots, observations, infos, may_be_done or [False] * len(slots))
    if tried is None or rule == "nearest":
        return written
    for number, (slot, event, seen) in enumerate(zip(slots, written, observations, strict=True)):
        asked = seen["observation"].startswith(QUESTION)
        if not asked and isinstance(event, Command) and tried.is_spent(slot, seen, event.text):
            bound: CommandRule = "visible" if rule == "free" else rule
            tree = _tree(writer, bound, slot, seen, infos[number], may_focus=False)
            done = may_be_done is not None and may_be_done[number]
            written[number] = _write_other(writer, slot, event, seen, tried, done, tree)
    for slot, event, seen in zip(slots, written, observations, strict=True):
        if isinstance(event, Command):
            tried.give(slot, seen, event.text)
    return written


def _write_other(
    writer: Writer,
    slot: int,
    event: Command,
    seen: Observation,
    tried: Tried,
    may_be_done: bool,
    tree: Tree,
) -> Written:
    """Take a command back and write the best of `BEAMS` that is not spent, or it again if all are."""
    writer.retract(slot, event)
    (found,) = writer.propose([slot], "command", BEAMS, [may_be_done], [tree])
    others: list[Written] = [
        one.event
        for one in found
        if not isinstance(one.event, Command)
        or not (one.event.text.startswith(FOCUS) or tried.is_spent(slot, seen, one.event.text))
    ]
    chosen = (others or [event])[0]
    writer.read(slot, chosen)
    return chosen


def _write(
    writer: Writer,
    rule: CommandRule,
    slots: Sequence[int],
    observations: Sequence[Observation],
    infos: Sequence[Info],
    may_be_done: Sequence[bool],
) -> list[Written]:
    asked = [seen["observation"].startswith(QUESTION) for seen in observations]
    done = [may and not asks for may, asks in zip(may_be_done, asked, strict=True)]
    if rule == "nearest":
        return _write_nearest(writer, slots, infos, done)
    trees = [
        _answers(writer, slot, seen) if asks else None
        for slot, seen, asks in zip(slots, observations, asked, strict=True)
    ]
    written = writer.write(slots, "command", done, trees)
    if rule == "free":
        return written
    again: dict[int, Tree] = {}
    for number, (slot, event, seen, told) in enumerate(zip(slots, written, observations, infos, strict=True)):
        if asked[number] or not isinstance(event, Command):
            continue
        if not writer.accepts(slot, event.text, _tree(writer, rule, slot, seen, told)):
            writer.retract(slot, event)
            again[number] = _tree(writer, rule, slot, seen, told, may_focus=False)
    if again:
        own, may = [slots[number] for number in again], [done[number] for number in again]
        anew = writer.write(own, "command", may, list(again.values()))
        for number, event in zip(again, anew, strict=True):
            written[number] = event
    return written


def _answers(writer: Writer, slot: int, seen: Observation) -> Tree:
    """Return the numbers that a question lists; any digit if it lists none."""
    return writer.make_text_tree(slot, _CHOICE.findall(seen["observation"]) or map(str, range(10)))


def _tree(
    writer: Writer, rule: CommandRule, slot: int, seen: Observation, told: Info, may_focus: bool = True
) -> Tree:
    """Return what may be written in one world."""
    if rule == "valid":
        commands = [one for one in told[VALID] if may_focus or not one.startswith(FOCUS)]
        return writer.make_text_tree(slot, commands or told[VALID])
    forms = [one for one in FORMS if may_focus or not one.startswith(FOCUS)]
    sight = read_sight(seen["look"], seen["inventory"])
    return writer.make_form_tree(slot, forms, fields_in_sight(sight))


def _write_nearest(
    writer: Writer, slots: Sequence[int], infos: Sequence[Info], may_be_done: Sequence[bool]
) -> list[Written]:
    chosen: list[Written] = []
    proposals = writer.propose(slots, "command", BEAMS, may_be_done)
    for slot, told, found in zip(slots, infos, proposals, strict=True):
        event = nearest([one.event for one in found], told[VALID])
        writer.read(slot, event)
        chosen.append(event)
    return chosen


def nearest(written: Sequence[Written], valid: Sequence[str]) -> Written:
    """Return the first that is valid or says that the option is done, else the valid one nearest to it.

    Args:
        written: What beams wrote, best first.
        valid: Commands that the simulator takes.
    """
    known = set(valid)
    for event in written:
        if not isinstance(event, Command) or event.text in known:
            return event
    first = written[0]
    words = set(first.text.split()) if isinstance(first, Command) else set()

    def overlap(command: str) -> float:
        own = set(command.split())
        return len(own & words) / len(own | words)

    return Command(max(sorted(known), key=overlap)) if known else first
