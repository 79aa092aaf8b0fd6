import os
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.lake.files import replace_file, visible, write_json, write_parquet


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path: Path) -> None:
    target = tmp_path / "part.parquet"
    write_parquet(pl.DataFrame({"a": [1]}), target)

    def broken(path: Path) -> None:
        path.write_text("half a fi")
        raise RuntimeError("killed in the middle")

    with pytest.raises(RuntimeError, match="killed"):
        replace_file(target, broken)
    assert pl.read_parquet(target)["a"].to_list() == [1]
    assert os.listdir(tmp_path) == ["part.parquet"]


def test_writes_under_way_are_invisible(tmp_path: Path) -> None:
    write_json({}, tmp_path / "b.json")
    write_json({}, tmp_path / "a.json")
    (tmp_path / ".c.json.123").write_text("{}")
    assert [p.name for p in visible(tmp_path, ".json")] == ["a.json", "b.json"]
    assert visible(tmp_path / "nowhere", ".json") == []
