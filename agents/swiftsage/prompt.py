"""What Sage is asked, planning then grounding, and how its answer is read; knows no network.

Planning is a conversation of its own: five questions about the episode so far. Grounding gets the answers,
two solved examples of the same task and the types of actions, and is answered by a sub-goal and a list of
actions such as `MOVE(metal pot, stove)`. The words are ours, the questions are SwiftSage's.
"""

import re
from collections.abc import Sequence

from sgd_gym.agents.executable import is_command
from sgd_gym.agents.history import History
from sgd_gym.llm.chat import Message
from sgd_gym.prompts import MAX_ADVISED, Advice
from sgd_gym.trajectories import Episode

HISTORY = 10
"""How many of the last moves are told."""

ACTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "TELEPORT": (("room",), "teleport to {}"),
    "GO": (("room",), "go to {}"),
    "LOOK": ((), "look around"),
    "EXAMINE": (("thing",), "examine {}"),
    "READ": (("thing",), "read {}"),
    "OPEN": (("thing",), "open {}"),
    "CLOSE": (("thing",), "close {}"),
    "ACTIVATE": (("device",), "activate {}"),
    "DEACTIVATE": (("device",), "deactivate {}"),
    "PICK": (("thing",), "pick up {}"),
    "DROP": (("thing",), "drop {}"),
    "MOVE": (("thing", "place"), "move {} to {}"),
    "POUR": (("substance", "container"), "pour {} into {}"),
    "DUNK": (("container", "liquid"), "dunk {} into {}"),
    "MIX": (("container",), "mix {}"),
    "USE": (("tool", "thing"), "use {} on {}"),
    "CONNECT": (("thing", "thing"), "connect {} to {}"),
    "DISCONNECT": (("thing",), "disconnect {}"),
    "EAT": (("thing",), "eat {}"),
    "FLUSH": (("thing",), "flush {}"),
    "FOCUS": (("thing",), "focus on {}"),
    "WAIT": ((), "wait"),
    "WAIT1": ((), "wait1"),
}
"""Types of actions: what they take, and the command that the simulator understands."""

_ALIASES = {
    "TELEPORT_TO": "TELEPORT",
    "GO_TO": "GO",
    "GOTO": "GO",
    "LOOK_AROUND": "LOOK",
    "LOOK_AT": "EXAMINE",
    "PICK_UP": "PICK",
    "PICKUP": "PICK",
    "TAKE": "PICK",
    "PUT_DOWN": "DROP",
    "PUT": "MOVE",
    "PLACE": "MOVE",
    "FOCUS_ON": "FOCUS",
    "TURN_ON": "ACTIVATE",
    "TURN_OFF": "DEACTIVATE",
}

_SITUATION = """\
You play a text game in which a house of ten rooms holds what science lessons need. Your task in it:
{task}

{situation}"""

_PLANNING = """\
{situation}

Think about what to do before you act, and answer these five questions in order, in a few sentences each.
1. Which things does the task need, and in which rooms are they?
2. Which of them have not been found or picked up yet, and where may they be?
3. Which sub-goals, five at most, lead to the end of the task? Name what has to be focused on, and when.
4. Which sub-goals are reached, which one is next, and which facts seen so far matter for it?
5. Which mistakes do the last moves show, and what mends them?"""

_GROUNDING = """\
{situation}

What you thought about it:
{plan}

These are all types of actions:
{actions}
FOCUS tells the game what you have chosen: focusing on the wrong thing loses the game, so focus only on what \
the task names or means. WAIT lets ten moments pass, WAIT1 one.
{examples}
Now write the sub-goal that is next and the actions that reach it, {count} at most, in this form and nothing \
else:
Sub-goal: one line
1. ACTION(thing)
2. ACTION(thing, thing)"""

_EXAMPLE = """\
A solved example of the same kind of task:
{task}
{parts}
"""

