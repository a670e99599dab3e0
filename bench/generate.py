"""Make bills of any size to measure with: python bench/generate.py ROWS OUT.csv.gz|OUT.parquet.

The file has 57 columns (FOCUS 1.2 with AWS's x_ columns in place of three rare ones), spans 13
months in the order of time, and has the cardinalities of a mid-sized company: 60 services, 40
accounts, 20 regions, 24,000 resources, 2,000 sets of tags. The same rows and seed give the same
charges with one version of DuckDB, whose hash() is the only source of chance.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import duckdb

FIRST_DAY = date(2025, 10, 1)
LAST_DAY = date(2026, 10, 31)
"""The days of every bench file, both included, so that measurements can name their ranges."""

RESOURCES = 24_000

SERVICES = {
    "AWS": (
        ("Amazon Elastic Compute Cloud", "Compute"),
        ("Amazon Relational Database Service", "Databases"),
        ("Amazon Simple Storage Service", "Storage"),
        ("Amazon CloudFront", "Networking"),
        ("AWS Lambda", "Compute"),
        ("Amazon DynamoDB", "Databases"),
        ("Elastic Load Balancing", "Networking"),
        ("Amazon Virtual Private Cloud", "Networking"),
        ("Amazon ElastiCache", "Databases"),
        ("Amazon OpenSearch Service", "Analytics"),
        ("Amazon CloudWatch", "Management and Governance"),
        ("Amazon Simple Queue Service", "Integration"),
        ("Amazon Simple Notification Service", "Integration"),
        ("AWS Key Management Service", "Security"),
        ("Amazon Route 53", "Networking"),
        ("Amazon Elastic Container Registry", "Storage"),
        ("Amazon Athena", "Analytics"),
        ("AWS Glue", "Analytics"),
        ("Amazon Bedrock", "AI and Machine Learning"),
        ("Amazon Kinesis", "Analytics"),
    ),
    "Microsoft": (
        ("Virtual Machines", "Compute"),
        ("Azure SQL Database", "Databases"),
        ("Storage Accounts", "Storage"),
        ("Azure Kubernetes Service", "Compute"),
        ("Azure Monitor", "Management and Governance"),
        ("Key Vault", "Security"),
        ("Virtual Network", "Networking"),
        ("Azure OpenAI Service", "AI and Machine Learning"),
        ("Azure Cosmos DB", "Databases"),
        ("Azure App Service", "Compute"),
        ("Functions", "Compute"),
        ("Event Hubs", "Integration"),
        ("Service Bus", "Integration"),
        ("Azure Databricks", "Analytics"),
        ("Azure Synapse Analytics", "Analytics"),
        ("Application Gateway", "Networking"),
        ("Azure Front Door", "Networking"),
        ("Container Registry", "Storage"),
        ("Backup", "Storage"),
        ("Microsoft Defender for Cloud", "Security"),
    ),
    "Google Cloud": (
        ("BigQuery", "Analytics"),
        ("Kubernetes Engine", "Compute"),
        ("Compute Engine", "Compute"),
        ("Cloud Storage", "Storage"),
        ("Cloud SQL", "Databases"),
        ("Cloud Run", "Compute"),
        ("Cloud Pub/Sub", "Integration"),
        ("Cloud Logging", "Management and Governance"),
        ("Vertex AI", "AI and Machine Learning"),
        ("Cloud Spanner", "Databases"),
        ("Cloud Bigtable", "Databases"),
        ("Cloud Dataflow", "Analytics"),
        ("Cloud Dataproc", "Analytics"),
        ("Cloud Functions", "Compute"),
        ("Cloud DNS", "Networking"),
        ("Cloud CDN", "Networking"),
        ("Cloud NAT", "Networking"),
        ("Artifact Registry", "Storage"),
        ("Secret Manager", "Security"),
        ("Cloud Monitoring", "Management and Governance"),
    ),
}

# Chance: a whole number below ``below`` for each (number, salt), the same in every run.
_MACROS = """
CREATE MACRO draw(number, salt, below) AS (hash(number, salt, {seed}) % below)::INTEGER;
CREATE MACRO code(number, salt, digits) AS
    upper(lpad(to_hex(hash(number, salt, {seed})), 16, '0')[:digits]);
