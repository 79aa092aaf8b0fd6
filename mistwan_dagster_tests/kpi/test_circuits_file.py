"""The circuits file: what is accepted, and one clear line for everything else."""

from __future__ import annotations

import polars as pl
import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.circuits_file import CIRCUITS_SCHEMA, draft, read_circuits_file, unknown_circuits

HEADER = "device_mac,node,port_id,role,provider,bandwidth_down_mbps,bandwidth_up_mbps"


def write(tmp_path, *lines: str, encoding: str = "utf-8"):
    path = tmp_path / "circuits.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_a_good_file_is_normalised(tmp_path):
    path = write(
        tmp_path,
        HEADER,
        '5C:5B:35:00:00:01,,ge-0/0/1.0,Primary,"Acme, Inc",100,12.5',
        "",
        "5c5b.3500.0002,node1,lte-0,,,,",
        "5c5b35000002,node0, lte-0 ,secondary,,0,1e3",
    )
    found = read_circuits_file(path)
    assert dict(found.schema) == CIRCUITS_SCHEMA
    assert found.rows() == [
        ("5c5b35000001", None, "ge-0/0/1", "primary", "Acme, Inc", 100, 12.5),
        ("5c5b35000002", "node1", "lte-0", None, None, None, None),
        ("5c5b35000002", "node0", "lte-0", "secondary", None, 0, 1000),
    ]


def test_a_draft_is_a_good_file_of_current_versions_without_the_speed_of_links(tmp_path):
    columns = {**CIRCUITS_SCHEMA, "bandwidth_source": pl.String, "is_current": pl.Boolean}
    known = pl.DataFrame(
        [
            ("5c5b35000002", None, "ge-0/0/1", None, None, 1000.0, 1000.0, "link", True),
            ("5c5b35000001", "node1", "lte-0", "secondary", "before", None, 1.0, "file", False),
            ("5c5b35000001", "node1", "lte-0", "secondary", 'Acme, "Inc"', 50.0, 12.5, "file", True),
            ("5c5b35000003", None, "lte-0", None, None, None, None, None, True),
        ],
        schema=columns,
        orient="row",
    )
    path = tmp_path / "circuits.csv"
    draft(known).write_csv(path)
    assert read_circuits_file(path).rows() == [
        ("5c5b35000001", "node1", "lte-0", "secondary", 'Acme, "Inc"', 50, 12.5),
        ("5c5b35000002", None, "ge-0/0/1", None, None, None, None),
        ("5c5b35000003", None, "lte-0", None, None, None, None),
    ]


def test_columns_may_stand_in_any_order_after_a_byte_order_mark(tmp_path):
    names = list(reversed(HEADER.split(",")))
    path = write(tmp_path, ",".join(names), "5,10,isp,primary,ge-0/0/1,,5c5b35000001", encoding="utf-8-sig")
    assert read_circuits_file(path).row(0) == ("5c5b35000001", None, "ge-0/0/1", "primary", "isp", 10, 5)


def test_a_header_alone_is_no_circuit(tmp_path):
    assert read_circuits_file(write(tmp_path, HEADER)).height == 0


GOOD = "5c5b35000001,,ge-0/0/1,primary,isp,100,10"


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ([], 1, "is empty"),
        (
            ["device_mac,node,port_id,role,provider,bandwidth_down_mbps"],
            1,
            "missing column 'bandwidth_up_mbps'",
        ),
        ([HEADER + ",notes"], 1, "unknown column 'notes'"),
        ([HEADER + ",role"], 1, "repeated column 'role'"),
        ([HEADER, GOOD.replace("100", "fast")], 2, "bandwidth_down_mbps 'fast' is no number"),
        ([HEADER, GOOD.replace("100", "nan")], 2, "bandwidth_down_mbps 'nan' is no number"),
        ([HEADER, GOOD.replace("100", "1_0")], 2, "bandwidth_down_mbps '1_0' is no number"),
        ([HEADER, GOOD.replace(",10", ",-1")], 2, "is negative"),
        ([HEADER, "", GOOD.replace("primary", "backup")], 3, "role 'backup'"),
        (
            [HEADER, GOOD, GOOD.replace("5c5b", "5C:5B:").replace("primary", "")],
            3,
            "circuit 5c5b35000001:ge-0/0/1 is already in line 2",
        ),
        ([HEADER, GOOD.replace("5c5b35000001", "5c5b3500")], 2, "device_mac '5c5b3500' is no MAC"),
        ([HEADER, GOOD.replace("5c5b35000001", "")], 2, "device_mac '' is no MAC"),
        ([HEADER, GOOD.replace("ge-0/0/1", "")], 2, "port_id is empty"),
        ([HEADER, GOOD + ",x"], 2, "has 8 cells, expected 7"),
        ([HEADER, "5c5b35000001"], 2, "has 1 cells, expected 7"),
        ([HEADER, '5c5b35000001,"'], 2, "is no CSV"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_file_line_and_mend(tmp_path, lines, line, words):
    path = write(tmp_path, *lines)
    with pytest.raises(UserError) as raised:
        read_circuits_file(path)
    message = str(raised.value)
    assert raised.value.exit_code == 2
    assert f"{path}, line {line}: " in message
    assert words in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read(tmp_path):
    latin = tmp_path / "latin.csv"
    latin.write_bytes(HEADER.encode() + b"\n5c5b35000001,,p,,caf\xe9,,")
    for path, words in (
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path, "cannot be read"),
        (latin, "is not UTF-8"),
    ):
        with pytest.raises(UserError, match=words) as raised:
            read_circuits_file(path)
        assert raised.value.exit_code == 2


def test_circuits_that_the_org_does_not_have_are_named(tmp_path):
    path = write(tmp_path, HEADER, GOOD, "5c5b35000001,node0,ge-0/0/1,,,,", "5c5b35000009,,ge-0/0/1,,,,")
    org = pl.DataFrame(
        {"device_mac": ["5c5b35000001"], "node": [None], "port_id": ["ge-0/0/1"]},
        schema_overrides={"node": pl.String},
    )
    found = unknown_circuits(read_circuits_file(path), org)
    assert [m.split(" is ")[0] for m in found] == [
        "circuits file: 5c5b35000001:node0:ge-0/0/1",
        "circuits file: 5c5b35000009:ge-0/0/1",
    ]
