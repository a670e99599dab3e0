"""What the checks share: what they look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from config import Config


@dataclass(frozen=True)
class Installation:
    """What is looked at. ``reads_files``: whether whole files are read, or only their sizes."""

    engine: Engine
    config: Config
    reads_files: bool = True


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, in a sentence, and what to do about it, in another."""

    sentence: str
    remedy: str


Check = Callable[[Installation], Iterator[Trouble]]
"""Looks at one part; it changes nothing, and raises nothing that stands for a finding."""


@dataclass(frozen=True)
class Examined:
    """What one check found; nothing where all is well."""

    check: str
    troubles: tuple[Trouble, ...]
