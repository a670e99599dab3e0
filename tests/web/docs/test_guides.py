"""Documents as pages and as Markdown, and the list of them for agents."""

from __future__ import annotations

import re

from costoptix.web.docs import documents
from tests.support.pages import Browser


def test_the_guide_to_imports_has_a_recipe_for_every_cloud(bob_browser: Browser) -> None:
    page = bob_browser.get("/docs/imports").text
    for recipe in ("aws s3 sync", "azcopy sync", "gcloud storage rsync", "OnCalendar"):
        assert recipe in page
    assert "<title>Bills that come in by themselves" in page


def test_without_bills_the_imports_lead_to_the_guide(alice_browser: Browser) -> None:
    assert 'href="/docs/imports"' in alice_browser.get("/imports").text


def test_the_list_for_agents_leads_to_markdown_only(bob_browser: Browser) -> None:
    listed = bob_browser.get("/llms.txt")
    assert listed.content_type == "text/plain; charset=utf-8"
    addresses = re.findall(r"\]\(http://[^/]+(/[^)]+)\)", listed.text)
    with bob_browser.client.application.app_context():
        assert len(addresses) > len(documents.documents())
    for address in addresses:
        answer = bob_browser.get(address)
        assert answer.content_type == "text/markdown; charset=utf-8", address
        assert answer.text.startswith("# ")


def test_links_between_documents_lead_to_pages(bob_browser: Browser) -> None:
    with bob_browser.client.application.app_context():
        names = list(documents.documents())
    for name in names:
        for link in re.findall(r'href="(/docs/[a-z-]+)', bob_browser.get(f"/docs/{name}").text):
            assert bob_browser.get(link).status_code in (200, 302), f"{name} → {link}"


def test_no_document_leads_out_of_the_documents(bob_browser: Browser) -> None:
    for name in ("architecture", "nothing", "..", "%2e%2e%2fconfig", "a" * 500):
        assert bob_browser.get(f"/docs/{name}").status_code == 404
        assert bob_browser.get(f"/docs/{name}.md").status_code == 404
