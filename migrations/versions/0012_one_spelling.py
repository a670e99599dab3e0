"""What people said of an account follows it to its one spelling.

Given names, budgets and anomalies of ``/subscriptions/<guid>`` or ``<GUID>``, and of providers under
another of their names, are from now on those of ``<guid>`` and of the one name. Where an account
had a name under two spellings, the one that was given last wins; the others stay in the table.
Figures that were kept of such data are worked out anew: the data have a new version.

Revision: 0012
Revises: 0011
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_PROVIDERS = {
    "aws": (
        "AWS", "Amazon", "Amazon AWS", "Amazon Web Services", "Amazon Web Services (AWS)",
        "Amazon Web Services, Inc.", "Amazon Web Services EMEA SARL", "Amazon.com, Inc.",
    ),
    "azure": (
        "Microsoft", "Azure", "Microsoft Azure", "Microsoft Corp.", "Microsoft Corporation",
        "Microsoft Ireland Operations Limited",
    ),
    "gcp": (
        "Google Cloud", "GCP", "Google", "Google Cloud EMEA Limited", "Google Cloud Platform",
        "Google Cloud Platform (GCP)", "Google, Inc.", "Google LLC",
    ),
    "oci": (
        "Oracle", "OCI", "Oracle America, Inc.", "Oracle Cloud", "Oracle Cloud Infrastructure",
        "Oracle Cloud Infrastructure (OCI)", "Oracle Corporation",
    ),
}  # fmt: skip
_BLANKS = "[ \t\r\n]*"
_ACCOUNT = re.compile(
    f"{_BLANKS}(?:/?subscriptions/)?([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/?{_BLANKS}",
    re.IGNORECASE | re.ASCII,
)


def _column(name: str) -> sa.ColumnClause[str]:
    return sa.column(name, sa.String)


_ORGANIZATIONS = sa.table("organizations", _column("id"), _column("data_version"))
_DELIVERIES = sa.table(
    "deliveries", _column("id"), _column("organization_id"), _column("billing_account_id")
)
_SUB_ACCOUNTS = sa.table(
    "delivery_sub_accounts",
    _column("delivery_id"), _column("provider_name"), _column("sub_account_id"),
)  # fmt: skip
_NAMES = sa.table(
    "account_names",
    _column("id"), _column("organization_id"), _column("account_id"), _column("name"),
)  # fmt: skip
_AUDIT = sa.table(
    "audit_entries",
    sa.column("id", sa.BigInteger), _column("organization_id"), _column("action"),
    _column("subject"),
)  # fmt: skip
_BUDGETS = sa.table("budgets", _column("id"), _column("account"))
_ANOMALIES = sa.table("anomalies", _column("id"), _column("provider_name"), _column("sub_account_id"))


def upgrade() -> None:
    bind = op.get_bind()
    for organization_id in bind.execute(sa.select(_ORGANIZATIONS.c.id)).scalars().all():
        pairs = _pairs(bind, organization_id)
        _name(bind, organization_id, _accounts(pairs))
        if any(pair != _spelled(*pair) for pair in pairs) or _has_paths(bind, organization_id):
            bind.execute(
                _ORGANIZATIONS.update()
                .where(_ORGANIZATIONS.c.id == organization_id)
                .values(data_version=str(uuid.uuid4()))
            )
    _follow_budgets(bind)
    _follow_anomalies(bind)


def downgrade() -> None:
    """Leave what follows: nothing was taken away, and the names of before are there still."""


def _pairs(bind: sa.Connection, organization_id: str) -> list[tuple[str | None, str | None]]:
    """List the accounts in the bills of an organization, as they are written."""
    pairs = (
        sa.select(_SUB_ACCOUNTS.c.provider_name, _SUB_ACCOUNTS.c.sub_account_id)
        .select_from(
            _SUB_ACCOUNTS.join(_DELIVERIES, _DELIVERIES.c.id == _SUB_ACCOUNTS.c.delivery_id)
        )
        .where(_DELIVERIES.c.organization_id == organization_id)
        .distinct()
    )
    return [(provider, number) for provider, number in bind.execute(pairs)]


def _accounts(pairs: Iterable[tuple[str | None, str | None]]) -> dict[str, set[str]]:
    """Return the accounts, each with all that it was called so far."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for provider, number in pairs:
        account = f"{_slug(provider or '')}:{_account(number or '')}"
        accounts[account] |= {
            f"{slug}:{number or ''}" for slug in (_slug(provider or ""), _dashed(provider or ""))
        }
    return accounts


