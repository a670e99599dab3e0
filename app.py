"""The application, for gunicorn and for the flask command."""

from __future__ import annotations

import os
import sys

from config import Config, ConfigError
from costoptix import create_app

os.umask(0o077)  # whatever is written is for this account alone
try:
    app = create_app(Config.from_environ())
except ConfigError as error:
    sys.exit(f"Cost Optix cannot start: {error}")
