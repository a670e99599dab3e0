"""The addresses of a channel: what is none is refused in words."""

from __future__ import annotations

import pytest

from costoptix.errors import Invalid
from costoptix.notify.addresses import MOST_ADDRESSES, read_addresses


def test_addresses_are_read_once_each_in_lower_case() -> None:
    text = " Ann@Example.com, bob@example.com ,,ann@example.com"
    assert read_addresses(text) == ["ann@example.com", "bob@example.com"]
    assert read_addresses("ann@bücher.example") == ["ann@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "text",
    [
        "", " , ", "ann", "ann@", "@example.com", "a@b@example.com", "ann@example.com\nBcc: x@y.z",
        "ann@example.com\r\nx", "ann smith@example.com", "ann@exa mple.com", "a" * 65 + "@x.com",
        "a@" + "b" * 298, "a@" + "b." * 149, "ännchen@example.com", "a@b..c", "<a@b.c>",
        'a"b@c.d', "a@b.c;d@e.f", "a@b.c\x00", ",".join(f"a{i}@b.c" for i in range(11)),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match="The field address is wrong"):
        read_addresses(text)


def test_a_channel_has_as_many_addresses_as_one_attempt_can_serve() -> None:
    text = ",".join(f"a{i}@b.c" for i in range(MOST_ADDRESSES))
    assert len(read_addresses(text)) == MOST_ADDRESSES