"""

# Of 40 accounts AWS has 20, Microsoft 12, Google 8; low numbers are the busy ones.
_RESOURCES = """
CREATE TABLE resources AS
WITH placed AS (
    SELECT
        number,
        floor(40 * pow(draw(number, 'account', 100000) / 100000.0, 2))::INTEGER AS account,
        floor(20 * pow(draw(number, 'service', 100000) / 100000.0, 2))::INTEGER AS service_rank,
        draw(number, 'region', 20) AS region,
        draw(number, 'sku', 12) AS sku,
        draw(number, 'tags', 2200) AS tag_set
    FROM range({resources}) AS numbers(number)
), owned AS (
    SELECT *, CASE WHEN account % 10 < 5 THEN 'AWS' WHEN account % 10 < 8 THEN 'Microsoft'
        ELSE 'Google Cloud' END AS provider
    FROM placed
)
SELECT
    number, account, provider, service, category,
    service || ' sku ' || sku AS sku_name,
    code(hash(service, sku), 'sku', 16) AS sku_id,
    (1 + draw(hash(service, sku), 'price', 2000)) * 0.0001::DECIMAL(5, 4) AS list_price,
    'region-' || (region // 4 + 1) || chr(97 + region % 4) AS region,
    lpad(account::VARCHAR, 3, '0') || code(account, 'account', 9) AS account_id,
    'res-' || code(number, 'resource', 16) AS resource_name,
    CASE WHEN tag_set < 2000 THEN
        '{{"team": "team-' || tag_set % 25 || '", "env": "'
        || ['prod', 'staging', 'dev', 'test'][1 + tag_set // 25 % 4]
        || '", "project": "p-' || tag_set // 100 || '"}}'
    END AS tags
FROM owned JOIN services USING (provider, service_rank)
ORDER BY number
"""

_CHARGES = """
WITH drawn AS (
    SELECT
        i,
        DATE '{first}' + (i * {days} // {rows})::INTEGER AS day,
        floor({resources} * pow(draw(i, 'resource', 1000000) / 1000000.0, 1.6))::BIGINT AS number,
        draw(i, 'hour', 24) AS hour,
        draw(i, 'kind', 1000) AS kind,
        (1 + draw(i, 'quantity', 99999)) * 0.0001::DECIMAL(5, 4) AS drawn_quantity
    FROM range({rows}) AS numbers(i)
), named AS (
    SELECT *,
        CASE WHEN kind < 10 THEN 'Tax' WHEN kind < 20 THEN 'Credit' WHEN kind < 25 THEN 'Purchase'
            ELSE 'Usage' END AS charge_category,
        kind BETWEEN 25 AND 124 AS is_committed,
        CASE WHEN kind BETWEEN 10 AND 19 THEN -drawn_quantity ELSE drawn_quantity END AS quantity,
        (list_price * 0.93::DECIMAL(3, 2))::DECIMAL(11, 6) AS contracted_price,
        date_trunc('month', day)::DATE AS month,
        day::TIMESTAMP + to_hours(hour) AS started
    FROM drawn JOIN resources USING (number)
), priced AS (
    SELECT *,
        (list_price * quantity)::DECIMAL(24, 10) AS list_cost,
        (contracted_price * quantity)::DECIMAL(24, 10) AS contracted_cost,
        (contracted_price * quantity * 0.7::DECIMAL(2, 1))::DECIMAL(24, 10) AS committed_cost,
        CASE WHEN is_committed OR charge_category = 'Purchase'
            THEN 'commitment-' || account || '-' || sku_id END AS commitment_id,
        CASE WHEN account = 39 THEN 'EUR' ELSE 'USD' END AS currency
    FROM named
)
SELECT
    NULL::VARCHAR AS AvailabilityZone,
    CASE WHEN is_committed THEN 0 ELSE contracted_cost END AS BilledCost,
    'billing-' || provider AS BillingAccountId,
    provider || ' billing' AS BillingAccountName,
    'Billing Account' AS BillingAccountType,
    currency AS BillingCurrency,
    strftime(month + INTERVAL 1 MONTH, '{iso}') AS BillingPeriodEnd,
    strftime(month, '{iso}') AS BillingPeriodStart,
    charge_category AS ChargeCategory,
    NULL::VARCHAR AS ChargeClass,
    sku_name || ' in ' || region AS ChargeDescription,
    CASE WHEN charge_category = 'Purchase' THEN 'Recurring' ELSE 'Usage-Based' END
        AS ChargeFrequency,
    strftime(started + INTERVAL 1 HOUR, '{iso}') AS ChargePeriodEnd,
    strftime(started, '{iso}') AS ChargePeriodStart,
    CASE WHEN commitment_id IS NOT NULL THEN 'Usage' END AS CommitmentDiscountCategory,
    commitment_id AS CommitmentDiscountId,
    commitment_id AS CommitmentDiscountName,
    CASE WHEN commitment_id IS NOT NULL THEN quantity END AS CommitmentDiscountQuantity,
    CASE WHEN is_committed THEN 'Used' END AS CommitmentDiscountStatus,
    CASE WHEN commitment_id IS NOT NULL THEN 'Reservation' END AS CommitmentDiscountType,
    CASE WHEN commitment_id IS NOT NULL THEN 'Hours' END AS CommitmentDiscountUnit,
    CASE WHEN charge_category = 'Usage' THEN quantity END AS ConsumedQuantity,
    CASE WHEN charge_category = 'Usage' THEN 'Hours' END AS ConsumedUnit,
    contracted_cost AS ContractedCost,
    contracted_price AS ContractedUnitPrice,
    CASE WHEN is_committed THEN committed_cost WHEN charge_category = 'Purchase' THEN 0
        ELSE contracted_cost END AS EffectiveCost,
    'INV-' || strftime(month, '%Y%m') || '-' || currency AS InvoiceId,
    provider AS InvoiceIssuerName,
    list_cost AS ListCost,
    list_price AS ListUnitPrice,
    CASE WHEN is_committed THEN 'Committed' ELSE 'Standard' END AS PricingCategory,
    currency AS PricingCurrency,
    contracted_price AS PricingCurrencyContractedUnitPrice,
    CASE WHEN is_committed THEN committed_cost WHEN charge_category = 'Purchase' THEN 0
        ELSE contracted_cost END AS PricingCurrencyEffectiveCost,
    list_price AS PricingCurrencyListUnitPrice,
    quantity AS PricingQuantity,
    'Hours' AS PricingUnit,
    provider AS ProviderName,
    provider AS PublisherName,
    region AS RegionId,
    region AS RegionName,
    account_id || '/' || region || '/' || resource_name AS ResourceId,
    resource_name AS ResourceName,
    category || ' resource' AS ResourceType,
    category AS ServiceCategory,
    service AS ServiceName,
    category || ' (other)' AS ServiceSubcategory,
    sku_id AS SkuId,
    sku_name AS SkuMeter,
    sku_id || '.' || CASE WHEN is_committed THEN 'C' ELSE 'S' END AS SkuPriceId,
    account_id AS SubAccountId,
    'account ' || account AS SubAccountName,
    'Account' AS SubAccountType,
    tags AS Tags,
    NULL::VARCHAR AS x_Discounts,
    'Run' AS x_Operation,
    service AS x_ServiceCode
FROM priced
"""


def generate(path: Path, rows: int, *, seed: int = 7) -> None:
    """Write ``rows`` charges to ``path``, as its ending says: ``.csv.gz`` or ``.parquet``.

    Raises:
        ValueError: another ending.
    """
    if path.name.endswith(".csv.gz"):
        form = "FORMAT csv, COMPRESSION gzip, HEADER"
    elif path.suffix == ".parquet":
        form = "FORMAT parquet, COMPRESSION zstd"
    else:
        raise ValueError("OUT must end in .csv.gz or .parquet")
    with duckdb.connect() as engine:
        engine.execute(_MACROS.format(seed=seed))
        _create_resources(engine)
        engine.execute(f"COPY ({_charges(rows)}) TO '{path}' ({form})")


def _create_resources(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute(
        "CREATE TABLE services (provider VARCHAR, service_rank INTEGER, service VARCHAR, "
        "category VARCHAR)"
    )
    engine.executemany(
        "INSERT INTO services VALUES (?, ?, ?, ?)",
        [
            (provider, rank, name, category)
            for provider, services in SERVICES.items()
            for rank, (name, category) in enumerate(services)
        ],
    )
    engine.execute(_RESOURCES.format(resources=RESOURCES))


def _charges(rows: int) -> str:
    return _CHARGES.format(
        rows=rows,
        resources=RESOURCES,
        first=FIRST_DAY,
        days=(LAST_DAY - FIRST_DAY).days + 1,
        iso="%Y-%m-%dT%H:%M:%SZ",
    )


if __name__ == "__main__":
    generate(Path(sys.argv[2]), int(sys.argv[1]))
