"""Lay proposed sub-goals over a path of commands; pure functions, which know no model and no network.

Law: every command of the path lies in exactly one sub-goal, and the commands of the sub-goals, one after
the other, are the path. A proposal may miss commands, add some or change their order; what it says is laid
over the path with the fewest insertions and deletions (a longest common subsequence). An added command is
dropped, a single missing one joins the sub-goal before it, and a longer gap is named, to be asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sgd_gym.errors import SubgoalError
from sgd_gym.subgoals.grammar import Subgoal

JOINED_GAP = 1
"""The longest run of missing commands that joins its neighbour without a question."""


@dataclass(frozen=True)
class Part:
    """A proposed sub-goal with the commands that shall serve it."""

    subgoal: Subgoal
    commands: tuple[str, ...]


@dataclass
class Division:
    """A path with the sub-goal of each command; None where a gap is still open."""

    path: tuple[str, ...]
    subgoals: list[Subgoal | None]
    joined: int = 0
    """Missing commands that joined a neighbour."""
    dropped: int = 0
    """Proposed commands that the path does not have at that place."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """Open runs (start, end), end exclusive."""

    @property
    def matched(self) -> int:
        """Return how many commands of the path the proposal had at their place."""
        return len(self.path) - self.joined - sum(end - start for start, end in self.gaps)


def match(path: Sequence[str], proposed: Sequence[str]) -> list[int | None]:
    """Return for each command of the path its place in the proposal, or None if it is missing there.

    Law: the places rise, `proposed[place]` is the command but for case and blanks, and no other such list
    has fewer Nones.
    """
    ours, theirs = [_plain(command) for command in path], [_plain(command) for command in proposed]
    # lengths[i][j]: longest common subsequence of ours[i:] and theirs[j:].
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        row, below = lengths[i], lengths[i + 1]
        for j in reversed(range(len(theirs))):
            row[j] = below[j + 1] + 1 if ours[i] == theirs[j] else max(below[j], row[j + 1])
    places: list[int | None] = []
    i = j = 0
    while i < len(ours):
        if j < len(theirs) and ours[i] == theirs[j]:
            # The first of several equal commands matches: the last ones of a run are the missing ones.
            places.append(j)
            i, j = i + 1, j + 1
        elif j == len(theirs) or lengths[i + 1][j] >= lengths[i][j + 1]:
            places.append(None)
            i += 1
        else:
            j += 1
    return places


def divide(path: Sequence[str], parts: Sequence[Part]) -> Division:
    """Lay sub-goals over a path.

    Args:
        path: The commands to divide.
        parts: The proposal. Each of them keeps its own `Subgoal` object, so that equal neighbours stay two.
    """
    proposed = [command for part in parts for command in part.commands]
    owners = [Subgoal(part.subgoal.predicate, part.subgoal.arguments) for part in parts]
    owner_of = [owner for owner, part in zip(owners, parts, strict=True) for _ in part.commands]
    places = match(path, proposed)
    subgoals = [None if place is None else owner_of[place] for place in places]
    division = Division(tuple(path), subgoals, dropped=len(proposed) - (len(path) - places.count(None)))
    return _close(division)


def fill(division: Division, gap: tuple[int, int], parts: Sequence[Part]) -> Division:
    """Lay the sub-goals proposed for one gap into it; the rest of the division stays.

    Where the proposal begins or ends with the sub-goal beside the gap, that one goes on: it is not a second.

    Raises:
        SubgoalError: If the division has no such gap.
    """
    if gap not in division.gaps:
        raise SubgoalError(f"{gap} is no gap. Allowed: {division.gaps}.")
    start, end = gap
    inner = divide(division.path[start:end], parts)
    before = division.subgoals[start - 1] if start else None
    after = division.subgoals[end] if end < len(division.subgoals) else None
    _continue(inner.subgoals, before)
    inner.subgoals.reverse()
    _continue(inner.subgoals, after)
    inner.subgoals.reverse()
    return Division(
        division.path,
        division.subgoals[:start] + inner.subgoals + division.subgoals[end:],
        division.joined + inner.joined,
        division.dropped + inner.dropped,
        sorted(
            [other for other in division.gaps if other != gap]
            + [(start + first, start + last) for first, last in inner.gaps]
        ),
    )


def complete(division: Division) -> list[Subgoal]:
    """Return the sub-goal of each command.

    Raises:
        SubgoalError: If a gap is open.
    """
    subgoals = [subgoal for subgoal in division.subgoals if subgoal is not None]
    if len(subgoals) < len(division.path):
        raise SubgoalError(f"The commands {division.gaps} of {len(division.path)} have no sub-goal.")
    return subgoals


def _continue(subgoals: list[Subgoal | None], neighbour: Subgoal | None) -> None:
    """Put the neighbour in the place of the first sub-goal if they are equal."""
    first = subgoals[0]
    if neighbour is None or first != neighbour:
        return
    for index, subgoal in enumerate(subgoals):
        if subgoal is not first:
            break
        subgoals[index] = neighbour


def _close(division: Division) -> Division:
    """Join short gaps to a neighbour and name the long ones."""
    subgoals = division.subgoals
    start = 0
    while start < len(subgoals):
        end = start
        while end < len(subgoals) and subgoals[end] is None:
            end += 1
        neighbour = subgoals[start - 1] if start else (subgoals[end] if end < len(subgoals) else None)
        if end - start > JOINED_GAP or (end > start and neighbour is None):
            division.gaps.append((start, end))
        elif end > start:
            subgoals[start:end] = [neighbour] * (end - start)
            division.joined += end - start
        start = end + 1
    return division


def _plain(command: str) -> str:
    return " ".join(command.split()).casefold()
