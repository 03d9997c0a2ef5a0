"""Read a table out of bytes, line by line, whatever a spreadsheet did to it."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledgers.exchange.importing.recognising import exchange_of

LINE_END = re.compile(r"\r\n|\n|\r")
DELIMITERS = ",;\t"
MAX_BYTES = 50 * 2**20
PREFACE = 10


class FileRefusedError(Exception):
    """The file is not what it was said to be; nothing of it was imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file, as it stands there; `cells` is None if it could not be parted."""

    number: int
    text: str
    cells: dict[str, str] | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The lines under the header; where semicolons part cells, a comma in a number is doubtful."""

    lines: Sequence[Line]
    has_semicolons: bool


def read_table(content: bytes, columns: Sequence[str], *, name: str) -> Table:
    """Part the file into lines with exactly these columns, in any order, or refuse it."""
    text = _text(content, name)
    numbered = [
        (number, line)
        for number, line in enumerate(LINE_END.split(text), start=1)
        if line.strip(" ,;\t")
    ]
    if not numbered:
        raise FileRefusedError(f"{name} is empty. Export it again.")
    _refuse_other_exchange([line for _, line in numbered[:PREFACE]], columns, name)
    delimiter = _delimiter(numbered[0][1])
    header = _header(numbered[0][1], columns, name)
    is_cut = not text.endswith(("\n", "\r"))
    lines = list(_lines(numbered[1:], header, delimiter, is_cut=is_cut))
    return Table(lines=lines, has_semicolons=delimiter == ";")


def _text(content: bytes, name: str) -> str:
    """Decode UTF-8, or UTF-16 that says so; anything else is no table."""
    if len(content) > MAX_BYTES:
        raise FileRefusedError(f"{name} has more than {MAX_BYTES >> 20} MB. Export less at once.")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefusedError(
            f"{name} is not text in UTF-8 (byte {error.start}). Save it as CSV in UTF-8."
        ) from error
    if "\0" in text:
        raise FileRefusedError(f"{name} is a binary file, not a CSV. Save it as CSV in UTF-8.")
    return text


def _refuse_other_exchange(top: Sequence[str], columns: Sequence[str], name: str) -> None:
    """Refuse what another exchange exported; some of them write lines above their header."""
    for line in top:
        cells = [cell.strip('"') for cell in line.split(_delimiter(line))]
        exchange = exchange_of(cells, expected=columns)
        if exchange:
            raise FileRefusedError(
                f"{name} is an export of {exchange}, not in this format. "
                f"Choose the --format that fits, or write it as --format omc."
            )


def _header(line: str, columns: Sequence[str], name: str) -> list[str]:
    """Return the names of the columns in the file's order, spelled as the format spells them."""
    known = {column.casefold(): column for column in columns}
    found = [" ".join(cell.split()) for cell in _named(line, name)]
    unknown = [cell for cell in found if cell.casefold() not in known]
    if unknown:
        raise FileRefusedError(
            f"{name} has the unknown column {', '.join(map(repr, unknown))}. "
            f"The columns of this format are: {', '.join(columns)}."
        )
    named = [known[cell.casefold()] for cell in found]
    missing = [column for column in columns if column not in named]
    if missing or len(named) != len(columns):
        what = f"lacks the column {', '.join(missing)}" if missing else "names a column twice"
        raise FileRefusedError(f"{name} {what}. The columns are: {', '.join(columns)}.")
    return named


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _named(line: str, name: str) -> list[str]:
    try:
        return _cells(line, _delimiter(line))
    except csv.Error as error:
        raise FileRefusedError(f"{name} does not begin with a header: {error}.") from error


def _lines(
    numbered: Sequence[tuple[int, str]], header: list[str], delimiter: str, *, is_cut: bool
) -> Iterator[Line]:
    """Yield each line; one that is broken does not swallow the next."""
    last = numbered[-1][0] if numbered else 0
    for number, text in numbered:
        try:
            cells = _cells(text, delimiter)
        except csv.Error as error:
            yield Line(number=number, text=text, cells=None, problem=_broken(f"{error}"))
            continue
        if len(cells) == len(header):
            named = dict(zip(header, cells, strict=True))
            yield Line(number=number, text=text, cells=named)
        else:
            counted = f"{len(cells)} cells instead of {len(header)}"
            end = "; the file ends in the middle of it" if is_cut and number == last else ""
            yield Line(number=number, text=text, cells=None, problem=_broken(f"{counted}{end}"))


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]


def _broken(how: str) -> str:
    return f"The line cannot be read: {how}."
