"""``secrets rotate``: what a person does after SECRET_KEY was changed."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable

from flask import Flask

from config import Config
from costoptix import startup
from costoptix.extensions import db
from tests.cli.test_organizations import run


def test_after_a_rotation_the_older_key_is_needed_no_more(
    config: Config, make_app: Callable[..., Flask]
) -> None:
    newer = random.token_hex(32)
    first = make_app()
    with first.app_context():
        startup.require_secret_key(db.engine, config)
    assert run(make_app(secret_key=newer), "secrets", "rotate").exit_code == 1
    both = make_app(secret_key=newer, secret_key_fallbacks=(config.secret_key,))
    assert run(both, "secrets", "rotate").stdout == "1\n"
    assert run(both, "secrets", "rotate").stdout == "0\n"
    alone = run(make_app(secret_key=newer), "secrets", "rotate")
    assert (alone.exit_code, alone.stdout) == (0, "0\n")
    lost = run(first, "secrets", "rotate")
    assert lost.exit_code == 1
    assert "SECRET_KEY" in lost.stderr
    assert lost.stderr.count("\n") == 1
