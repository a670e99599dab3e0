"""Keep what the demo answers as the API guide's examples, for readers who are not signed in.

Run on a demo's data folder: ``COSTOPTIX_DATA_DIR=… .venv/bin/python docs/examples/make.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import select

from app import app
from costoptix.access.permissions import command_line
from costoptix.extensions import db
from costoptix.models import Organization
from costoptix.web.docs.answers import own_answer, own_values
from costoptix.web.docs.api_guide import all_resources

KEPT = Path(__file__).with_name("api.json")


def main() -> None:
    """Ask every reading operation as the demo's admin, and keep the shortened answers."""
    answers: dict[str, object] = {}
    with app.app_context():
        caller = command_line(db.session().scalars(select(Organization)).one().id)
        for resource in all_resources():
            values = own_values(resource, caller)
            for operation in resource.operations:
                answer = own_answer(operation, values, caller)
                if answer is not None:
                    answers[operation.id] = json.loads(answer)
    KEPT.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


main()
