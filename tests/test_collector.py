"""The collector of cycles rests while very many values are made, and goes on after."""

from __future__ import annotations

import gc

import pytest

from costoptix.collector import resting


def test_it_rests_until_the_last_block_ends_also_by_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), resting():
        with resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_who_has_switched_it_off_for_good_keeps_it_so() -> None:
    gc.disable()
    try:
        with resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
