"""Every table, by room. Columns, keys and constraints only: never queries or rules."""

from costoptix.models.access import (
    ApiKey,
    AuditEntry,
    IdempotencyRecord,
    Invitation,
    Organization,
    SetupState,
    ThrottleCounter,
    User,
    UserSession,
)
from costoptix.models.anomalies import (
    ANOMALY_MOVES,
    OPEN_STATUSES,
    Anomaly,
    AnomalyJudgement,
    AnomalyStatus,
    DetectionRun,
    Severity,
)
from costoptix.models.base import Base, ExactDecimal, UTCDateTime, new_id
from costoptix.models.bills import (
    Delivery,
    DeliveryFile,
    DeliverySubAccount,
    DeliverySum,
    Import,
    InboxItem,
    ReconciliationLine,
    Source,
)
from costoptix.models.budgets import Budget, BudgetStanding, BudgetState
from costoptix.models.costs import AccountName
from costoptix.models.events import Event
from costoptix.models.queue import JOB_MOVES, Job, JobState, WorkerHeartbeat

__all__ = [
    "ANOMALY_MOVES",
    "JOB_MOVES",
    "OPEN_STATUSES",
    "AccountName",
    "Anomaly",
    "AnomalyJudgement",
    "AnomalyStatus",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Budget",
    "BudgetStanding",
    "BudgetState",
    "Delivery",
    "DeliveryFile",
    "DeliverySubAccount",
    "DeliverySum",
    "DetectionRun",
    "Event",
    "ExactDecimal",
    "IdempotencyRecord",
    "Import",
    "InboxItem",
    "Invitation",
    "Job",
    "JobState",
    "Organization",
    "ReconciliationLine",
    "SetupState",
    "Severity",
    "Source",
    "ThrottleCounter",
    "UTCDateTime",
    "User",
    "UserSession",
    "WorkerHeartbeat",
    "new_id",
]