def _has_paths(bind: sa.Connection, organization_id: str) -> bool:
    """Tell whether a billing account is written as Azure's FOCUS exports write it."""
    paths = sa.select(_DELIVERIES.c.id).where(
        _DELIVERIES.c.organization_id == organization_id,
        _DELIVERIES.c.billing_account_id.contains("/"),
    )
    return bind.execute(paths.limit(1)).first() is not None


def _name(bind: sa.Connection, organization_id: str, accounts: dict[str, set[str]]) -> None:
    """Give each account the name that was given last under any of its spellings."""
    mine = sa.select(_NAMES.c.account_id, _NAMES.c.name)
    names = {
        account_id: name
        for account_id, name in bind.execute(mine.where(_NAMES.c.organization_id == organization_id))
    }
    if not names:
        return
    given_at = _renamings(bind, organization_id)
    for account, spellings in accounts.items():
        given = [
            (given_at.get(spelling, 0), spelling == account, names[_id(spelling)])
            for spelling in spellings | {account}
            if _id(spelling) in names
        ]
        if given and (newest := max(given)[-1]) != names.get(_id(account)):
            _keep(bind, organization_id, _id(account), newest, is_new=_id(account) not in names)


def _renamings(bind: sa.Connection, organization_id: str) -> dict[str, int]:
    """Return the number of the newest audit entry by which each account was named."""
    entries = (
        sa.select(_AUDIT.c.subject, sa.func.max(_AUDIT.c.id))
        .where(_AUDIT.c.organization_id == organization_id, _AUDIT.c.action == "account.renamed")
        .group_by(_AUDIT.c.subject)
    )
    return {subject: number for subject, number in bind.execute(entries)}


def _keep(
    bind: sa.Connection, organization_id: str, account_id: str, name: str, *, is_new: bool
) -> None:
    if is_new:
        values = {"organization_id": organization_id, "account_id": account_id, "name": name}
        bind.execute(_NAMES.insert().values(id=str(uuid.uuid4()), **values))
        return
    bind.execute(
        _NAMES.update()
        .where(_NAMES.c.organization_id == organization_id, _NAMES.c.account_id == account_id)
        .values(name=name)
    )


def _follow_budgets(bind: sa.Connection) -> None:
    rows = bind.execute(
        sa.select(_BUDGETS.c.id, _BUDGETS.c.account).where(_BUDGETS.c.account.is_not(None))
    ).all()
    for row_id, account in rows:
        slug, _, number = account.partition(":")
        if (spelled := f"{_slug(slug)}:{_account(number)}") != account:
            bind.execute(_BUDGETS.update().where(_BUDGETS.c.id == row_id).values(account=spelled))


def _follow_anomalies(bind: sa.Connection) -> None:
    """Change what anomalies are of; the digest of their series stays, by which alerts are known."""
    columns = (_ANOMALIES.c.id, _ANOMALIES.c.provider_name, _ANOMALIES.c.sub_account_id)
    changed = list(_respelled(bind.execute(sa.select(*columns))))
    if changed:
        bind.execute(
            _ANOMALIES.update()
            .where(_ANOMALIES.c.id == sa.bindparam("row_id"))
            .values(provider_name=sa.bindparam("provider"), sub_account_id=sa.bindparam("number")),
            changed,
        )


def _respelled(rows: Iterable[tuple[str, str | None, str | None]]) -> Iterator[dict[str, str | None]]:
    for row_id, provider, number in rows:
        one_name, one_number = _spelled(provider, number)
        if (one_name, one_number) != (provider, number):
            yield {"row_id": row_id, "provider": one_name, "number": one_number}


def _spelled(provider: str | None, number: str | None) -> tuple[str | None, str | None]:
    """Return a provider's name and a sub-account's id in their one spelling."""
    one_name = provider and _PROVIDERS.get(_SLUGS.get(_folded(provider), ""), (provider,))[0]
    return one_name, number and _account(number)


def _folded(name: str) -> str:
    return name.lower().translate(dict.fromkeys(map(ord, " \t\r\n.,-_")))


_SLUGS = {_folded(name): slug for slug, names in _PROVIDERS.items() for name in names}


def _slug(provider: str) -> str:
    return _SLUGS.get(_folded(provider), _dashed(provider))


def _dashed(provider: str) -> str:
    return provider.lower().replace(" ", "-")


def _account(number: str) -> str:
    match = _ACCOUNT.fullmatch(number)
    return number if match is None else match[1].lower()


def _id(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:32]
