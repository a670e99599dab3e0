"""What went wrong at Acme Cloud for a day or two, and what its people said of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Opinion(StrEnum):
    """What people at Acme make of a finding."""

    REAL = "real"
    EXPECTED = "expected"  # a false alarm: it was planned
    IN_WORK = "in_work"
    OPEN = "open"  # left for the visitor


@dataclass(frozen=True)
class Incident:
    """Days on which a service in an account is used ``factor`` times as much as usual."""

    begins: int  # days before the last day of the story
    days: int
    account: str  # of ``company.ACCOUNTS``
    service: str  # of ``catalogue.SERVICES``
    factor: float
    opinion: Opinion = Opinion.OPEN
    judge: str = ""  # of ``life_people``
    note: str = ""


_REAL, _EXPECTED, _IN_WORK = Opinion.REAL, Opinion.EXPECTED, Opinion.IN_WORK

INCIDENTS = (
    Incident(320, 2, "aws-prod", "cloudfront", 2.0),
    Incident(255, 2, "azure-prod", "azure-sql", 1.8),
    Incident(196, 2, "gcp-analytics", "bigquery", 2.6),
    Incident(143, 2, "aws-prod", "vpc", 7.0),
    Incident(86, 2, "gcp-apps", "gke", 1.7, _REAL, "maya",
             "The autoscaler lost its upper limit with the upgrade. Set again."),
    Incident(83, 1, "aws-prod", "lambda", 2.6, _REAL, "maya",
             "Order webhook retried without back-off. Fixed in checkout 4.12."),
    Incident(80, 2, "aws-data", "glue", 4.0, _REAL, "priya",
             "The backfill ran twice. The job now refuses a second run."),
    Incident(77, 2, "azure-prod", "azure-monitor", 4.0, _REAL, "tom",
             "Debug logs were left on after the ERP release."),
    Incident(69, 2, "aws-prod", "cloudfront", 2.2, _EXPECTED, "jonas",
             "Autumn campaign. Marketing had announced it."),
    Incident(66, 3, "aws-staging", "rds", 2.5, _REAL, "maya",
             "A restored snapshot ran over the weekend. Deleted."),
    Incident(63, 2, "azure-dev", "vm", 3.0, _EXPECTED, "tom",
             "Planned load test; it is in the calendar."),
    Incident(60, 1, "gcp-analytics", "bigquery", 1.9, _REAL, "priya",
             "SELECT * over all events from a notebook. Daily quota set for the project."),
    Incident(57, 2, "aws-data", "vpc", 9.0, _REAL, "maya",
             "Backups went through the NAT gateway. Endpoint for S3 added."),
    Incident(54, 2, "azure-europe", "azure-sql", 1.8, _REAL, "tom",
             "Index rebuild scaled the database up and never down."),
    Incident(51, 2, "aws-data", "s3", 1.6, _REAL, "priya",
             "The lake was copied to a second bucket. Copy removed."),
    Incident(48, 2, "gcp-apps", "cloud-run", 6.0, _REAL, "maya",
             "Health checks woke every instance. Interval changed."),
    Incident(45, 1, "aws-data", "lambda", 4.0, _REAL, "maya",
             "Exports were rendered again on each retry. Rolled back the same day."),
    Incident(42, 2, "azure-prod", "azure-bandwidth", 9.0, _REAL, "tom",
             "A partner pulled the full product catalogue every hour."),
    Incident(39, 2, "azure-prod", "azure-storage", 3.5, _EXPECTED, "jonas",
             "The archive was restored for the auditors, as agreed."),
    Incident(36, 2, "gcp-analytics", "gce", 2.5, _REAL, "priya",
             "Training workers were not scaled down after the run."),
    Incident(33, 1, "aws-data", "athena", 8.0, _REAL, "priya",
             "A dashboard asked every minute. Now every hour."),
    Incident(30, 2, "azure-prod", "azure-openai", 3.0, _REAL, "jonas",
             "Prompt loop in the invoice reader. Limit of tokens set."),
    Incident(27, 2, "aws-prod", "cloudwatch", 6.0, _REAL, "maya",
             "Checkout logged each request body. Level back to warning."),
    Incident(24, 1, "gcp-sandbox", "bigquery", 3.0, _EXPECTED, "priya",
             "Workshop of the data team, announced."),
    Incident(21, 2, "gcp-apps", "cloud-sql", 3.0, _REAL, "maya",
             "Replicas of the restore test were kept. Deleted."),
    Incident(18, 2, "azure-prod", "azure-sql", 1.9, _REAL, "tom",
             "The replica of the failover test was kept. Deleted."),
    Incident(13, 2, "gcp-apps", "vertex-ai", 3.0, _EXPECTED, "priya",
             "Evaluation of the next model, as planned."),
    Incident(9, 2, "aws-data", "ec2", 1.5, _IN_WORK, "priya",
             "Spot capacity ran out, so that the batch took on-demand machines? Asking platform."),
    Incident(5, 2, "gcp-analytics", "bigquery", 2.2),
    Incident(2, 1, "aws-prod", "cloudfront", 1.7),
)  # fmt: skip
"""The oldest first. Those of the last 90 days are found by detection as it runs by itself."""

LATER = (
    Incident(0, 2, "gcp-analytics", "bigquery", 2.4),
    Incident(0, 2, "aws-prod", "vpc", 6.5),
    Incident(0, 2, "azure-prod", "vm", 1.9),
)
"""What strikes in turn once the story is over, and bills are added day by day."""

CREDIT_NOTE = "The start-up credit of Google Cloud has ended. Budget for analytics raised."
PLAN_NOTE = "The savings plan of production has run out. Asking for an offer for another year."
