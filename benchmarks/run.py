"""Play a protocol's episodes with an agent in n worlds, resumable at any kill; knows no tables.

An episode's row does not depend on the number of worlds: worlds share nothing, agents draw by the episode's
key, and when an agent raises over a batch, each episode of it is played again alone, so that the error ends
the one it belongs to.
"""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sgd_gym.agents.base import Agent, EpisodeKey, Fault
from sgd_gym.benchmarks.environment.memory import PeakMemory
from sgd_gym.benchmarks.journal import Journal, Row
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.transcripts import Move
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.progress import track

logger = logging.getLogger(__name__)

STATS = {
    "planner_calls": 0,
    "executor_calls": 0,
    "model_tokens": 0,
    "llm_tokens_in": 0,
    "llm_tokens_out": 0,
}
"""What `Agent.stats` may count, and what counts where an agent says nothing."""


@dataclass(eq=False)
class _World:
    """One simulator and the episode that it plays."""

    slot: int
    env: ScienceWorldEnv
    key: EpisodeKey = field(default_factory=lambda: EpisodeKey("", 0, 0))
    observation: dict[str, str] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    started: float = 0.0
    last_good: int = 0
    """The last score that was not negative."""
    best: int = 0
    last_rise: int = 0
    """Move at which the score last rose."""
    invalid: int = 0
    """Commands that the simulator did not understand."""
    agent_seconds: float = 0.0
    stats: dict[str, Any] = field(default_factory=dict)
    """What the agent counted until now."""
    ended_by: str | None = None
    reason: str | None = None
    """What went wrong, if an error ended the episode."""
    fault: Fault | None = None
    """What the agent says went wrong while the world was well."""

    def begin(self, key: EpisodeKey) -> None:
        """Make ready for an episode."""
        self.key, self.started = key, time.monotonic()
        self.observation, self.moves, self.stats = {}, [], dict(STATS)
        self.info = {"score": 0, "moves": 0, "is_success": False}
        self.last_good = self.best = self.last_rise = self.invalid = 0
        self.agent_seconds, self.ended_by, self.reason, self.fault = 0.0, None, None, None

    def fail(self, error: Exception) -> None:
        """End the episode by an error."""
        self.ended_by, self.reason = "error", f"{type(error).__name__}: {error}"
        known = isinstance(error, SgdGymError)  # all others are somebody's fault, who wants to see where
        logger.warning("%s ended by %s", self.key, self.reason, exc_info=None if known else error)

    def reset(self) -> None:
        """Load the world of the episode; a simulator that fails ends it."""
        try:
            self.observation, self.info = self.env.reset(
                seed=self.key.seed, options={"task": self.key.task, "variation": self.key.variation}
            )
        except SgdGymError as error:
            self.fail(error)
            return
        seen = self.observation
        start = Move(0, None, None, None, seen["task"], seen["look"], seen["inventory"], 0.0, 0, 0, 0.0)
        self.moves.append(start)

    def step(self, command: str) -> float:
        """Send a command and return the reward; a simulator that fails ends the episode."""
        try:
            self.observation, reward, terminated, _, self.info = self.env.step(command)
        except (SgdGymError, TypeError) as error:
            self.fail(error)
            return 0.0
        score, moves = self.info["score"], self.info["moves"]
        self.invalid += self.info["last_action_error"] is not None
        if terminated:
            self.ended_by = "solved" if self.info["is_success"] else "failed"
        if score > self.best:
            self.best, self.last_rise = score, moves
        if score >= 0:
            self.last_good = score
        return reward

    def record(
        self,
        command: str,
        option: tuple[int, str] | None,
        reward: float,
        seconds: float,
        stats: Mapping[str, Any],
    ) -> None:
        """Write the last move down, unless the simulator failed at it."""
        tokens = stats["model_tokens"] - self.stats["model_tokens"]
        self.stats |= stats
        self.agent_seconds += seconds
        if self.reason is None:
            index, subgoal = option or (None, None)
            seen, score = self.observation, self.info["score"]
            shown = (seen["observation"], seen["look"], seen["inventory"])
            move = self.info["moves"]
            self.moves.append(
                Move(move, subgoal, index, command, *shown, reward, score, tokens, round(seconds, 4))
            )

    def check_limits(self, protocol: Protocol) -> None:
        """End the episode if it meets a limit of the protocol."""
        moves, stall = self.info["moves"], protocol.stall_moves
        if self.ended_by is not None:
            return
        if moves >= protocol.max_moves:
            self.ended_by = "move_limit"
        elif stall is not None and moves >= protocol.stall_from and moves - self.last_rise >= stall:
            self.ended_by = "stalled"


