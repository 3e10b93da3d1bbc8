"""Play a protocol's episodes with an agent in n worlds, resumable at any kill; knows no tables."""

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.progress import track

Row = dict[str, Any]


@dataclass
class _World:
    """One simulator and the episode that it plays."""

    env: ScienceWorldEnv
    key: EpisodeKey | None = None
    observation: dict[str, str] | None = None
    info: dict[str, Any] | None = None
    started: float = 0.0
    best_score: int = 0
    last_rise: int = 0
    """Move at which the score last rose."""
    ended_by: str | None = None


def play(
    name: str,
    make_agent: Callable[[], Agent],
    protocol: Protocol,
    episodes: list[EpisodeKey],
    worlds: int,
    journal: Path,
    fingerprint: str,
) -> list[Row]:
    """Play episodes and return their rows in order; rows that the journal already holds are not played again.

    Args:
        name: Name of the agent in the rows.
        make_agent: Builds the agent, if there is anything to play.
        protocol: Limits and allowed infos.
        episodes: What to play.
        worlds: Number of simulators; the scores do not depend on it.
        journal: JSON-lines file that keeps each finished episode.
        fingerprint: Names agent and settings; a journal of another one is refused.

    Raises:
        UnknownNameError: If the agent needs infos that the protocol does not allow.
        DataError: If the journal belongs to another agent or setting.
    """
    done = _read_journal(journal, fingerprint)
    missing = [key for key in episodes if _id(key) not in done]
    with track(f"play {name}", len(episodes), len(episodes) - len(missing)) as advance:
        if missing:
            agent = make_agent()
            for info in agent.needs_infos:
                if info not in protocol.allowed_infos and not (name == "oracle" and info == "oracle_path"):
                    raise UnknownNameError(
                        f"info for agents of protocol {protocol.name}", info, protocol.allowed_infos
                    )
            with journal.open("a", encoding="utf-8") as file:
                for row in _play(name, agent, protocol, missing, min(worlds, len(missing))):
                    done[_id(EpisodeKey(row["task"], row["variation"], row["seed"]))] = row
                    file.write(json.dumps(row) + "\n")
                    file.flush()
                    advance(1)
    return [done[_id(key)] for key in episodes]


def fingerprint_of(name: str, protocol: Protocol, settings: Any, checkpoints: list[Path]) -> str:
    """Return a hash that changes with the agent, its settings, its weights or the protocol."""
    digest = hashlib.sha256(repr((name, protocol, settings)).encode())
    for folder in checkpoints:
        for file in sorted(folder.glob("*")):
            if file.suffix in (".safetensors", ".json"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _play(name: str, agent: Agent, protocol: Protocol, episodes: list[EpisodeKey], count: int) -> Any:
    """Yield the row of each episode when it ends."""
    queue = list(reversed(episodes))
    pool = ThreadPoolExecutor(count)
    worlds = [
        _World(
            ScienceWorldEnv(
                list(protocol.tasks),
                protocol.split,
                simplification=protocol.simplification,
                infos=agent.needs_infos,
                stock_draws=False,  # the same world for every agent, whatever it asks for
            )
        )
        for _ in range(count)
    ]
    try:
        while True:
            idle = [slot for slot, world in enumerate(worlds) if world.key is None]
            fresh = [slot for slot in idle if queue]
            fresh = fresh[: len(queue)]
            for slot in fresh:
                worlds[slot].key = queue.pop()
            list(pool.map(_reset, [worlds[slot] for slot in fresh]))
            if fresh:
                agent.reset(fresh, [_key(worlds[slot]) for slot in fresh])
            active = [slot for slot, world in enumerate(worlds) if world.key is not None]
            if not active:
                return
            commands = agent.act(
                active,
                [worlds[slot].observation or {} for slot in active],
                [worlds[slot].info or {} for slot in active],
            )
            rewards = list(pool.map(_step, [worlds[slot] for slot in active], commands))
            for slot, reward in zip(active, rewards, strict=True):
                world = worlds[slot]
                world.ended_by = world.ended_by or _limit(world, protocol)
                agent.observe(slot, world.observation or {}, reward, world.ended_by is not None)
                if world.ended_by is not None:
                    yield _row(name, protocol, world, agent.stats(slot))
                    world.key, world.ended_by = None, None
    finally:
        pool.shutdown(cancel_futures=True)
        for world in worlds:
            world.env.close()


def _key(world: _World) -> EpisodeKey:
    assert world.key is not None
    return world.key


def _reset(world: _World) -> None:
    key = _key(world)
    world.started, world.best_score, world.last_rise = time.monotonic(), 0, 0
    world.observation, world.info = world.env.reset(
        seed=key.seed, options={"task": key.task, "variation": key.variation}
    )


def _step(world: _World, command: str) -> float:
    world.observation, reward, terminated, _, world.info = world.env.step(command)
    if terminated:
        world.ended_by = "solved" if world.info["is_success"] else "failed"
    if world.info["score"] > world.best_score:
        world.best_score, world.last_rise = world.info["score"], world.info["moves"]
    return reward


def _limit(world: _World, protocol: Protocol) -> str | None:
    """Return which limit of the protocol the episode has met, if any."""
    moves = (world.info or {})["moves"]
    if moves >= protocol.max_moves:
        return "move_limit"
    return "stalled" if moves - world.last_rise >= protocol.stall_moves else None


def _row(name: str, protocol: Protocol, world: _World, stats: dict[str, int]) -> Row:
    assert world.info is not None
    return {
        "protocol": protocol.name,
        "agent": name,
        "task": world.info["task"],
        "variation": world.info["variation"],
        "seed": _key(world).seed,
        "score_last": world.info["score"],
        "score_negative_as_zero": max(0, world.info["score"]),
        "success": world.info["is_success"],
        "moves": world.info["moves"],
        "ended_by": world.ended_by,
        **stats,
        "llm_tokens": 0,
        "seconds": round(time.monotonic() - world.started, 3),
    }


def _id(key: EpisodeKey) -> str:
    return json.dumps(asdict(key))


def _read_journal(journal: Path, fingerprint: str) -> dict[str, Row]:
    """Return the rows of a journal by episode; a last line that a kill cut off is dropped."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    lines = journal.read_text(encoding="utf-8").split("\n") if journal.exists() else []
    if lines and lines[-1]:
        journal.write_text("\n".join(lines[:-1]) + "\n" * (len(lines) > 1), encoding="utf-8")
        lines = lines[:-1]
    lines = [line for line in lines if line]
    if not lines:
        journal.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")
        return {}
    try:
        head, *rows = map(json.loads, lines)
        found = head.get("fingerprint")
        done = {_id(EpisodeKey(row["task"], row["variation"], row["seed"])): row for row in rows}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{journal} is not a journal of episodes: {error}. Fix: delete it.") from error
    if found != fingerprint:
        raise DataError(
            f"{journal} holds episodes of another agent, checkpoint or setting. "
            f"Fix: name another --out folder, or delete the file to play them anew."
        )
    return done
