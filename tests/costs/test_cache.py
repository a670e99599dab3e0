"""The bounded memory of answers."""

from __future__ import annotations

from costoptix.costs.cache import BoundedCache


def test_what_was_asked_for_least_recently_goes_first():
    cache = BoundedCache[str](2)
    cache.put("a", "1")
    cache.put("b", "2")
    assert cache.get("a") == "1"
    cache.put("c", "3")
    assert [cache.get(key) for key in "abc"] == ["1", None, "3"]


def test_heavy_values_push_out_several_and_too_heavy_ones_are_not_kept():
    cache = BoundedCache[str](3)
    cache.put("a", "1")
    cache.put("b", "2")
    cache.put("c", "3", weight=3)
    assert [cache.get(key) for key in "abc"] == [None, None, "3"]
    cache.put("d", "4", weight=4)
    assert cache.get("d") is None
    assert cache.get("c") == "3"


def test_putting_again_replaces():
    cache = BoundedCache[str](2)
    for value in "1234":
        cache.put("a", value)
    cache.put("b", "5")
    assert (cache.get("a"), cache.get("b")) == ("4", "5")