def play(
    name: str,
    make_agent: Callable[[], Agent],
    protocol: Protocol,
    episodes: list[EpisodeKey],
    worlds: int,
    journal: Path,
    fingerprint: str,
    training_seed: int | str | None = None,
) -> list[Row]:
    """Play episodes and return their rows in order; what the journal already holds is not played again.

    Episodes in which something passing went wrong are, such as a budget that was spent.

    Args:
        name: Name of the agent in the rows.
        make_agent: Builds the agent, if there is anything to play.
        protocol: Limits and allowed infos.
        episodes: What to play.
        worlds: Number of simulators; the scores do not depend on it.
        journal: JSON-lines file that keeps each finished episode; see `Journal`.
        fingerprint: Names agent and settings; a journal of another one is refused.
        training_seed: The seed that the agent's models were trained with, for the rows.

    Raises:
        UnknownNameError: If the agent needs infos that the protocol does not allow.
        DataError: If the journal belongs to another agent or setting.
        SgdGymError: If each episode ended by an error.
    """
    kept = Journal(journal, fingerprint)
    missing = [key for key in episodes if not kept.is_done(key)]
    with track(f"play {name}", len(episodes), len(episodes) - len(missing)) as advance:
        if missing:
            memory = PeakMemory()
            agent = make_agent()
            for info in agent.needs_infos:
                if info not in protocol.allowed_infos and not (name == "oracle" and info == "oracle_path"):
                    raise UnknownNameError(
                        f"info for agents of protocol {protocol.name}", info, protocol.allowed_infos
                    )
            for world in _play(agent, protocol, missing, min(worlds, len(missing))):
                row = _row(name, protocol, world)
                row |= {"training_seed": training_seed, "peak_memory_mb": memory.peak_mb()}
                kept.add(row, world.moves)
                advance(1)
    rows = [kept.row(key) for key in episodes]
    reasons = [row["error"] for row in rows]
    if missing and all(reasons):
        raise SgdGymError(f"Each of {len(reasons)} episodes of {name} ended by an error; first: {reasons[0]}")
    return rows


def fingerprint_of(name: str, protocol: Protocol, settings: Any, checkpoints: Sequence[Path]) -> str:
    """Return a hash that changes with the agent, its settings, its weights or the protocol."""
    digest = hashlib.sha256(repr((name, protocol, settings)).encode())
    for folder in checkpoints:
        for file in sorted(folder.glob("*")):
            if file.suffix in (".safetensors", ".json", ".zip"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _play(agent: Agent, protocol: Protocol, episodes: list[EpisodeKey], count: int) -> Iterator[_World]:
    """Yield each world when its episode has ended; it is used again for the next one."""
    worlds = [
        _World(
            slot,
            ScienceWorldEnv(
                list(protocol.tasks),
                protocol.split,
                simplification=protocol.simplification,
                infos=agent.needs_infos,
                stock_draws=False,  # the same world for every agent, whatever it asks for
            ),
        )
        for slot in range(count)
    ]
    queue, suspects = deque(episodes), deque[EpisodeKey]()
    playing: list[_World] = []
    alone = False
    try:
        with ThreadPoolExecutor(count) as pool:
            while queue or suspects or playing:
                if not playing:
                    alone = bool(suspects)
                source, room = (suspects, 1) if alone else (queue, count)
                free = [world for world in worlds if world not in playing]
                fresh = free[: min(room - len(playing), len(source))]
                for world in fresh:
                    world.begin(source.popleft())
                list(pool.map(_World.reset, fresh))
                playing += fresh
                try:
                    _move(agent, [world for world in playing if world.ended_by is None], fresh, pool)
                except Exception as error:
                    if len(playing) > 1:  # it may be the error of any of them
                        suspects.extend(world.key for world in playing)
                        playing = []
                    elif playing:
                        playing[0].fail(error)
                for world in playing:
                    world.check_limits(protocol)
                    _listen(agent, world)
                    _tell(agent, world)
                yield from (world for world in playing if world.ended_by is not None)
                playing = [world for world in playing if world.ended_by is None]
    finally:
        for world in worlds:
            world.env.close()


def _move(agent: Agent, playing: list[_World], fresh: list[_World], pool: ThreadPoolExecutor) -> None:
    """Let the agent make one move in each world, and write it down."""
    if not playing:
        return
    begun = [world for world in fresh if world in playing]
    if begun:
        agent.reset([world.slot for world in begun], [world.key for world in begun])
    slots = [world.slot for world in playing]
    started = time.monotonic()
    commands = agent.act(slots, [world.observation for world in playing], [world.info for world in playing])
    seconds = (time.monotonic() - started) / len(playing)
    if len(commands) != len(playing):
        raise ValueError(f"act() returned {len(commands)} commands for {len(playing)} worlds.")
    options = [agent.subgoal(slot) for slot in slots]
    rewards = list(pool.map(_World.step, playing, commands))
    for world, command, option, reward in zip(playing, commands, options, rewards, strict=True):
        world.record(command, option, reward, seconds, agent.stats(world.slot))


def _listen(agent: Agent, world: _World) -> None:
    """Let the agent say what went wrong, and give the episode up."""
    if world.reason is None:
        world.fault = agent.fault(world.slot)
        if world.fault and world.fault.ends:
            world.ended_by = world.ended_by or "fault"


def _tell(agent: Agent, world: _World) -> None:
    """Tell the agent what its command did; an error of its own ends the episode."""
    if world.reason is None:
        try:
            agent.observe(world.slot, world.observation, world.moves[-1].reward, world.ended_by is not None)
        except Exception as error:
            world.fail(error)


def _row(name: str, protocol: Protocol, world: _World) -> Row:
    stats = world.stats
    return {
        "protocol": protocol.name,
        "agent": name,
        "task": world.key.task,
        "variation": world.key.variation,
        "seed": world.key.seed,
        "score_last": world.info["score"],
        "score_last_good": world.last_good,
        "score_negative_as_zero": max(0, world.info["score"]),
        "success": world.info["is_success"],
        "moves": world.info["moves"],
        "invalid_commands": world.invalid,
        "ended_by": world.ended_by,
        "error": world.reason,
        "fault": world.fault.reason if world.fault else "",
        "fault_passing": world.fault is not None and world.fault.passing,
        **stats,
        "llm_tokens": stats["llm_tokens_in"] + stats["llm_tokens_out"],
        "seconds": round(time.monotonic() - world.started, 3),
        "agent_seconds": round(world.agent_seconds, 3),
    }
