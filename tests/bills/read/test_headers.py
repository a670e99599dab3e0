"""What stands between cells is told by the header, or by a line before it."""

from __future__ import annotations

import codecs
import csv
import io
import json
from decimal import Decimal

import pytest

from costoptix.bills.read.headers import read_header
from costoptix.bills.read.rejections import FILE_NAME
from costoptix.bills.read.staged import Staged
from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY, bill, write
from tests.support.bills import DATA, Stage

ROWS = [
    {"BilledCost": "1.25", "ResourceId": 'two\nlines; "and", a\ttab | bar'},
    {"BilledCost": "2.25", "ResourceId": ""},
    {"BilledCost": "3.25", "Tags": '{"a": "b;c", "d": "e\\t|"}'},
]


def parted(separator: str, rows: list[dict[str, str]] = ROWS, *, quoted: int = csv.QUOTE_MINIMAL):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n", quoting=quoted)
    writer.writerow(ORDINARY)
    for row in rows:
        writer.writerow([(ORDINARY | row)[name] for name in ORDINARY])
    return text.getvalue().encode()


def billed(staged: Staged) -> Decimal:
    return sum((x.sum_stored for x in staged.lines if x.metric == "billed_cost"), Decimal(0))


@pytest.mark.parametrize("quoted", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["few", "all quoted"])
@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_each_separator_is_read(stage: Stage, separator: str, quoted: int) -> None:
    staged, _ = stage(parted(separator, quoted=quoted))
    assert (staged.rows_kept, staged.rows_rejected) == (3, 0)
    assert billed(staged) == Decimal("6.75")


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_a_row_that_is_no_record_is_named_by_its_line_beside_other_separators(
    stage: Stage, separator: str
) -> None:
    content = parted(separator) + b"too;few\ttoo|few\r\n" + parted(separator).split(b"\r\n")[3]
    staged, folder = stage(content)
    assert (staged.rows_kept, staged.rows_rejected) == (4, 1)
    (rejection,) = map(json.loads, (folder / FILE_NAME).read_text().splitlines())
    assert rejection["line"] == 6
    assert "fewer cells" in rejection["reason"]


@pytest.mark.parametrize("start", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n", "sep=\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_line_that_names_the_separator_is_no_header(
    stage: Stage, start: str, mark: bytes
) -> None:
    rows = [*ROWS, {"BilledCost": "free"}]
    staged, folder = stage(mark + start.encode() + parted(";", rows))
    assert (staged.rows_kept, staged.rows_rejected) == (3, 1)
    assert json.loads((folder / FILE_NAME).read_text().splitlines()[0])["line"] == 7


def test_such_a_line_is_read_in_utf_16_too(stage: Stage) -> None:
    staged, _ = stage(b"\xff\xfe" + ("sep=\t\r\n" + parted("\t").decode()).encode("utf-16-le"))
    assert billed(staged) == Decimal("6.75")


def test_a_separator_that_is_not_read_is_named(stage: Stage) -> None:
    with pytest.raises(Invalid, match="'#' stands between cells"):
        stage(b"sep=#\n" + parted("#"))


@pytest.mark.parametrize("text", [b'"a;b",c,d\n', b"a,b;c\n", b"a,b|c|d,e\n", b"a\n"])
def test_commas_come_first(text: bytes) -> None:
    assert read_header(text)[1] == ","


@pytest.mark.parametrize(
    "amount", ["1,25", "1.234,56", "0,125", "-,5", "1 234,56", "1.234.567,8", "3,00 €", "1'234,5"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_decimal_comma_refuses_the_file_by_name(
    stage: Stage, separator: str, amount: str
) -> None:
    rows = [{}] * 50 + [{"BilledCost": amount}]
    with pytest.raises(Invalid, match=r"Line 52: BilledCost “.*” has a decimal comma"):
        stage(parted(separator, rows))


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("€3", "currency sign"),
        ("3 €", "currency sign"),
        ("$10,000.00", "currency sign"),
        ("USD 3.00", "currency sign"),
        ("-£3", "currency sign"),
        ("1,234.56", "has a comma"),
        ("1,234", "has a comma"),
        ("free", "is not a number"),
        ("1e5e", "is not a number"),
    ],
)
def test_what_an_amount_has_too_much_is_named(stage: Stage, amount: str, reason: str) -> None:
    staged, folder = stage(write([{}, {"BilledCost": amount}]))
    assert (staged.rows_kept, staged.rows_rejected) == (1, 1)
    assert reason in json.loads((folder / FILE_NAME).read_text())["reason"]


def test_the_question_about_rejected_rows_names_the_first(take_in) -> None:
    row = take_in(bill("€3"))
    assert row.state == "waiting"
    assert "The first is line 2: BilledCost “€3” has a currency sign" in row.message


@pytest.mark.parametrize(
    "name", ["semicolon_point.csv", "tab.csv", "utf16.csv", "sep.csv", "array.json", "two.csv.gz"]
)
def test_a_bill_as_other_tools_write_it_is_the_same(stage: Stage, name: str) -> None:
    staged, _ = stage(DATA / "containers" / name)
    assert (staged.rows_kept, staged.rows_rejected) == (3, 0)
    assert billed(staged) == Decimal("6.75")


@pytest.mark.parametrize("name", ["de.csv", "comma_quoted.csv"])
def test_a_bill_of_decimal_commas_is_refused_by_name(stage: Stage, name: str) -> None:
    with pytest.raises(Invalid, match="Line 2: BilledCost “1,25” has a decimal comma"):
        stage(DATA / "containers" / name)


@pytest.mark.parametrize("names", ["", "x_two,x_two", ",,", "  "])
def test_a_column_of_no_name_or_of_one_that_is_there_twice_is_a_column(
    stage: Stage, names: str
) -> None:
    header, row, _ = bill("1").split(b"\n")
    more = ",".join(["x"] * len(names.split(","))).encode()
    staged, _ = stage(header + b"," + names.encode() + b"\n" + row + b"," + more + b"\n")
    assert (staged.rows_kept, staged.rows_rejected) == (1, 0)
