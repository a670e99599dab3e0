"""The search of the documentation: operations and documents that hold every word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from costoptix.web.docs.documents import Document, passages
from costoptix.web.docs.operations import Described, Resource

MOST_HITS = 50


@dataclass(frozen=True)
class Hit:
    """A place in the documentation: its address below ``/docs``, a title, a line about it."""

    address: str
    title: str
    about: str


def find(
    words: str, resources: Iterable[Resource], guide: str, documents: Iterable[Document]
) -> list[Hit]:
    """Return the places that hold every word, in any case: calls first, at most ``MOST_HITS``."""
    terms = words.casefold().split()
    places = [*_operations(resources), *_sections("api", guide, "API guide")]
    for document in documents:
        places += _sections(document.name, document.text, document.title)
    hits = (hit for hit, text in places if all(word in text.casefold() for word in terms))
    return list(islice(hits, MOST_HITS))


def _operations(resources: Iterable[Resource]) -> Iterator[tuple[Hit, str]]:
    for resource in resources:
        for operation in resource.operations:
            title = f"{operation.method} {operation.path}"
            hit = Hit(f"api/{resource.name}#{operation.id}", title, operation.summary)
            yield hit, f"{title} {operation.summary} {_parameters(operation)}"


def _parameters(operation: Described) -> str:
    return " ".join(
        f"{parameter.name} {parameter.description}" for parameter in operation.parameters
    )


def _sections(name: str, text: str, title: str) -> Iterator[tuple[Hit, str]]:
    for passage in passages(text):
        anchor = f"#{passage.anchor}" if passage.anchor else ""
        yield Hit(f"{name}{anchor}", passage.title, title), f"{passage.title} {passage.text}"
