"""How the text of a file is written: UTF-8, by a mark at its start, or as the sender says.

Nothing is guessed: what is not UTF-8 is refused as a whole, with the name that it most likely has,
before a row of it counts. Only where a person names UTF-8 are the lines that are none left out.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from costoptix.errors import Invalid

UTF_8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_MARK = 4
_READ = frozenset(
    {
    "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
    "utf-32-le", "utf-32-be", "koi8-r", "koi8-u", "mac-roman", "shift_jis", "cp932",
    "euc_jp", "gb2312", "gbk", "gb18030", "big5", "cp950", "euc_kr",
    "cp949", "cp437", "cp850", "cp852", "cp866",
    *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(1, 17)),
    }
)  # fmt: skip
"""By Python's own names; each has more, such as latin-1 and windows-1252."""
_SAMPLE_BYTES = 64 << 10
_MOSTLY = 0.9
_SHOWN_AROUND = 12
_WORD = re.compile(r"[^\s,;|\"]*")
_WAYS = (
    "with the command --encoding {0}, in the API encoding={0}, or on the page Imports the field "
    "Encoding"
)


def name_of(text: str) -> str:
    """Return the name by which Python knows an encoding.

    Raises:
        Invalid: no text of a bill is read in it.
    """
    try:
        name = codecs.lookup(text.strip()).name
    except (LookupError, ValueError):
        name = ""
    if name not in _READ:
        raise Invalid(
            f"The encoding {text[:50]!a} is not one that is read: name one like cp1252, latin-1, "
            "utf-16-le or shift_jis."
        )
    return name


def as_utf8(chunks: Iterator[bytes], encoding: str | None, most: int) -> Iterator[bytes]:
    """Yield a text as UTF-8, at most ``most`` bytes at once.

    Raises:
        Invalid: it is not in the encoding that its mark or its sender names, or in UTF-8.
    """
    start = next(chunks, b"")
    while start and len(start) < _LONGEST_MARK and (more := next(chunks, b"")):
        start += more
    encoding = _marked(start) or encoding
    text = chain(_cut(start, most), chunks)
    if encoding is None:
        return _checked(text)
    return text if name_of(encoding) in (UTF_8, "ascii") else _decoded(text, encoding, most)


def _cut(text: bytes, most: int) -> Iterator[bytes]:
    return (text[at : at + most] for at in range(0, len(text), most))


