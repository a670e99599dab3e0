"""A form as a page shows it: its labels, what was typed, and what is wrong beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

from costoptix import drafts
from costoptix.errors import CostOptixError
from costoptix.web.parts.forms import PASSWORD_FIELD

LONGEST_KEPT = 10_000
_PASSWORD_LABEL = "Your password"  # noqa: S105 - the label of the field


class Form(drafts.Draft):
    """What a form posts: texts, each with the label of its field as ``title``."""

    @classmethod
    def asks_for(cls, field: str, values: Mapping[str, str]) -> str:  # noqa: ARG003 - see others
        """Return which field of a form with these values asks for one of the draft; "" for none."""
        return field if field in cls.model_fields else ""


@dataclass(frozen=True)
class FilledForm:
    """A form with values in its fields, and why it was refused, if it was."""

    model: type[Form]
    values: Mapping[str, str]
    error: CostOptixError | None = None

    @classmethod
    def of(cls, form: Form) -> FilledForm:
        """Fill a form with values of ours."""
        return cls(type(form), {name: str(value) for name, value in form.model_dump().items()})

    @classmethod
    def posted(cls, model: type[Form], error: CostOptixError | None = None) -> FilledForm:
        """Fill a form with what was typed, however wrong it is; never with a password."""
        typed = {
            name: request.form[name][:LONGEST_KEPT]
            for name in model.model_fields
            if name in request.form
        }
        return cls(model, typed, error)

    def value(self, name: str) -> str:
        """Return what stands in a field: what was typed or set, else what it is at first."""
        if name in self.values:
            return self.values[name]
        first = self.model.model_fields[name].default
        return str(first) if isinstance(first, str) else ""

    def label(self, name: str) -> str:
        """Return what a field is called."""
        if name == PASSWORD_FIELD:
            return _PASSWORD_LABEL
        return self.model.model_fields[name].title or name

    @property
    def wrong(self) -> str:
        """Return the field that is at fault; "" where none is, or none of this form's."""
        if self.error is None or not self.error.reason:
            return ""
        if self.error.field == PASSWORD_FIELD:
            return PASSWORD_FIELD
        return self.model.asks_for(self.error.field, self.values)

    def problem(self, name: str) -> str:
        """Return what is wrong with a field, as a sentence to stand beside it; "" for nothing."""
        if self.error is None or name != self.wrong:
            return ""
        reason = self.error.reason
        return f"{reason[0].upper()}{reason[1:]}."

    @property
    def sentence(self) -> str:
        """Return why the form was refused, in the words of its labels; "" where it was not."""
        if self.error is None:
            return ""
        if self.wrong:
            return f"{self.label(self.wrong)}: {self.error.reason}."
        return self.error.sentence
