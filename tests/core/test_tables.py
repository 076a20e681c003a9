"""CSV tables: what is written comes back, and what is wrong is named by its line."""

import hashlib
import math

import pytest

from darkmc.core.errors import CardError, PhysicsError
from darkmc.core.tables import read_csv, write_csv


def file(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_comes_back(tmp_path):
    path = tmp_path / "t.csv"
    rows = [{"a": 0.1 + 0.2, "b": 'x, "y"'}, {"a": math.nan, "b": None}, {"a": math.inf}]
    with path.open("w", encoding="utf-8", newline="") as out:
        write_csv(out, ["about", "counts: mine"], ["a", "b"], rows)
    assert path.read_bytes() == b'# about\n# counts: mine\na,b\n0.30000000000000004,"x, ""y"""\n,\ninf,\n'
    table = read_csv(path)
    assert (table.head, table.columns, table.columns_line) == (("about", "counts: mine"), ["a", "b"], 3)
    assert dict(table.records()) == {
        4: {"a": repr(0.1 + 0.2), "b": 'x, "y"'},
        5: {"a": "", "b": ""},
        6: {"a": "inf", "b": ""},
    }


def test_lines_are_counted_as_an_editor_does(tmp_path):
    text = "# label: one\n#two\n\n a , b \n1,2\n# between\n  \n3\n"
    table = read_csv(file(tmp_path, text))
    assert table.head == ("label: one", "between")
    assert (table.columns, table.columns_line, table.rows) == (["a", "b"], 4, [(5, ["1", "2"]), (8, ["3"])])
    assert table.blank == {3, 7}
    assert list(table.records()) == [(5, {"a": "1", "b": "2"}), (8, {"a": "3"})]
    assert table.digest == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_row_of_separators_holds_nothing_if_so_wanted(tmp_path):
    path = file(tmp_path, "a,b\n,,\n1,2\n")
    assert [line for line, _ in read_csv(path).rows] == [2, 3]
    assert [line for line, _ in read_csv(path, nothing=" ,").rows] == [3]


def test_an_empty_file_has_no_columns(tmp_path):
    table = read_csv(file(tmp_path, "# nothing\n\n"))
    assert (table.columns, table.rows) == ([], [])


@pytest.mark.parametrize("fault", [CardError, PhysicsError])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'a,b\n1,"2\n', r"t\.csv:2: not a row of a CSV file \(a stray quote\?\)"),
        (b"a,b\n\xff,2\n", r"t\.csv:2: not a text file in UTF-8"),
        (b"a,b\n1,2\n\0", r"t\.csv:3: .*NUL"),
        (None, r"t\.csv: no such file"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path, fault, content, words):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(fault, match=words):
        read_csv(path, fault)


def test_stray_quotes_may_be_let_through(tmp_path):
    assert read_csv(file(tmp_path, 'a,b\n1,"2\n'), strict=False).rows == [(2, ["1", "2"])]