CORRECTION = (
    "This holds no action of the types above. Write only the line of the sub-goal and the numbered actions."
)


def make_planning(history: History) -> list[Message]:
    """Return the conversation that asks the five questions."""
    return [{"role": "user", "content": _PLANNING.format(situation=_situation(history))}]


def make_grounding(history: History, plan: str, examples: Sequence[Episode]) -> list[Message]:
    """Return the conversation that asks for a sub-goal and actions.

    Args:
        history: The episode so far.
        plan: What was answered to the five questions.
        examples: Annotated episodes of the same task.
    """
    actions = "\n".join(f"{name}({', '.join(roles)})" for name, (roles, _) in ACTIONS.items())
    solved = "\n".join(
        _EXAMPLE.format(task=_line(one.task_description), parts=_parts(one)) for one in examples
    )
    text = _GROUNDING.format(
        situation=_situation(history),
        plan=plan.strip(),
        actions=actions,
        examples=f"\n{solved}" if solved else "",
        count=MAX_ADVISED,
    )
    return [{"role": "user", "content": text}]


def to_action(command: str) -> str:
    """Write a command as an action; one without a type stays as it is."""
    for name, (roles, template) in ACTIONS.items():
        pattern = re.escape(template).replace(r"\{\}", "(.+)")
        match = re.fullmatch(pattern, command)
        if match and len(match.groups()) == len(roles):
            return f"{name}({', '.join(match.groups())})"
    return command


_HEAD = re.compile(
    r"[\s\-*#`\"'>]*(?:next )?sub-?\s?goal\s*[*`]*\s*[:=]\s*[*`]*\s*(.+?)[\s*`]*\Z", re.IGNORECASE
)
_BULLET = re.compile(r"[\s\-*#`\"'>]*(?:(?:step|action)?\s*\d+\s*[.):]\s*)?[\s*`\"']*", re.IGNORECASE)
_CALL = re.compile(r"(?:action\s*:\s*)?([A-Za-z][A-Za-z_ ]*\d?)\s*\(([^()]*)\)", re.IGNORECASE)
_ARTICLE = re.compile(r"\A(?:an?|the) ", re.IGNORECASE)


def read_grounding(text: str) -> Advice:
    """Read the answer to grounding; what is no action of a known type is dropped.

    A line may begin with a number or a bullet, and go on after its bracket; names may have articles and
    quotes. Commands in the simulator's own words are taken where no line holds an action.
    """
    subgoal, actions, commands = "", [], []
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head:
            subgoal = subgoal or head[1]
            continue
        bare = line[_BULLET.match(line).end() :]  # type: ignore[union-attr]
        call = _CALL.match(bare)
        if call:
            actions += _to_command(call[1], call[2])
        elif is_command(plain := bare.strip(" \t`\"'*.").lower()):
            commands.append(plain)
    return Advice(subgoal, tuple((actions or commands)[:MAX_ADVISED]))


def _to_command(name: str, inside: str) -> list[str]:
    """Return the command of an action in a list, which is empty if type or number of names is wrong."""
    word = "_".join(name.upper().split())
    roles, template = ACTIONS.get(_ALIASES.get(word, word), ((), ""))
    names = [_ARTICLE.sub("", " ".join(one.strip(" \t`\"'").split())) for one in inside.split(",")]
    names = [one for one in names if one]
    if not template or len(names) != len(roles):
        return []
    return [template.format(*names)]


def _situation(history: History) -> str:
    return _SITUATION.format(task=history.task, situation=history.describe(HISTORY))


def _parts(episode: Episode) -> str:
    """Write the path of an annotated episode in the form of answers."""
    lines: list[str] = []
    option = None
    for step in episode.steps:
        if step.option_index != option:
            option, number = step.option_index, 0
            lines.append(f"Sub-goal: {step.subgoal}")
        number += 1
        lines.append(f"{number}. {to_action(step.action)}")
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())
