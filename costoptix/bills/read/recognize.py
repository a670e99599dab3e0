"""Header → format: asked of every known format, answered with a format or a refusal in words."""

from __future__ import annotations

from costoptix.bills.formats import Datasets, Format, Header, Options
from costoptix.bills.formats.aws_cur import AWS_CUR
from costoptix.bills.formats.azure import AZURE
from costoptix.bills.formats.focus import FOCUS, other_dataset
from costoptix.bills.formats.gcp import GCP
from costoptix.bills.formats.oci import OCI
from costoptix.errors import Invalid

ALL: tuple[Format, ...] = (FOCUS, AWS_CUR, AZURE, GCP, OCI)
"""Every format; of several that fit, the one that requires the most columns wins."""

_DATASETS = {format_.family: format_.datasets for format_ in ALL}
_SHOWN = 8


class OtherDataset(Invalid):
    """The file is of FOCUS, but of a dataset that holds no charges."""

    def __init__(self, sentence: str, dataset: str = "another dataset") -> None:
        super().__init__(sentence)
        self.dataset = dataset

    @classmethod
    def of(cls, dataset: str) -> OtherDataset:
        """Refuse a dataset by its name in FOCUS."""
        sentence = (
            f"This is the dataset {dataset} of FOCUS, which holds no charges: "
            "send the dataset Cost and Usage."
        )
        return cls(sentence, dataset)


def datasets_of(family: str | None) -> Datasets | None:
    """Return how the datasets of a format combine; None where a month is one dataset."""
    return _DATASETS.get(family or "")


def recognize(header: Header, options: Options) -> Format:
    """Return the format of a file with this header.

    Raises:
        OtherDataset: it is a dataset of FOCUS without charges.
        Invalid: no format fits; the sentence names the nearest and the columns that are missing.
    """
    fitting = [format_ for format_ in ALL if not format_.missing(header)]
    if not fitting:
        if (dataset := other_dataset(header)) is not None:
            raise OtherDataset.of(dataset)
        raise Invalid(_refusal(header))
    best = max(fitting, key=lambda format_: len(format_.required))
    _check_currency(best, header, options)
    if repeated := header.repeated(*(name for group in best.required for name in group)):
        raise Invalid(f"The header names {_listed(repeated)} more than once.")
    return best


def resembles(header: Header) -> bool:
    """Tell whether a header has at least half of what a format requires: a bill may lack some."""
    if other_dataset(header) is not None:
        return False
    return any(2 * len(format_.missing(header)) <= len(format_.required) for format_ in ALL)


def _check_currency(format_: Format, header: Header, options: Options) -> None:
    if options.of(format_, header).currency is None and not header.has(*format_.currency):
        raise Invalid(
            f"The file has no column {format_.currency[0]}: say which currency its amounts "
            "are in (for example USD)."
        )


def _refusal(header: Header) -> str:
    nearest = min(ALL, key=lambda format_: len(format_.missing(header)) / len(format_.required))
    missing = nearest.missing(header)
    if len(missing) == len(nearest.required):
        return "This is not a billing file that Cost Optix knows: its first line is not a header."
    return (
        f"The header is nearest to {nearest.title(header)}, but these columns are missing: "
        f"{_listed(missing)}."
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
