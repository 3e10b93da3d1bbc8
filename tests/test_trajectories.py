"""Trajectories come back as they were written; what is not whole is refused with the fix."""

import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Head, Step, read_episodes, read_heads, write_episodes


def make_episode(variation: int = 0, steps: int = 3, **changes: object) -> Episode:
    made = tuple(
        Step(
            look=f"This room is called the hallway.\n\tmove {number}",
            inventory="In your inventory, you see:\n\tan orange",
            action=f"go to room {number}",
            observation="“é” \U0001f600 \t ' \" \\ | ,\n",
            reward=number / 3,
            score=-100 if number + 1 == steps else number,
            done=number + 1 == steps,
            subgoal="navigate_to(kitchen)" if number else None,
            option_index=number if number else None,
        )
        for number in range(steps)
    )
    episode = Episode("find-plant", variation, "train", "Find a plant.", "oracle", made)
    return replace(episode, **changes)  # type: ignore[arg-type]


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    episodes = [
        make_episode(0),
        make_episode(1, steps=1),
        make_episode(1, source="planner"),
        make_episode(1, source="planner", task="boil"),
    ]
    path = tmp_path / "some" / "folder" / "shard.parquet"
    write_episodes(path, iter(episodes))
    assert read_episodes(path) == episodes
    assert [path.name for path in path.parent.iterdir()] == ["shard.parquet"]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name, variation in (("b", 1), ("sub/c", 2), ("a", 0)):
        write_episodes(tmp_path / f"{name}.parquet", [make_episode(variation)])
    (tmp_path / "notes.txt").write_text("not data")
    assert [episode.variation for episode in read_episodes(tmp_path)] == [0, 1, 2]


def test_columns_are_those_of_the_schema(tmp_path: Path) -> None:
    """The names are part of the file format, which others read without this package."""
    path = tmp_path / "shard.parquet"
    write_episodes(path, [make_episode(7)])
    table = pq.read_table(path)
    names = (
        "episode_id task variation split task_description source annotator step look inventory action "
        "observation reward score done subgoal option_index taught"
    )
    assert table.column_names == names.split()
    assert table["episode_id"].to_pylist() == ["find-plant/7"] * 3
    assert table["step"].to_pylist() == [0, 1, 2]
    assert table.schema.metadata[b"sgd_gym_schema_version"] == b"2"


def test_a_file_from_before_a_column_came_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shard.parquet"
    write_episodes(path, [make_episode()])
    pq.write_table(pq.read_table(path).drop_columns(["taught"]), path)
    assert read_episodes(path) == [make_episode()]


def test_actions_come_in_order() -> None:
    episode = make_episode()
    assert episode.episode_id == "find-plant/0"
    assert episode.actions == ["go to room 0", "go to room 1", "go to room 2"]


@pytest.mark.parametrize("keep", [0, 3, 100, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "shard.parquet"
    write_episodes(path, [make_episode()])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"shard\.parquet is not a whole parquet file.*Fix: delete it"):
        read_episodes(tmp_path)


def test_a_file_of_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shard.parquet"
    write_episodes(path, [make_episode()])
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"sgd_gym_schema_version": "1"}), path)
    with pytest.raises(DataError, match=r"shard\.parquet has .* version 1\. Allowed: 2\. Fix: "):
        read_episodes(path)


def test_a_parquet_file_of_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shard.parquet"
    pq.write_table(pa.table({"action": ["open door"]}), path)
    with pytest.raises(DataError, match=r"version none\. Allowed: 2"):
        read_episodes(path)


def test_missing_data_names_path_and_fix(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "holds no .parquet file"), (tmp_path / "x", "does not exist")):
        with pytest.raises(DataError, match=rf"{path.name} {message}.*Fix: .*sgd-gym collect"):
            read_episodes(path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "shard.parquet"
    write_episodes(path, [make_episode(0)])
    old = path.read_bytes()
    broken = replace(make_episode(1), variation="not a number")  # type: ignore[arg-type]
    with pytest.raises((pa.ArrowException, TypeError)):
        write_episodes(path, [broken])
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_equal_episodes_give_equal_files(tmp_path: Path) -> None:
    write_episodes(tmp_path / "a.parquet", [make_episode()])
    time.sleep(0.01)
    write_episodes(tmp_path / "b.parquet", [make_episode()])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_digest_knows_what_was_played_and_no_subgoal(tmp_path: Path) -> None:
    episode = make_episode()
    assert len(episode.digest()) == 16
    bare = tuple(replace(step, subgoal=None, option_index=None) for step in episode.steps)
    assert replace(episode, steps=bare, annotator="rules", source="x").digest() == episode.digest()
    digests = {episode.digest(), replace(episode, steps=episode.steps[:-1]).digest()}
    changes = {"look": "x", "inventory": "x", "action": "x", "observation": "x", "reward": 7.0, "score": 7}
    for name, value in changes.items():
        steps = (replace(episode.steps[0], **{name: value}), *episode.steps[1:])  # type: ignore[arg-type]
        digests.add(replace(episode, steps=steps).digest())
    assert len(digests) == 2 + len(changes)
    write_episodes(tmp_path / "a.parquet", [episode])
    assert read_episodes(tmp_path)[0].digest() == episode.digest()


def test_the_annotator_comes_back(tmp_path: Path) -> None:
    episodes = [make_episode(0, annotator="rules"), make_episode(1)]
    write_episodes(tmp_path / "a.parquet", episodes)
    assert read_episodes(tmp_path) == episodes


def test_failed_episodes_are_left_out(tmp_path: Path) -> None:
    write_episodes(tmp_path / "train" / "a.parquet", [make_episode(0)])
    write_episodes(tmp_path / "failed" / "train" / "a.parquet", [make_episode(1)])
    assert [one.variation for one in read_episodes(tmp_path)] == [0]
    assert [one.variation for one in read_episodes(tmp_path / "failed")] == [1]


def test_heads_tell_what_the_episodes_are(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_episodes(path, [make_episode(4, annotator="rules"), make_episode(5, steps=1, source="shortened")])
    assert read_heads(path) == [
        Head("find-plant", 4, "train", "oracle", "rules", moves=3, score=-100),
        Head("find-plant", 5, "train", "shortened", None, moves=1, score=-100),
    ]
    write_episodes(path, [])
    assert read_heads(path) == read_episodes(path) == []


def test_an_episode_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_episodes(tmp_path / f"{name}.parquet", [make_episode(0)])
    with pytest.raises(DataError, match=r"find-plant/0 stands twice.*Fix: delete one"):
        read_episodes(tmp_path)


def test_a_changed_byte_never_gives_other_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    episode = make_episode()
    write_episodes(path, [episode])
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert read_episodes(path) == [episode]  # a byte of a statistic, say
        except DataError:
            refused += 1
    assert refused > 50
