"""What the pages of anomalies call things."""

from __future__ import annotations

from costoptix.anomalies.detect import SEVERITY_RULE, Method
from costoptix.models import AnomalyStatus, Severity
from costoptix.web.parts.wording import SEVERITY_KINDS

STATUS_TITLES = {
    AnomalyStatus.NEW: "New",
    AnomalyStatus.ACKNOWLEDGED: "Acknowledged",
    AnomalyStatus.INVESTIGATING: "Investigating",
    AnomalyStatus.RESOLVED: "Resolved",
    AnomalyStatus.FALSE_POSITIVE: "False positive",
    AnomalyStatus.HISTORY: "History",
}
STATUS_KINDS = {
    AnomalyStatus.NEW: "accent",
    AnomalyStatus.INVESTIGATING: "warn",
    AnomalyStatus.RESOLVED: "down",
}
METHOD_TITLES = {
    Method.ROLLING_Z_SCORE: "Rolling z-score",
    Method.ADAPTIVE: "Adaptive",
    Method.STANDARD_Z_SCORE: "Standard z-score",
    Method.SIMPLE_THRESHOLD: "Simple threshold",
}


def words() -> dict[str, object]:
    """Return what every page of anomalies calls things."""
    return {
        "status_titles": STATUS_TITLES,
        "status_kinds": STATUS_KINDS,
        "severity_kinds": SEVERITY_KINDS,
        "severities": list(Severity),
        "severity_rule": SEVERITY_RULE,
    }
