"""Providers, accounts and billing accounts as bills write them, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from costoptix.lake.providers import NAMES

GUIDS = ("aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb", "0a1b2c3d-aaaa-4bbb-8ccc-0123456789ab")
_PATH = "/providers/Microsoft.Billing/billingAccounts/"
_TENANT = f"{GUIDS[0]}:{GUIDS[1]}_2019-05-31"
_CASES = (str, str.lower, str.upper, str.title)
_BLANKS = ("", " ", "\t")


def _written(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Write texts in another case, with blanks around them."""
    blanks = st.sampled_from(_BLANKS)
    parts = st.tuples(blanks, texts, st.sampled_from(_CASES), blanks)
    return parts.map(lambda part: part[0] + part[2](part[1]) + part[3])


_names = st.sampled_from([name for names in NAMES.values() for name in names])
PROVIDER_NAMES = _written(_names) | st.sampled_from(["Other Cloud", "other cloud", "AWS China"])
ACCOUNTS = _written(
    st.builds(
        lambda prefix, guid, end: prefix + guid + end,
        st.sampled_from(["", "/subscriptions/", "subscriptions/"]),
        st.sampled_from(GUIDS),
        st.sampled_from(["", "/"]),
    )
) | st.sampled_from(["123456789012", "my-project", "My-Project", GUIDS[0] + "0", "/" + GUIDS[0]])
_spelled = (
    "8611537", f"{_PATH}8611537", f"{_PATH}8611537/", _TENANT, _PATH + _TENANT,
    "ABCD-EFGH-BG7-PGB", f"{_PATH}{_TENANT}/billingProfiles/ABCD-EFGH-BG7-PGB",
    "01B3F7-5C20D9-84A6E1", "billingAccounts/01B3F7-5C20D9-84A6E1", GUIDS[0],
)  # fmt: skip
_others = ("payer", "Payer", f"{_PATH}8611537/departments/1", f"{_PATH}org-Name")
BILLING_ACCOUNTS = _written(st.sampled_from(_spelled)) | st.sampled_from(_others)
VALUES = PROVIDER_NAMES | ACCOUNTS | BILLING_ACCOUNTS | st.text(max_size=60)
