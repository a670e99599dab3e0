"""What Acme Cloud uses: services, and the meters by which they are priced.

Prices are close to the public list prices; amounts a day are Acme's, in USD after its
negotiated discount, on a working day of ``rhythm.ANCHOR``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, eq=False)
class Product:
    """A service as the bill names it, and how its use moves."""

    name: str
    category: str
    namespace: str  # with ``kind``: where the provider files its resources
    kind: str
    growth: float = 0.12  # per year, as a share
    weekend: float = 0.05  # how much less a day of the weekend costs, as a share
    publisher: str | None = None  # None: the provider itself


@dataclass(frozen=True, eq=False)
class Meter:
    """One price of one service, and how much of it which accounts use."""

    service: str
    sku: str
    unit: str
    list_price: Decimal  # USD per unit
    daily: float  # USD a day, all accounts together
    resources: int  # how many share it; 0: machines of at most 24 hours each
    accounts: tuple[str, ...]
    team: str
    stem: str  # of the resources' names
    spot: Decimal | None = None  # the price asked for spare capacity, in place of the contract's

    @property
    def places(self) -> int:
        """Return the decimals of a quantity: what costs next to nothing is counted whole."""
        return 0 if self.list_price < Decimal("0.0001") else 6


SERVICES: Mapping[str, Product] = {
    "ec2": Product(
        "Amazon Elastic Compute Cloud", "Compute", "ec2", "instance", growth=0.22, weekend=0.08
    ),
    "rds": Product(
        "Amazon Relational Database Service", "Databases", "rds", "db", weekend=0.01
    ),
    "s3": Product(
        "Amazon Simple Storage Service", "Storage", "s3", "bucket", growth=0.30, weekend=0.0
    ),
    "cloudfront": Product(
        "Amazon CloudFront", "Networking", "cloudfront", "distribution", weekend=0.18
    ),
    "lambda": Product("AWS Lambda", "Compute", "lambda", "function", growth=0.45, weekend=0.20),
    "dynamodb": Product("Amazon DynamoDB", "Databases", "dynamodb", "table", growth=0.25),
    "elb": Product("Elastic Load Balancing", "Networking", "elasticloadbalancing", "loadbalancer"),
    "vpc": Product("Amazon Virtual Private Cloud", "Networking", "ec2", "natgateway"),
    "elasticache": Product(
        "Amazon ElastiCache", "Databases", "elasticache", "cluster", weekend=0.0
    ),
    "opensearch": Product("Amazon OpenSearch Service", "Analytics", "es", "domain", weekend=0.0),
    "cloudwatch": Product(
        "Amazon CloudWatch", "Management and Governance", "cloudwatch", "loggroup"
    ),
    "sqs": Product("Amazon Simple Queue Service", "Integration", "sqs", "queue", weekend=0.20),
    "sns": Product("Amazon Simple Notification Service", "Integration", "sns", "topic"),
    "kms": Product("AWS Key Management Service", "Security", "kms", "key", weekend=0.0),
    "route53": Product("Amazon Route 53", "Networking", "route53", "hostedzone", weekend=0.0),
    "ecr": Product("Amazon Elastic Container Registry", "Storage", "ecr", "repository"),
    "athena": Product("Amazon Athena", "Analytics", "athena", "workgroup", weekend=0.40),
    "glue": Product("AWS Glue", "Analytics", "glue", "job", weekend=0.30, growth=-0.25),
    "datadog": Product(
        "Datadog Pro", "Management and Governance", "aws-marketplace", "agreement",
        weekend=0.0, publisher="Datadog, Inc.",
    ),
    "bedrock": Product(
        "Amazon Bedrock", "AI and Machine Learning", "bedrock", "model",
        growth=0.5, weekend=0.25,
    ),
    "vm": Product(
        "Virtual Machines", "Compute", "microsoft.compute", "virtualmachines", weekend=0.12
    ),
    "azure-sql": Product(
        "Azure SQL Database", "Databases", "microsoft.sql", "servers", weekend=0.03
    ),
    "azure-storage": Product(
        "Storage Accounts", "Storage", "microsoft.storage", "storageaccounts", growth=0.2
    ),
    "aks": Product(
        "Azure Kubernetes Service", "Compute", "microsoft.containerservice", "managedclusters"
    ),
    "azure-monitor": Product(
        "Azure Monitor", "Management and Governance", "microsoft.operationalinsights", "workspaces"
    ),
    "key-vault": Product("Key Vault", "Security", "microsoft.keyvault", "vaults", weekend=0.15),
    "azure-bandwidth": Product(
        "Virtual Network", "Networking", "microsoft.network", "publicipaddresses", weekend=0.10
    ),
    "azure-openai": Product(
        "Azure OpenAI Service", "AI and Machine Learning", "microsoft.cognitiveservices",
        "accounts", growth=0.4, weekend=0.30,
    ),
    "bigquery": Product(
        "BigQuery", "Analytics", "bigquery", "datasets", growth=0.20, weekend=0.22
    ),
    "gke": Product(
        "Kubernetes Engine", "Compute", "container", "clusters", growth=0.18, weekend=0.07
    ),
    "gce": Product("Compute Engine", "Compute", "compute", "instances", weekend=0.04),
    "gcs": Product("Cloud Storage", "Storage", "storage", "buckets", growth=0.35, weekend=0.0),
    "cloud-sql": Product("Cloud SQL", "Databases", "sqladmin", "instances", weekend=0.0),
    "cloud-run": Product("Cloud Run", "Compute", "run", "services", growth=0.40, weekend=0.20),
    "pubsub": Product("Cloud Pub/Sub", "Integration", "pubsub", "topics", weekend=0.15),
    "cloud-logging": Product("Cloud Logging", "Management and Governance", "logging", "buckets"),
    "vertex-ai": Product(
        "Vertex AI", "AI and Machine Learning", "aiplatform", "endpoints",
        growth=0.4, weekend=0.25,
    ),
}  # fmt: skip

_AWS = ("aws-prod", "aws-data", "aws-staging")
_AWS_APPS = ("aws-prod", "aws-staging")
_AWS_DATA = ("aws-data",)
_AZURE = ("azure-prod", "azure-dev", "azure-europe")
_AZURE_LIVE = ("azure-prod", "azure-europe")
_GCP = ("gcp-analytics", "gcp-apps", "gcp-sandbox")
_GCP_APPS = ("gcp-apps", "gcp-sandbox")
_GCP_DATA = ("gcp-analytics", "gcp-sandbox")

_Line = tuple[str, str, str, str, float, int, tuple[str, ...], str, str]
_LINES: tuple[_Line, ...] = (
    # service, sku, unit, list price, USD a day, resources, accounts, team, stem
    ("ec2", "m6i.4xlarge Linux", "Hours", "0.768", 160, 0, _AWS, "platform", "app"),
    ("ec2", "c6i.4xlarge Linux", "Hours", "0.68", 104, 0, _AWS_APPS, "checkout", "web"),
    ("ec2", "r6i.4xlarge Linux", "Hours", "1.008", 74, 0, _AWS_DATA, "data", "etl"),
    ("ec2", "EBS gp3 storage", "GB-Mo", "0.08", 42, 8, _AWS, "platform", "vol"),
    ("rds", "db.r6g.2xlarge PostgreSQL Multi-AZ", "Hours", "1.912", 128, 0, _AWS, "checkout", "pg"),
    ("rds", "db.m6g.xlarge MySQL", "Hours", "0.304", 38, 0, _AWS_APPS, "search", "mysql"),
    ("rds", "General purpose storage", "GB-Mo", "0.115", 84, 6, _AWS, "checkout", "pg-store"),
    ("s3", "Standard storage", "GB-Mo", "0.023", 84, 8, _AWS, "data", "lake"),
    ("s3", "Tier 1 requests", "Requests", "0.000005", 24, 6, _AWS_APPS, "platform", "assets"),
    ("s3", "Glacier Instant storage", "GB-Mo", "0.004", 21, 4, _AWS_DATA, "data", "archive"),
    ("cloudfront", "Data transfer out", "GB", "0.085", 76, 4, _AWS_APPS, "web", "cdn"),
    ("cloudfront", "HTTPS requests", "Requests", "0.000001", 12, 4, _AWS_APPS, "web", "cdn"),
    ("lambda", "Duration", "GB-Seconds", "0.0000166667", 34, 6, _AWS, "checkout", "fn"),
    ("lambda", "Requests", "Requests", "0.0000002", 7, 5, _AWS, "checkout", "fn"),
    ("dynamodb", "Write request units", "Requests", "0.00000125", 8, 4, _AWS_APPS, "web", "tbl"),
    ("dynamodb", "Read request units", "Requests", "0.00000025", 4, 4, _AWS_APPS, "web", "tbl"),
    ("elb", "Application load balancer LCU", "LCU-Hours", "0.008", 8, 5, _AWS, "platform", "alb"),
    ("vpc", "NAT gateway data", "GB", "0.045", 11, 3, _AWS, "platform", "nat"),
    ("elasticache", "cache.r6g.large", "Hours", "0.206", 9, 0, _AWS_APPS, "checkout", "redis"),
    ("opensearch", "r6g.large.search", "Hours", "0.167", 8, 0, _AWS_APPS, "search", "find"),
    ("cloudwatch", "Log ingestion", "GB", "0.50", 9, 4, _AWS, "platform", "logs"),
    ("sqs", "Standard requests", "Requests", "0.0000004", 2.6, 4, _AWS, "checkout", "queue"),
    ("sns", "Notifications", "Requests", "0.0000005", 0.7, 2, _AWS_APPS, "web", "topic"),
    ("kms", "Customer managed keys", "Keys", "0.0333333333", 1.2, 3, _AWS, "security", "key"),
    ("route53", "Hosted zones", "Zones", "0.0166666667", 0.6, 2, ("aws-prod",), "platform", "zone"),
    ("ecr", "Image storage", "GB-Mo", "0.10", 1.4, 3, _AWS_APPS, "platform", "image"),
    ("athena", "Data scanned", "TB", "5.00", 4.2, 2, _AWS_DATA, "data", "adhoc"),
    ("glue", "ETL job", "DPU-Hours", "0.44", 5.5, 3, _AWS_DATA, "data", "job"),
    ("datadog", "Infrastructure hosts", "Hosts", "0.60", 13, 1, ("aws-prod",), "platform", "dd"),
    ("bedrock", "Output tokens", "Tokens", "0.000015", 88, 3, ("aws-prod",), "ai", "assistant"),
    ("bedrock", "Input tokens", "Tokens", "0.000003", 36, 3, ("aws-prod",), "ai", "assistant"),
    ("vm", "D16s v5", "Hours", "0.768", 104, 0, _AZURE, "erp", "vm"),
    ("vm", "E8s v5", "Hours", "0.504", 88, 0, _AZURE_LIVE, "erp", "mem"),
    ("vm", "Premium SSD disks", "GB-Mo", "0.135", 14, 5, _AZURE, "erp", "disk"),
    ("azure-sql", "General Purpose vCore", "vCore-Hours", "0.252", 62, 4, _AZURE, "erp", "sql"),
    ("azure-sql", "Data stored", "GB-Mo", "0.115", 14, 4, _AZURE, "erp", "sql"),
    ("azure-storage", "Hot LRS data stored", "GB-Mo", "0.0184", 8, 5, _AZURE, "erp", "st"),
    ("aks", "Standard uptime", "Hours", "0.10", 4.6, 0, _AZURE_LIVE, "platform", "aks"),
    ("azure-monitor", "Analytics logs", "GB", "2.30", 6, 3, _AZURE, "platform", "law"),
    ("key-vault", "Operations", "Requests", "0.000003", 0.5, 3, _AZURE, "security", "kv"),
    ("azure-bandwidth", "Data transfer out", "GB", "0.087", 4, 3, _AZURE, "erp", "egress"),
    ("azure-openai", "Output tokens", "Tokens", "0.00001", 26, 2, ("azure-prod",), "ai", "gpt"),
    ("bigquery", "Analysis", "TiB", "6.25", 150, 5, _GCP_DATA, "data", "warehouse"),
    ("bigquery", "Active storage", "GiBy-mo", "0.02", 46, 5, _GCP_DATA, "data", "warehouse"),
    ("gke", "Autopilot vCPU", "Hours", "0.0445", 78, 5, _GCP_APPS, "platform", "apps"),
    ("gke", "Autopilot memory", "GiBy-Hours", "0.0049225", 36, 5, _GCP_APPS, "platform", "apps"),
    ("gke", "Cluster management", "Hours", "0.10", 6.9, 0, _GCP_APPS, "platform", "cluster"),
    ("gce", "n2-standard-8", "Hours", "0.3885", 26, 0, _GCP, "data", "worker"),
    ("gce", "n2-highmem-8", "Hours", "0.5241", 56, 0, ("gcp-apps",), "erp", "report"),
    ("gcs", "Standard storage", "GiBy-mo", "0.02", 9, 5, _GCP, "data", "bucket"),
    ("cloud-sql", "db-custom-4-16384", "Hours", "0.2698", 12, 0, _GCP_APPS, "web", "cloudsql"),
    ("cloud-run", "CPU allocation", "Seconds", "0.000024", 4, 4, _GCP_APPS, "web", "run"),
    ("pubsub", "Message delivery", "TiB", "40.00", 2.2, 3, _GCP, "data", "events"),
    ("cloud-logging", "Log storage", "GiBy", "0.50", 3, 2, _GCP, "platform", "logs"),
    ("vertex-ai", "Prediction tokens", "Tokens", "0.0000125", 24, 2, ("gcp-apps",), "ai", "vertex"),
)

METERS: tuple[Meter, ...] = (
    *(
        Meter(service, sku, unit, Decimal(price), daily, resources, accounts, team, stem)
        for service, sku, unit, price, daily, resources, accounts, team, stem in _LINES
    ),
    Meter(
        "ec2", "c6i.4xlarge Linux spot", "Hours", Decimal("0.68"), 36, 0, _AWS_DATA,
        "data", "batch", spot=Decimal("0.2448"),
    ),
)  # fmt: skip