def _marked(start: bytes) -> str | None:
    """Return the encoding that a mark at the start of a text names: it says more than a person."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), None)


def _checked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a text that is UTF-8; what is ASCII takes next to no time to look at."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    is_within = False  # a character
    before = b""
    for chunk in chunks:
        if is_within or not chunk.isascii():
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _refusal(before + chunk, error.object[error.start :]) from None
            is_within = bool(decoder.getstate()[0])
            before = chunk[-_SHOWN_AROUND:] if is_within else b""
        elif b"\0" in chunk and (likely := _by_nul_bytes(chunk)):
            raise _not_utf8(likely)
        yield chunk
    if is_within:
        raise _refusal(before, decoder.getstate()[0])


def _decoded(chunks: Iterator[bytes], encoding: str, most: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            yield from _cut(decoder.decode(chunk).encode(), most)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise Invalid(
            f"The file is not {encoding}, as it is marked or as was said: save it as UTF-8, or "
            "name another encoding."
        ) from error


def _refusal(text: bytes, bad: bytes) -> Invalid:
    """Say that a text is not UTF-8 from some bytes on, and what it most likely is."""
    at = len(text) - len(bad)
    sample = text[max(0, at - _SAMPLE_BYTES) : at + _SAMPLE_BYTES]
    if _is_mostly_utf8(sample):
        return Invalid(
            "Most of the file is UTF-8, but not all: it is damaged, or put together from several. "
            f"Send it whole, or have the lines that are not left out, {_WAYS.format(UTF_8)}."
        )
    likely = likely_encoding(sample)
    if likely is None:
        return Invalid(
            "The file is not UTF-8: save it as UTF-8, or name its encoding, "
            f"{_WAYS.format('NAME')}. With utf-8 the lines that are not are left out."
        )
    around = text[max(0, at - _SHOWN_AROUND) : at].decode(likely, "ignore")
    following = text[at : at + _SHOWN_AROUND].decode(likely, "ignore")
    start = _WORD.match(around[::-1])
    end = _WORD.match(following)
    word = (start[0][::-1] if start else "") + (end[0] if end else "")
    return _not_utf8(likely, f" (“{word}”)" if word.isprintable() else "")


def _not_utf8(likely: str, example: str = "") -> Invalid:
    return Invalid(
        f"The file is not UTF-8 and looks like {likely}{example}: save it as UTF-8, or say so, "
        f"{_WAYS.format(likely)}."
    )


def _is_mostly_utf8(text: bytes) -> bool:
    others = [c for c in text.decode(errors="replace") if not c.isascii()]
    return len(others) > 3 * others.count("\ufffd")


def _by_nul_bytes(text: bytes) -> str | None:
    """Return which encoding of several bytes a character a text is in, by where it has zeros."""
    sample = text[:_SAMPLE_BYTES]
    zeros = [sample[place::4].count(0) / max(len(sample[place::4]), 1) for place in range(4)]
    match [share > 1 / 3 for share in zeros]:
        case [False, True, False, True]:
            return "utf-16-le"
        case [True, False, True, False]:
            return "utf-16-be"
        case [False, True, True, True]:
            return "utf-32-le"
        case [True, True, True, False]:
            return "utf-32-be"
    return None


def likely_encoding(text: bytes) -> str | None:
    """Return what a text that is not UTF-8 most likely is; None where nothing shows it."""
    if by_nul_bytes := _by_nul_bytes(text):
        return by_nul_bytes
    runs = Counter(len(run) for run in re.findall(rb"[\x80-\xff]+", text))
    if 2 * runs[1] < runs.total():  # words of such characters, not ones among Latin letters
        for name, letters, least in _OF_WORDS:
            if _share(text, name, letters) >= least:
                return _WIDER.get(name, name)
    return "cp1252" if _is_in(text, "cp1252") else None


_KANA, _HAN = "\u3040-\u30ff", "\u4e00-\u9fff"
_OF_WORDS = (
    ("cp932", f"[{_KANA}{_HAN}\u3000-\u303f\uff01-\uff5e]", _MOSTLY),
    ("euc_jp", f"[{_KANA}]", 0.2),
    ("cp1251", "[А-яЁё№]", _MOSTLY),
    ("cp949", "[\uac00-\ud7a3]", _MOSTLY),
    ("gb2312", f"[{_HAN}\u3000-\u303f\uff01-\uff5e]", _MOSTLY),
    ("big5", f"[{_HAN}\u3000-\u303f\uff01-\uff5e]", _MOSTLY),
    ("gb18030", f"[{_HAN}\u3000-\u303f\uff01-\uff5e]", _MOSTLY),
)
"""Encodings, the letters of their languages, and how many of what is not ASCII are such."""
_WIDER = {"gb2312": "gb18030"}  # what is of the first is of the second, which has all characters


def _share(text: bytes, encoding: str, letters: str) -> float:
    """Return how much of what is not ASCII are these letters; 0 where it cannot be read so."""
    if not _is_in(text, encoding):
        return 0.0
    others = "".join(c for c in text.decode(encoding, "ignore") if not c.isascii())
    return len(re.findall(letters, others)) / max(len(others), 1)


def _is_in(text: bytes, encoding: str) -> bool:
    """Tell whether a sample, which may end within a character, can be read so."""
    lines = text.split(b"\n")
    whole = b"\n".join(lines[1:-1] if len(lines) > 2 else lines)
    try:
        whole.decode(encoding)
    except UnicodeDecodeError as error:
        return error.end >= len(whole)
    return True
