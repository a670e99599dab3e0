"""The application, for gunicorn and for the flask command."""

from __future__ import annotations

import gc
import os
import sys

from config import Config, ConfigError
from costoptix import create_app

os.umask(0o077)  # whatever is written is for this account alone
gc.disable()  # nothing that is made here is garbage; to look for it takes a fifth of the start
try:
    app = create_app(Config.from_environ())
except ConfigError as error:
    from costoptix.cli import doctor  # here: no other start pays for it

    doctor.answer_without_start(sys.argv, str(error))
    sys.exit(f"Cost Optix cannot start: {error}")
gc.freeze()  # nor is it later
gc.enable()
