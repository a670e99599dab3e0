BEGIN TRANSACTION;
CREATE TABLE account_names (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	account_id VARCHAR(32) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_account_names PRIMARY KEY (id), 
	CONSTRAINT fk_account_names_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_account_names_organization_id_account_id UNIQUE (organization_id, account_id)
);
INSERT INTO "account_names" VALUES('88961098-299a-434d-8820-e2afb0422db9','12b225bc-e4d8-4d7d-af53-8895e59604c6','e117939e5548bc8a563e5ff5f9d25258','Laboratory');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE anomalies (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	series VARCHAR(64) NOT NULL, 
	provider_name TEXT, 
	service_name TEXT, 
	sub_account_id TEXT, 
	currency TEXT NOT NULL, 
	first_day DATE NOT NULL, 
	last_day DATE NOT NULL, 
	actual VARCHAR(64) NOT NULL, 
	expected VARCHAR(64) NOT NULL, 
	low VARCHAR(64) NOT NULL, 
	high VARCHAR(64) NOT NULL, 
	impact VARCHAR(64) NOT NULL, 
	deviation_percent VARCHAR(64), 
	severity VARCHAR(10) NOT NULL, 
	method VARCHAR(20) NOT NULL, 
	lookback_days INTEGER NOT NULL, 
	threshold VARCHAR(64) NOT NULL, 
	drivers JSON, 
	status VARCHAR(20) NOT NULL, 
	is_expected BOOLEAN NOT NULL, 
	note TEXT NOT NULL, 
	judged_by VARCHAR(400), 
	judged_at DATETIME, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_anomalies PRIMARY KEY (id), 
	CONSTRAINT fk_anomalies_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_anomalies_organization_id_series_first_day UNIQUE (organization_id, series, first_day)
);
INSERT INTO "anomalies" VALUES('1c5f4187-8c0a-4c73-ac86-40fae26aee77','12b225bc-e4d8-4d7d-af53-8895e59604c6','160aec6847905ab9dd84cdcc69f4db0bb023b3fd0d11d55e691e46b305d3d0f2','AWS','EC2','111','USD','2026-03-10','2026-03-10','240.100000000001','42.15','34.3828304474','49.9171695526','197.950000000001','469.63','medium','adaptive',30,'4.5','[{"dimension": "resource_id", "value": "arn:EC2:111", "before": "42.216428571429571429", "now": "240.100000000001"}, {"dimension": "tag:team", "value": "web", "before": "42.216428571429571429", "now": "240.100000000001"}]','resolved',0,'a load test','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:22.654192','2026-03-21 09:00:10.051185');
INSERT INTO "anomalies" VALUES('6cdf5f69-2a9c-4d9c-8c6c-b336356de1d3','12b225bc-e4d8-4d7d-af53-8895e59604c6','160aec6847905ab9dd84cdcc69f4db0bb023b3fd0d11d55e691e46b305d3d0f2','AWS','EC2','111','USD','2026-01-01','2026-01-02','85.030000000002','0','-0.00000008503','0.00000008503','85.030000000002',NULL,'medium','adaptive',30,'4.5','[]','new',0,'',NULL,NULL,'2026-03-21 09:00:12.586943');
INSERT INTO "anomalies" VALUES('5d761809-ff15-4942-8f04-f81db66c506e','12b225bc-e4d8-4d7d-af53-8895e59604c6','bc5fcd8f1609b9e12b6f58c0198971210d1bcbfe10f4173bba1dd297b2156431','AWS','S3','111','USD','2026-01-01','2026-01-02','19.030000000002','0','-0.00000001903','0.00000001903','19.030000000002',NULL,'low','adaptive',30,'4.5','null','new',0,'',NULL,NULL,'2026-03-21 09:00:12.586949');
INSERT INTO "anomalies" VALUES('e236844d-c3b6-4e5f-a224-6d29e350d8d4','12b225bc-e4d8-4d7d-af53-8895e59604c6','0cb015bfd0fb77a65eac11897b43d8adedfab890e707b11ac17fa7b5273aa58b','AWS','EC2','222','USD','2026-01-01','2026-01-01','16.010000000001','0','-0.00000001601','0.00000001601','16.010000000001',NULL,'low','adaptive',30,'4.5','null','new',0,'',NULL,NULL,'2026-03-21 09:00:12.586950');
INSERT INTO "anomalies" VALUES('3ba8c248-cb30-44b6-a8a2-a087c3cba322','12b225bc-e4d8-4d7d-af53-8895e59604c6','0cb015bfd0fb77a65eac11897b43d8adedfab890e707b11ac17fa7b5273aa58b','AWS','EC2','222','USD','2026-01-03','2026-01-03','15.030000000001','0','-0.00000001503','0.00000001503','15.030000000001',NULL,'low','adaptive',30,'4.5','null','new',0,'',NULL,NULL,'2026-03-21 09:00:12.586951');
INSERT INTO "anomalies" VALUES('e0d6814d-8298-44c2-b2bf-54966e153103','12b225bc-e4d8-4d7d-af53-8895e59604c6','0cb015bfd0fb77a65eac11897b43d8adedfab890e707b11ac17fa7b5273aa58b','AWS','EC2','222','USD','2026-01-08','2026-01-08','15.080000000001','2.87533333333','-8.70227349644','14.4529401631','12.204666666671','424.46','low','rolling_z_score',30,'2','null','new',0,'',NULL,NULL,'2026-03-21 09:00:22.628505');
INSERT INTO "anomalies" VALUES('10591603-ab54-4901-8d31-7b0b4c822f2f','12b225bc-e4d8-4d7d-af53-8895e59604c6','bc5fcd8f1609b9e12b6f58c0198971210d1bcbfe10f4173bba1dd297b2156431','AWS','S3','111','USD','2026-01-08','2026-01-08','10.080000000001','2.14266666667','-5.7509880666','10.0363213999','7.937333333331','370.44','low','rolling_z_score',30,'2','null','new',0,'',NULL,NULL,'2026-03-21 09:00:22.628511');
CREATE TABLE anomaly_judgements (
	id INTEGER NOT NULL, 
	anomaly_id VARCHAR(36) NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(400) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	is_expected BOOLEAN NOT NULL, 
	note TEXT NOT NULL, 
	CONSTRAINT pk_anomaly_judgements PRIMARY KEY (id), 
	CONSTRAINT fk_anomaly_judgements_anomaly_id FOREIGN KEY(anomaly_id) REFERENCES anomalies (id) ON DELETE CASCADE
);
INSERT INTO "anomaly_judgements" VALUES(1,'1c5f4187-8c0a-4c73-ac86-40fae26aee77','2026-03-21 09:00:22.666140','frozen (cc_5yN2VJWw…)','resolved',0,'a load test');
CREATE TABLE api_keys (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	prefix VARCHAR(11) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	permission VARCHAR(10) NOT NULL, 
	created_by_user_id VARCHAR(36), 
	created_by VARCHAR(320) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	last_used_at DATETIME, 
	successor_id VARCHAR(36), 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT fk_api_keys_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_api_keys_successor_id FOREIGN KEY(successor_id) REFERENCES api_keys (id) ON DELETE SET NULL, 
	CONSTRAINT uq_api_keys_digest UNIQUE (digest)
);
INSERT INTO "api_keys" VALUES('7848e073-819b-4c6e-a7d4-0468a160c181','12b225bc-e4d8-4d7d-af53-8895e59604c6','frozen','cc_5yN2VJWw','be7ee376e7a35a3edc60fd79411404dcc8641313cccb8b45364101925d10fc31','admin',NULL,'command line','2026-03-21 09:00:01.515692',NULL,NULL,'2026-03-21 09:00:01.769359',NULL);
INSERT INTO "api_keys" VALUES('10948332-eed8-487b-b6c8-3aba09b5f902','245d7fdf-d8c4-4972-9803-8503e7814b33','frozen','cc_OZXMD3cb','8b81beefb4dfc8ba2e65113b514071ed2accb7b0851631768c075314469cc4b2','admin',NULL,'command line','2026-03-21 09:00:01.642502',NULL,NULL,'2026-03-21 09:00:22.846184',NULL);
INSERT INTO "api_keys" VALUES('90a51a52-dff0-4f9a-a399-992d29300530','12b225bc-e4d8-4d7d-af53-8895e59604c6','spare','cc_IOGSihq2','43e7af15becff4a735387b7c527de8d6f23a5530b88174475ec5233d4d9d7b2a','read',NULL,'frozen (cc_5yN2VJWw…)','2026-03-21 09:00:01.788950',NULL,'2026-03-21 09:00:01.798970',NULL,NULL);
CREATE TABLE audit_entries (
	id INTEGER NOT NULL, 
	organization_id VARCHAR(36), 
	at DATETIME NOT NULL, 
	actor VARCHAR(400) NOT NULL, 
	actor_id VARCHAR(36), 
	address VARCHAR(64) NOT NULL, 
	action VARCHAR(60) NOT NULL, 
	subject VARCHAR(400) NOT NULL, 
	subject_id VARCHAR(36), 
	"before" JSON, 
	"after" JSON, 
	CONSTRAINT pk_audit_entries PRIMARY KEY (id)
);
INSERT INTO "audit_entries" VALUES(1,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.485383','admin@acme.example',NULL,'','organization.created','Acme Cloud','12b225bc-e4d8-4d7d-af53-8895e59604c6','null','{"tier": "enterprise"}');
INSERT INTO "audit_entries" VALUES(2,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.495039','admin@acme.example',NULL,'','user.created','admin@acme.example','5df5cacb-b4c9-4aa8-ae78-2b254b25039d','null','{"role": "admin"}');
INSERT INTO "audit_entries" VALUES(3,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.519519','command line',NULL,'','api_key.created','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','null','{"name": "frozen", "permission": "admin", "expires_at": null, "revoked_at": null}');
INSERT INTO "audit_entries" VALUES(4,'245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:01.620035','admin@elsewhere.example',NULL,'','organization.created','Elsewhere','245d7fdf-d8c4-4972-9803-8503e7814b33','null','{"tier": "professional"}');
INSERT INTO "audit_entries" VALUES(5,'245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:01.622285','admin@elsewhere.example',NULL,'','user.created','admin@elsewhere.example','fef9313b-492c-40d9-984a-59d15ab9b1a9','null','{"role": "admin"}');
INSERT INTO "audit_entries" VALUES(6,'245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:01.643584','command line',NULL,'','api_key.created','frozen (cc_OZXMD3cb…)','10948332-eed8-487b-b6c8-3aba09b5f902','null','{"name": "frozen", "permission": "admin", "expires_at": null, "revoked_at": null}');
INSERT INTO "audit_entries" VALUES(7,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.755988','command line',NULL,'','user.created','bob@acme.example','5a81d88d-d9f6-4546-9227-87259fc4319c','null','{"role": "member"}');
INSERT INTO "audit_entries" VALUES(8,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.791981','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','api_key.created','spare (cc_IOGSihq2…)','90a51a52-dff0-4f9a-a399-992d29300530','null','{"name": "spare", "permission": "read", "expires_at": null, "revoked_at": null}');
INSERT INTO "audit_entries" VALUES(9,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.807935','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','api_key.revoked','spare (cc_IOGSihq2…)','90a51a52-dff0-4f9a-a399-992d29300530','null','{"name": "spare", "permission": "read", "expires_at": null, "revoked_at": "2026-03-21T09:00:01.798970+00:00"}');
INSERT INTO "audit_entries" VALUES(10,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:01.855200','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','january.csv','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','null','{"sha256": "0b00be0262a0b731c355a9e7bcadf96ba2b75351ae22ce848759080df142bef5", "size_bytes": 20940}');
INSERT INTO "audit_entries" VALUES(11,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:03.712146','worker',NULL,'','import.live','january.csv','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','null','null');
INSERT INTO "audit_entries" VALUES(12,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:04.329184','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','february-so-far.csv','34fdb7fc-497a-4f94-be2a-a238df720126','null','{"sha256": "005dc26bcddf55ac9be5cad0e95227c9c3408860bb48a7047c78bac74bb5707c", "size_bytes": 13605}');
INSERT INTO "audit_entries" VALUES(13,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:06.140696','worker',NULL,'','import.live','february-so-far.csv','34fdb7fc-497a-4f94-be2a-a238df720126','null','null');
INSERT INTO "audit_entries" VALUES(14,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:06.334913','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','february.csv','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','null','{"sha256": "997fbb8ad782f989aa6f01a5dda797a412ac46f016f94540df5ba28acc151413", "size_bytes": 18945}');
INSERT INTO "audit_entries" VALUES(15,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:07.870755','worker',NULL,'','import.live','february.csv','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','null','null');
INSERT INTO "audit_entries" VALUES(16,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:08.077333','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','march-so-far.csv','10e11681-e327-4abe-81a8-0da0119ee7e8','null','{"sha256": "5cef9d7241b78d8c798119cb872f4c444b34769ef0a8f2c38a2061c117e404c9", "size_bytes": 12947}');
INSERT INTO "audit_entries" VALUES(17,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:09.636823','worker',NULL,'','import.live','march-so-far.csv','10e11681-e327-4abe-81a8-0da0119ee7e8','null','null');
INSERT INTO "audit_entries" VALUES(18,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:10.149034','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','march-again.csv','34c60786-5bbe-4444-a14c-f5d6425aa7e6','null','{"sha256": "5cef9d7241b78d8c798119cb872f4c444b34769ef0a8f2c38a2061c117e404c9", "size_bytes": 12947}');
INSERT INTO "audit_entries" VALUES(19,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:10.220410','worker',NULL,'','import.live','march-again.csv','34c60786-5bbe-4444-a14c-f5d6425aa7e6','null','null');
INSERT INTO "audit_entries" VALUES(20,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:10.272361','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','MCA_ActualCost_Made.csv','39f588f0-222b-468c-80d6-5c61595192e1','null','{"sha256": "fd143cbb3630ef9fb9f93162930b0ad1bbd5f8091e4c839cf2d894beed02c530", "size_bytes": 4721}');
INSERT INTO "audit_entries" VALUES(21,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:12.395654','worker',NULL,'','import.live','MCA_ActualCost_Made.csv','39f588f0-222b-468c-80d6-5c61595192e1','null','null');
INSERT INTO "audit_entries" VALUES(22,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:12.680622','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','MCA_AmortizedCost_Made.csv','360ba403-1b0d-4116-b2f1-156b9ef02c35','null','{"sha256": "8a7d3e480e88033cbd82055e631979bfafd6cc3678f63cd203f69bbf102b4067", "size_bytes": 4180}');
INSERT INTO "audit_entries" VALUES(23,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:14.860933','worker',NULL,'','import.live','MCA_AmortizedCost_Made.csv','360ba403-1b0d-4116-b2f1-156b9ef02c35','null','null');
INSERT INTO "audit_entries" VALUES(24,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:15.168946','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','cost_report.csv','47244f38-a7e9-42a3-813f-7251765f24cd','null','{"sha256": "cef7631a1a3d9175597c1dc1ffebe0d143a964174ba24cebf9c2a9a21f0514ba", "size_bytes": 1373}');
INSERT INTO "audit_entries" VALUES(25,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:16.578008','worker',NULL,'','import.live','cost_report.csv','47244f38-a7e9-42a3-813f-7251765f24cd','null','null');
INSERT INTO "audit_entries" VALUES(26,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:16.820872','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','detailed.jsonl','2a49b647-83a3-48de-b9bc-2032acf07006','null','{"sha256": "df4417992c833771efa474ed628d6b3f6867d71447d31bbef319e3376f052a51", "size_bytes": 6261}');
INSERT INTO "audit_entries" VALUES(27,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:18.396022','worker',NULL,'','import.live','detailed.jsonl','2a49b647-83a3-48de-b9bc-2032acf07006','null','null');
INSERT INTO "audit_entries" VALUES(28,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:18.580368','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','trial.csv','9a80ce79-85c4-4b33-a10b-b11c427c20c9','null','{"sha256": "a2970d413df57ecfb9546e4378d7a62b07e201680da6773139268db3bdbfd64e", "size_bytes": 3266}');
INSERT INTO "audit_entries" VALUES(29,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:19.894136','worker',NULL,'','import.live','trial.csv','9a80ce79-85c4-4b33-a10b-b11c427c20c9','null','null');
INSERT INTO "audit_entries" VALUES(30,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:20.074805','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.withdrawn','trial.csv','9a80ce79-85c4-4b33-a10b-b11c427c20c9','{"state": "live"}','null');
INSERT INTO "audit_entries" VALUES(31,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:20.103350','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','shopping.csv','319967a2-2c2b-46c4-9f12-5eef2955d9b2','null','{"sha256": "b932e360e2adfbe4fdb7709aaebb7bc36cf133fd1a83c88a0549a5b18fc37496", "size_bytes": 12}');
INSERT INTO "audit_entries" VALUES(32,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:21.356647','worker',NULL,'','import.refused','shopping.csv','319967a2-2c2b-46c4-9f12-5eef2955d9b2','null','null');
INSERT INTO "audit_entries" VALUES(33,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:21.387264','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','february-short.csv','f64f36a1-d483-43b3-8c7a-5500de479d0c','null','{"sha256": "5f3fe95b9896bbf73fc1315c909cf02b2bce0423006cddca1b83efc634485aab", "size_bytes": 2255}');
INSERT INTO "audit_entries" VALUES(34,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.442686','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','account.renamed','aws:222',NULL,'{"name": null}','{"name": "Laboratory"}');
INSERT INTO "audit_entries" VALUES(35,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.494828','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','budget.created','All of it','61cd175f-18ca-4b03-84ad-8431541f5795','null','{"name": "All of it", "amount": "1500.000000000000000000", "currency": "USD", "period": "monthly", "account": null, "metric": "billed_cost", "charge_categories": [], "tag_rules": [], "warning_threshold": "80", "critical_threshold": "95"}');
INSERT INTO "audit_entries" VALUES(36,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.533142','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','budget.created','Web','24ce364c-7e9e-4784-a26b-966aea1b1c6f','null','{"name": "Web", "amount": "900.500000000000000000", "currency": "USD", "period": "monthly", "account": null, "metric": "billed_cost", "charge_categories": [], "tag_rules": [{"key": "team", "operator": "=", "values": ["web"]}], "warning_threshold": "80", "critical_threshold": "95"}');
INSERT INTO "audit_entries" VALUES(37,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.577599','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','budget.created','Laboratory','66f034e0-991b-44d2-8284-59a7ca3e806a','null','{"name": "Laboratory", "amount": "800.000000000000000000", "currency": "USD", "period": "quarterly", "account": "aws:222", "metric": "billed_cost", "charge_categories": [], "tag_rules": [], "warning_threshold": "80", "critical_threshold": "95"}');
INSERT INTO "audit_entries" VALUES(38,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.665280','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','anomaly.judged','EC2, 2026-03-10','1c5f4187-8c0a-4c73-ac86-40fae26aee77','{"status": "new", "note": "", "is_expected": false}','{"status": "resolved", "note": "a load test", "is_expected": false}');
INSERT INTO "audit_entries" VALUES(39,'245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:22.860586','frozen (cc_OZXMD3cb…)','10948332-eed8-487b-b6c8-3aba09b5f902','127.0.0.1','import.received','aws_1_2_cost_and_usage_rows25_seed7.csv','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','null','{"sha256": "6e5fb2281e631841188186365793024940f8b684dd6230939b78848f1f271603", "size_bytes": 23719}');
INSERT INTO "audit_entries" VALUES(40,'245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:24.413371','worker',NULL,'','import.live','aws_1_2_cost_and_usage_rows25_seed7.csv','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','null','null');
INSERT INTO "audit_entries" VALUES(41,'12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:24.609096','frozen (cc_5yN2VJWw…)','7848e073-819b-4c6e-a7d4-0468a160c181','127.0.0.1','import.received','november.csv','47b31acc-72e3-4fbc-9831-a932722bd31e','null','{"sha256": "6be368a649f4c1fd306a7d1fe9db3b9f7333557f8a7c4c2c538183eefe859b34", "size_bytes": 20281}');
CREATE TABLE budgets (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	amount VARCHAR(64) NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	period VARCHAR(10) NOT NULL, 
	account TEXT, 
	metric VARCHAR(20) NOT NULL, 
	charge_categories JSON NOT NULL, 
	tag_rules JSON NOT NULL, 
	warning_threshold VARCHAR(64) NOT NULL, 
	critical_threshold VARCHAR(64) NOT NULL, 
	created_by VARCHAR(400) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_budgets PRIMARY KEY (id), 
	CONSTRAINT fk_budgets_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_budgets_organization_id_name UNIQUE (organization_id, name)
);
INSERT INTO "budgets" VALUES('61cd175f-18ca-4b03-84ad-8431541f5795','12b225bc-e4d8-4d7d-af53-8895e59604c6','All of it','1500','USD','monthly',NULL,'billed_cost','[]','[]','80','95','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:22.494264');
INSERT INTO "budgets" VALUES('24ce364c-7e9e-4784-a26b-966aea1b1c6f','12b225bc-e4d8-4d7d-af53-8895e59604c6','Web','900.5','USD','monthly',NULL,'billed_cost','[]','[{"key": "team", "operator": "=", "values": ["web"]}]','80','95','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:22.532614');
INSERT INTO "budgets" VALUES('66f034e0-991b-44d2-8284-59a7ca3e806a','12b225bc-e4d8-4d7d-af53-8895e59604c6','Laboratory','800','USD','quarterly','aws:222','billed_cost','[]','[]','80','95','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:22.577100');
CREATE TABLE deliveries (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	import_id VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	billing_account_id VARCHAR(200) NOT NULL, 
	billing_period DATE NOT NULL, 
	delivered_at DATETIME NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	is_live BOOLEAN NOT NULL, 
	replaced_by_id VARCHAR(36), 
	created_at DATETIME NOT NULL, 
	first_day DATE, 
	last_day DATE, 
	row_count BIGINT NOT NULL, 
	facts JSON NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT fk_deliveries_import_id FOREIGN KEY(import_id) REFERENCES imports (id) ON DELETE CASCADE, 
	CONSTRAINT fk_deliveries_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_deliveries_replaced_by_id FOREIGN KEY(replaced_by_id) REFERENCES imports (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deliveries_source_id FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE CASCADE
);
INSERT INTO "deliveries" VALUES('37c26252-7711-4848-ad24-63b9ec67764f','12b225bc-e4d8-4d7d-af53-8895e59604c6','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','payer','2026-01-01','2026-03-21 09:00:01.865617','live',1,NULL,'2026-03-21 09:00:03.658712','2026-01-01','2026-01-31',92,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "111", "currency": "USD", "billed_cost": "1594.920000000062000000", "effective_cost": "1594.920000000062000000"}, {"provider_name": "AWS", "sub_account_id": "222", "currency": "USD", "billed_cost": "427.940000000030000000", "effective_cost": "427.940000000030000000"}], "sums": [{"currency": "USD", "charge_category": "Usage", "billed_cost": "2022.860000000092000000", "effective_cost": "2022.860000000092000000", "list_cost": "2022.860000000092000000", "contracted_cost": "2022.860000000092000000"}]}');
INSERT INTO "deliveries" VALUES('4937d194-2d06-4ad9-8926-6836c948b1bb','12b225bc-e4d8-4d7d-af53-8895e59604c6','34fdb7fc-497a-4f94-be2a-a238df720126','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','payer','2026-02-01','2026-03-21 09:00:04.329387','older',0,NULL,'2026-03-21 09:00:06.118108','2026-02-01','2026-02-20',60,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "111", "currency": "USD", "billed_cost": "1024.200000000040000000", "effective_cost": "1024.200000000040000000"}, {"provider_name": "AWS", "sub_account_id": "222", "currency": "USD", "billed_cost": "282.100000000020000000", "effective_cost": "282.100000000020000000"}], "sums": [{"currency": "USD", "charge_category": "Usage", "billed_cost": "1306.300000000060000000", "effective_cost": "1306.300000000060000000", "list_cost": "1306.300000000060000000", "contracted_cost": "1306.300000000060000000"}]}');
INSERT INTO "deliveries" VALUES('7b1c04a8-3bf2-4b7d-8224-d48537583f89','12b225bc-e4d8-4d7d-af53-8895e59604c6','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','payer','2026-02-01','2026-03-21 09:00:06.335104','live',1,NULL,'2026-03-21 09:00:07.846290','2026-02-01','2026-02-28',84,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "111", "currency": "USD", "billed_cost": "1432.120000000056000000", "effective_cost": "1432.120000000056000000"}, {"provider_name": "AWS", "sub_account_id": "222", "currency": "USD", "billed_cost": "394.060000000028000000", "effective_cost": "394.060000000028000000"}], "sums": [{"currency": "USD", "charge_category": "Usage", "billed_cost": "1826.180000000084000000", "effective_cost": "1826.180000000084000000", "list_cost": "1826.180000000084000000", "contracted_cost": "1826.180000000084000000"}]}');
INSERT INTO "deliveries" VALUES('a315ce74-39d3-4f13-81f9-040434e1bf25','12b225bc-e4d8-4d7d-af53-8895e59604c6','10e11681-e327-4abe-81a8-0da0119ee7e8','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','payer','2026-03-01','2026-03-21 09:00:08.077540','live',1,NULL,'2026-03-21 09:00:09.610575','2026-03-01','2026-03-19',57,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "111", "currency": "USD", "billed_cost": "1376.800000000038000000", "effective_cost": "1376.800000000038000000"}, {"provider_name": "AWS", "sub_account_id": "222", "currency": "USD", "billed_cost": "269.900000000019000000", "effective_cost": "269.900000000019000000"}], "sums": [{"currency": "USD", "charge_category": "Usage", "billed_cost": "1646.700000000057000000", "effective_cost": "1646.700000000057000000", "list_cost": "1646.700000000057000000", "contracted_cost": "1646.700000000057000000"}]}');
INSERT INTO "deliveries" VALUES('618e4e9c-e6a5-4a81-b293-73a9cdc6c597','12b225bc-e4d8-4d7d-af53-8895e59604c6','39f588f0-222b-468c-80d6-5c61595192e1','0f84ff04-eb00-40f0-8fbf-1e3e05627796','ABCD-EFGH-BG7-PGB','2024-09-01','2026-03-21 09:00:10.272579','older',0,NULL,'2026-03-21 09:00:12.361447','2024-09-05','2024-09-06',11,'{"has_commitment_purchases": true, "has_amortized_usage": false, "has_uncharged_usage": true, "family": "azure", "half": "actual", "tells_half": true, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "Microsoft", "sub_account_id": "s-1", "currency": "EUR", "billed_cost": "9.693400000000000000", "effective_cost": "8.605400000000000000"}], "sums": [{"currency": "EUR", "charge_category": "Adjustment", "billed_cost": "0.001000000000000000", "effective_cost": "0.001000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Credit", "billed_cost": "-2.000000000000000000", "effective_cost": "-2.000000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Purchase", "billed_cost": "10.088000000000000000", "effective_cost": "9.000000000000000000", "list_cost": "10.188000000000000000", "contracted_cost": "10.188000000000000000"}, {"currency": "EUR", "charge_category": "Tax", "billed_cost": "1.500000000000000000", "effective_cost": "1.500000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Usage", "billed_cost": "0.104400000000000000", "effective_cost": "0.104400000000000000", "list_cost": "1.980000000000000000", "contracted_cost": "1.832400000000000000"}]}');
INSERT INTO "deliveries" VALUES('fd876c5f-6f7e-4608-8b9b-5057593c9ca4','12b225bc-e4d8-4d7d-af53-8895e59604c6','39f588f0-222b-468c-80d6-5c61595192e1','0f84ff04-eb00-40f0-8fbf-1e3e05627796','ABCD-EFGH-BG7-PGB','2024-09-01','2026-03-21 09:00:10.272579','live',1,NULL,'2026-03-21 09:00:12.361455','2024-09-05','2024-09-05',3,'{"has_commitment_purchases": true, "has_amortized_usage": false, "has_uncharged_usage": true, "family": "azure", "half": "purchases", "tells_half": true, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "Microsoft", "sub_account_id": "s-1", "currency": "EUR", "billed_cost": "1.088000000000000000", "effective_cost": "0E-18"}], "sums": [{"currency": "EUR", "charge_category": "Purchase", "billed_cost": "1.088000000000000000", "effective_cost": "0E-18", "list_cost": "1.188000000000000000", "contracted_cost": "1.188000000000000000"}]}');
INSERT INTO "deliveries" VALUES('19d45e73-94c9-47a1-9d0c-624378401db5','12b225bc-e4d8-4d7d-af53-8895e59604c6','360ba403-1b0d-4116-b2f1-156b9ef02c35','0f84ff04-eb00-40f0-8fbf-1e3e05627796','ABCD-EFGH-BG7-PGB','2024-09-01','2026-03-21 09:00:12.683549','live',1,NULL,'2026-03-21 09:00:14.837601','2024-09-05','2024-09-06',10,'{"has_commitment_purchases": false, "has_amortized_usage": true, "has_uncharged_usage": false, "family": "azure", "half": "amortized", "tells_half": true, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "Microsoft", "sub_account_id": "s-1", "currency": "EUR", "billed_cost": "8.605400000000000000", "effective_cost": "9.793400000000000000"}], "sums": [{"currency": "EUR", "charge_category": "Adjustment", "billed_cost": "0.001000000000000000", "effective_cost": "0.001000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Credit", "billed_cost": "-2.000000000000000000", "effective_cost": "-2.000000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Purchase", "billed_cost": "9.000000000000000000", "effective_cost": "9.000000000000000000", "list_cost": "9.000000000000000000", "contracted_cost": "9.000000000000000000"}, {"currency": "EUR", "charge_category": "Tax", "billed_cost": "1.500000000000000000", "effective_cost": "1.500000000000000000", "list_cost": null, "contracted_cost": null}, {"currency": "EUR", "charge_category": "Usage", "billed_cost": "0.104400000000000000", "effective_cost": "1.292400000000000000", "list_cost": "2.160000000000000000", "contracted_cost": "2.095200000000000000"}]}');
INSERT INTO "deliveries" VALUES('8174267d-bd9a-42b4-9ada-a0802882af9a','12b225bc-e4d8-4d7d-af53-8895e59604c6','47244f38-a7e9-42a3-813f-7251765f24cd','4ab6792d-85ca-4608-b63a-c90e8158e6b0','ocid1.tenancy.oc1..aaaa','2024-09-01','2026-03-21 09:00:15.169151','live',1,NULL,'2026-03-21 09:00:16.562496','2024-09-30','2024-09-30',2,'{"family": "oci", "half": null, "tells_half": false, "batch": {"file_name": "cost_report.csv", "numbers": ["v2.1.1", "v2.1.3"]}, "exported": null, "sub_accounts": [{"provider_name": "Oracle", "sub_account_id": "ocid1.tenancy.oc1..aaaa", "currency": "EUR", "billed_cost": "0E-18", "effective_cost": "0E-18"}], "sums": [{"currency": "EUR", "charge_category": "Usage", "billed_cost": "0E-18", "effective_cost": "0E-18", "list_cost": null, "contracted_cost": "0E-18"}]}');
INSERT INTO "deliveries" VALUES('d829421a-6844-4422-9e1d-e4fcac6e47aa','12b225bc-e4d8-4d7d-af53-8895e59604c6','47244f38-a7e9-42a3-813f-7251765f24cd','4ab6792d-85ca-4608-b63a-c90e8158e6b0','ocid1.tenancy.oc1..aaaa','2024-10-01','2026-03-21 09:00:15.169151','live',1,NULL,'2026-03-21 09:00:16.562503','2024-10-01','2024-10-01',1,'{"family": "oci", "half": null, "tells_half": false, "batch": {"file_name": "cost_report.csv", "numbers": ["v2.1.1", "v2.1.3"]}, "exported": null, "sub_accounts": [{"provider_name": "Oracle", "sub_account_id": "ocid1.tenancy.oc1..aaaa", "currency": "EUR", "billed_cost": "0.000038250000000000", "effective_cost": "0.000038250000000000"}], "sums": [{"currency": "EUR", "charge_category": "Usage", "billed_cost": "0.000038250000000000", "effective_cost": "0.000038250000000000", "list_cost": null, "contracted_cost": "0.000038250000000000"}]}');
INSERT INTO "deliveries" VALUES('d5ea2d2e-26b8-4796-ba69-e27fb5390579','12b225bc-e4d8-4d7d-af53-8895e59604c6','2a49b647-83a3-48de-b9bc-2032acf07006','640735ed-3b5a-465f-97ef-55cb42eb5552','01ABCD-EF0123-456789','2024-08-01','2024-09-02 03:10:11.000000','live',1,NULL,'2026-03-21 09:00:18.383532','2024-09-01','2024-09-01',3,'{"family": "gcp", "half": null, "tells_half": false, "batch": null, "exported": {"first": "2024-09-02T03:10:11Z", "last": "2024-09-02T03:10:11Z"}, "sub_accounts": [{"provider_name": "Google Cloud", "sub_account_id": "shop-1", "currency": "USD", "billed_cost": "0E-18", "effective_cost": "0E-18"}], "sums": [{"currency": "USD", "charge_category": "Credit", "billed_cost": "-1.100000000000000000", "effective_cost": "-1.100000000000000000", "list_cost": "-0.800000000000000000", "contracted_cost": "-0.800000000000000000"}, {"currency": "USD", "charge_category": "Usage", "billed_cost": "1.100000000000000000", "effective_cost": "1.100000000000000000", "list_cost": "1.500000000000000000", "contracted_cost": "1.100000000000000000"}]}');
INSERT INTO "deliveries" VALUES('a49e1f09-8ef2-4cbb-9205-9e9f146b6097','12b225bc-e4d8-4d7d-af53-8895e59604c6','2a49b647-83a3-48de-b9bc-2032acf07006','640735ed-3b5a-465f-97ef-55cb42eb5552','01ABCD-EF0123-456789','2024-09-01','2024-09-02 03:10:11.000000','live',1,NULL,'2026-03-21 09:00:18.383537','2024-09-01','2024-09-10',6,'{"family": "gcp", "half": null, "tells_half": false, "batch": null, "exported": {"first": "2024-09-02T03:10:11Z", "last": "2024-09-02T03:10:11Z"}, "sub_accounts": [{"provider_name": "Google Cloud", "sub_account_id": "shop-1", "currency": "USD", "billed_cost": "-0.296000150000000000", "effective_cost": "-0.296000150000000000"}, {"provider_name": "Google Cloud", "sub_account_id": null, "currency": "USD", "billed_cost": "2.250000000000000000", "effective_cost": "2.250000000000000000"}], "sums": [{"currency": "USD", "charge_category": "Adjustment", "billed_cost": "-0.496000000000000000", "effective_cost": "-0.496000000000000000", "list_cost": null, "contracted_cost": "-0.496000000000000000"}, {"currency": "USD", "charge_category": "Credit", "billed_cost": "-2.50000000000E-7", "effective_cost": "-2.50000000000E-7", "list_cost": "-2.50000000000E-7", "contracted_cost": "-2.50000000000E-7"}, {"currency": "USD", "charge_category": "Tax", "billed_cost": "0.200000000000000000", "effective_cost": "0.200000000000000000", "list_cost": null, "contracted_cost": "0.200000000000000000"}, {"currency": "USD", "charge_category": "Usage", "billed_cost": "2.250000100000000000", "effective_cost": "2.250000100000000000", "list_cost": "2.500000100000000000", "contracted_cost": "2.250000100000000000"}]}');
INSERT INTO "deliveries" VALUES('7c0e93e4-fe72-4a95-b20e-f3b67808ce73','12b225bc-e4d8-4d7d-af53-8895e59604c6','9a80ce79-85c4-4b33-a10b-b11c427c20c9','283e946d-d409-4a7b-8bfc-0c4371131f2b','payer','2025-12-01','2026-03-21 09:00:18.580553','withdrawn',0,NULL,'2026-03-21 09:00:19.874714','2025-12-01','2025-12-05',15,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "333", "currency": "USD", "billed_cost": "325.450000000015000000", "effective_cost": "325.450000000015000000"}], "sums": [{"currency": "USD", "charge_category": "Usage", "billed_cost": "325.450000000015000000", "effective_cost": "325.450000000015000000", "list_cost": "325.450000000015000000", "contracted_cost": "325.450000000015000000"}]}');
INSERT INTO "deliveries" VALUES('849a3e74-e9a4-48fb-9ce5-2371e4456194','245d7fdf-d8c4-4972-9803-8503e7814b33','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','ca8d9ec1-d517-4f71-a4de-0b5dab2103bb','100000000001','2026-05-01','2026-03-21 09:00:22.860783','live',1,NULL,'2026-03-21 09:00:24.397231','2026-05-01','2026-05-01',24,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "200000000011", "currency": "USD", "billed_cost": "0.384192000000000000", "effective_cost": "0.384192000000000000"}, {"provider_name": "AWS", "sub_account_id": "200000000012", "currency": "USD", "billed_cost": "0.384192000000000000", "effective_cost": "0.384192000000000000"}, {"provider_name": "AWS", "sub_account_id": "200000000014", "currency": "USD", "billed_cost": "0.512256000000000000", "effective_cost": "0.512256000000000000"}], "sums": [{"currency": "USD", "charge_category": "Purchase", "billed_cost": "1.280640000000000000", "effective_cost": "0E-18", "list_cost": "1.280640000000000000", "contracted_cost": "1.280640000000000000"}, {"currency": "USD", "charge_category": "Usage", "billed_cost": "0E-18", "effective_cost": "1.280640000000000000", "list_cost": "1.788787344000000000", "contracted_cost": "1.636190544000000000"}]}');
INSERT INTO "deliveries" VALUES('04e63e54-ace5-4565-9d9d-5365dbefd826','245d7fdf-d8c4-4972-9803-8503e7814b33','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','ca8d9ec1-d517-4f71-a4de-0b5dab2103bb','100000000002','2026-05-01','2026-03-21 09:00:22.860783','live',1,NULL,'2026-03-21 09:00:24.397242','2026-05-09','2026-05-09',1,'{"family": "focus", "half": null, "tells_half": false, "batch": null, "exported": null, "sub_accounts": [{"provider_name": "AWS", "sub_account_id": "200000000013", "currency": "USD", "billed_cost": "26.058559000000000000", "effective_cost": "26.058559000000000000"}], "sums": [{"currency": "USD", "charge_category": "Tax", "billed_cost": "26.058559000000000000", "effective_cost": "26.058559000000000000", "list_cost": "26.058559000000000000", "contracted_cost": "26.058559000000000000"}]}');
CREATE TABLE delivery_files (
	id VARCHAR(36) NOT NULL, 
	delivery_id VARCHAR(36) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	path VARCHAR(400) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	CONSTRAINT pk_delivery_files PRIMARY KEY (id), 
	CONSTRAINT fk_delivery_files_delivery_id FOREIGN KEY(delivery_id) REFERENCES deliveries (id) ON DELETE CASCADE
);
INSERT INTO "delivery_files" VALUES('cc74f49a-f4b4-4a1a-9ee3-b8ed2857199e','37c26252-7711-4848-ad24-63b9ec67764f','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/charges-1-0.parquet',15813,92);
INSERT INTO "delivery_files" VALUES('c77024a0-3c1c-4903-8610-bc43e19ae947','37c26252-7711-4848-ad24-63b9ec67764f','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/monthly_fine.parquet',3399,3);
INSERT INTO "delivery_files" VALUES('d2ea6632-a547-4931-83c4-cf9f6a01e462','37c26252-7711-4848-ad24-63b9ec67764f','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/tags.parquet',2933,3);
INSERT INTO "delivery_files" VALUES('e9f76a66-d820-4425-976c-5b3f0a1b762b','37c26252-7711-4848-ad24-63b9ec67764f','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/daily.parquet',6184,92);
INSERT INTO "delivery_files" VALUES('b98d7dee-8087-4e76-9433-81b2cc99c619','37c26252-7711-4848-ad24-63b9ec67764f','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/monthly.parquet',2761,3);
INSERT INTO "delivery_files" VALUES('72a31862-2f4a-4a85-945f-8df868b59c22','37c26252-7711-4848-ad24-63b9ec67764f','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/daily_regions.parquet',3389,31);
INSERT INTO "delivery_files" VALUES('b40796d7-2554-4dd1-b75a-ba08afaf284f','37c26252-7711-4848-ad24-63b9ec67764f','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-01/delivery=37c26252-7711-4848-ad24-63b9ec67764f/daily_services.parquet',4534,62);
INSERT INTO "delivery_files" VALUES('c5e726a9-18fb-46cd-97d5-417cae2b6c7d','4937d194-2d06-4ad9-8926-6836c948b1bb','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/charges-1-0.parquet',14206,60);
INSERT INTO "delivery_files" VALUES('392be4e0-489b-4882-9b98-d6886e6b46d1','4937d194-2d06-4ad9-8926-6836c948b1bb','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/monthly_fine.parquet',3387,3);
INSERT INTO "delivery_files" VALUES('2c513a41-5e09-4b58-a171-96b1783b68e6','4937d194-2d06-4ad9-8926-6836c948b1bb','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/tags.parquet',2921,3);
INSERT INTO "delivery_files" VALUES('848a7234-426d-4b61-9622-921b963071c5','4937d194-2d06-4ad9-8926-6836c948b1bb','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/daily.parquet',4943,60);
INSERT INTO "delivery_files" VALUES('422c4774-12a9-4801-b17e-7a6c9eb64dd3','4937d194-2d06-4ad9-8926-6836c948b1bb','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/monthly.parquet',2749,3);
INSERT INTO "delivery_files" VALUES('25f20c4d-4e76-4a37-ad37-a208124cbd26','4937d194-2d06-4ad9-8926-6836c948b1bb','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/daily_regions.parquet',2962,20);
INSERT INTO "delivery_files" VALUES('5e55d560-c06c-463a-b26b-8eb97d69848a','4937d194-2d06-4ad9-8926-6836c948b1bb','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=4937d194-2d06-4ad9-8926-6836c948b1bb/daily_services.parquet',3655,40);
INSERT INTO "delivery_files" VALUES('7b7e761b-6ab4-4582-8474-46002406ccf1','7b1c04a8-3bf2-4b7d-8224-d48537583f89','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/charges-1-0.parquet',15461,84);
INSERT INTO "delivery_files" VALUES('de9bf073-0741-447d-b863-ca5de4c1852b','7b1c04a8-3bf2-4b7d-8224-d48537583f89','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/monthly_fine.parquet',3387,3);
INSERT INTO "delivery_files" VALUES('a6f6f45b-30f6-4e9f-9d25-70e8c74162e7','7b1c04a8-3bf2-4b7d-8224-d48537583f89','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/tags.parquet',2921,3);
INSERT INTO "delivery_files" VALUES('723cb38f-44af-4101-b877-9c2daa5e0a94','7b1c04a8-3bf2-4b7d-8224-d48537583f89','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/daily.parquet',5871,84);
INSERT INTO "delivery_files" VALUES('5a5406ed-c43c-437a-b69e-56ff385a32e2','7b1c04a8-3bf2-4b7d-8224-d48537583f89','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/monthly.parquet',2749,3);
INSERT INTO "delivery_files" VALUES('835498e2-e339-4a55-b923-9f2aec3fb2d1','7b1c04a8-3bf2-4b7d-8224-d48537583f89','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/daily_regions.parquet',3241,28);
INSERT INTO "delivery_files" VALUES('1d7fbb92-f07b-485d-a2ba-3457e565baed','7b1c04a8-3bf2-4b7d-8224-d48537583f89','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-02/delivery=7b1c04a8-3bf2-4b7d-8224-d48537583f89/daily_services.parquet',4292,56);
INSERT INTO "delivery_files" VALUES('4a9d27f2-18cc-4085-b81f-92c8881cef01','a315ce74-39d3-4f13-81f9-040434e1bf25','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/charges-1-0.parquet',14090,57);
INSERT INTO "delivery_files" VALUES('661d575b-67b2-417e-995c-b9c7945185e6','a315ce74-39d3-4f13-81f9-040434e1bf25','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/monthly_fine.parquet',3387,3);
INSERT INTO "delivery_files" VALUES('b60e9985-110f-42b2-903f-2174f127185f','a315ce74-39d3-4f13-81f9-040434e1bf25','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/tags.parquet',2921,3);
INSERT INTO "delivery_files" VALUES('e7388e76-3ffb-4b3c-918f-b4fac18b4aab','a315ce74-39d3-4f13-81f9-040434e1bf25','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/daily.parquet',4838,57);
INSERT INTO "delivery_files" VALUES('78c3571f-0fbc-4d07-8c68-5aa98fb1210b','a315ce74-39d3-4f13-81f9-040434e1bf25','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/monthly.parquet',2749,3);
INSERT INTO "delivery_files" VALUES('587a6dda-e039-40de-9d3f-72fef85c156d','a315ce74-39d3-4f13-81f9-040434e1bf25','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/daily_regions.parquet',2929,19);
INSERT INTO "delivery_files" VALUES('3878e3ae-6768-4583-bace-8551f06fea70','a315ce74-39d3-4f13-81f9-040434e1bf25','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2026-03/delivery=a315ce74-39d3-4f13-81f9-040434e1bf25/daily_services.parquet',3580,38);
INSERT INTO "delivery_files" VALUES('0f248009-8991-41c0-b42e-9db031a81dd6','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/charges-1-0.parquet',13642,11);
INSERT INTO "delivery_files" VALUES('ae92fb1d-7daa-4d0a-836a-d0020767910b','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/monthly_fine.parquet',3931,9);
INSERT INTO "delivery_files" VALUES('d5a629e4-d79e-4fb9-bde2-59cbf17f2034','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/tags.parquet',3358,8);
INSERT INTO "delivery_files" VALUES('e32acddf-aa5d-4045-a12c-c32d2101ab9a','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/daily.parquet',3196,8);
INSERT INTO "delivery_files" VALUES('06f8907f-06bc-435b-8ac3-87dd55e21595','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/monthly.parquet',3145,7);
INSERT INTO "delivery_files" VALUES('6b0d36ba-252c-4e93-b0c4-24cd7c9f781a','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/daily_regions.parquet',2586,9);
INSERT INTO "delivery_files" VALUES('cc03c4ab-307d-4037-916a-d9c5544b201b','618e4e9c-e6a5-4a81-b293-73a9cdc6c597','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=618e4e9c-e6a5-4a81-b293-73a9cdc6c597/daily_services.parquet',2540,8);
INSERT INTO "delivery_files" VALUES('c401a1b4-af73-41f3-b7b9-b349d58740a7','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/charges-0.parquet',12588,3);
INSERT INTO "delivery_files" VALUES('ac812f2b-286d-4be0-9f45-bdc22f80c015','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/monthly_fine.parquet',3555,2);
INSERT INTO "delivery_files" VALUES('82fddfd2-0dd6-4c5a-9658-7fa14a8674e5','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/tags.parquet',3021,2);
INSERT INTO "delivery_files" VALUES('af7693b7-c2ce-486b-9a4f-9d8403a16489','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/daily.parquet',2884,2);
INSERT INTO "delivery_files" VALUES('ec108d9c-6e39-4e76-84a7-e5a073db84ca','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/monthly.parquet',2884,2);
INSERT INTO "delivery_files" VALUES('1a60155b-ab8d-4a8c-bfb8-e27f59ac15af','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/daily_regions.parquet',2171,1);
INSERT INTO "delivery_files" VALUES('58b32ae7-705d-44a2-a035-287f8ebc30f7','fd876c5f-6f7e-4608-8b9b-5057593c9ca4','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=fd876c5f-6f7e-4608-8b9b-5057593c9ca4/daily_services.parquet',2230,2);
INSERT INTO "delivery_files" VALUES('a1c0023a-7e11-41f7-87e9-1a6f5858feed','19d45e73-94c9-47a1-9d0c-624378401db5','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/charges-1-0.parquet',13389,10);
INSERT INTO "delivery_files" VALUES('3a947d70-1e26-406b-b94c-e2f03cfbda50','19d45e73-94c9-47a1-9d0c-624378401db5','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/monthly_fine.parquet',3893,9);
INSERT INTO "delivery_files" VALUES('31c0a517-015f-416a-913e-94bbd85fab7f','19d45e73-94c9-47a1-9d0c-624378401db5','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/tags.parquet',3263,7);
INSERT INTO "delivery_files" VALUES('655252d3-83a6-4d93-bd4f-c7205e594e4b','19d45e73-94c9-47a1-9d0c-624378401db5','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/daily.parquet',3099,7);
INSERT INTO "delivery_files" VALUES('511ad2c2-e62b-468d-a90c-8de17b2923c4','19d45e73-94c9-47a1-9d0c-624378401db5','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/monthly.parquet',3050,6);
INSERT INTO "delivery_files" VALUES('8789481c-6883-41f9-9acd-288a34e566e4','19d45e73-94c9-47a1-9d0c-624378401db5','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/daily_regions.parquet',2643,10);
INSERT INTO "delivery_files" VALUES('747874e9-5d60-4ca8-8e37-154891ee445b','19d45e73-94c9-47a1-9d0c-624378401db5','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=19d45e73-94c9-47a1-9d0c-624378401db5/daily_services.parquet',2443,7);
INSERT INTO "delivery_files" VALUES('bee87b7c-83b4-4983-ac0f-6c73c22badea','8174267d-bd9a-42b4-9ada-a0802882af9a','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/charges-1-0.parquet',12287,2);
INSERT INTO "delivery_files" VALUES('37ea03f5-a5b8-4577-8473-f2811b6d561b','8174267d-bd9a-42b4-9ada-a0802882af9a','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/monthly_fine.parquet',3472,1);
INSERT INTO "delivery_files" VALUES('96b5b7f1-a0dd-4ada-93a2-230795404bc4','8174267d-bd9a-42b4-9ada-a0802882af9a','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/tags.parquet',2976,1);
INSERT INTO "delivery_files" VALUES('44049f73-f495-4da7-8981-a78ef52e5673','8174267d-bd9a-42b4-9ada-a0802882af9a','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/daily.parquet',2798,1);
INSERT INTO "delivery_files" VALUES('aa5faba6-9465-42ee-a60c-3430680d300a','8174267d-bd9a-42b4-9ada-a0802882af9a','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/monthly.parquet',2798,1);
INSERT INTO "delivery_files" VALUES('26a87d95-a7f1-4ea4-9f4a-89424e9a7d21','8174267d-bd9a-42b4-9ada-a0802882af9a','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/daily_regions.parquet',2150,1);
INSERT INTO "delivery_files" VALUES('5495486f-8905-44ac-b88c-0c20db02176d','8174267d-bd9a-42b4-9ada-a0802882af9a','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=8174267d-bd9a-42b4-9ada-a0802882af9a/daily_services.parquet',2030,1);
INSERT INTO "delivery_files" VALUES('c4ff577a-2023-4a34-83c3-a2db279f3daa','d829421a-6844-4422-9e1d-e4fcac6e47aa','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/charges-1-0.parquet',12218,1);
INSERT INTO "delivery_files" VALUES('d3360db6-b220-409e-8ffd-1acab8dccbf3','d829421a-6844-4422-9e1d-e4fcac6e47aa','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/monthly_fine.parquet',3499,1);
INSERT INTO "delivery_files" VALUES('e7f93ccc-7125-493a-87b8-db9c7fb1fca9','d829421a-6844-4422-9e1d-e4fcac6e47aa','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/tags.parquet',3016,1);
INSERT INTO "delivery_files" VALUES('b5fa7461-d3fd-4a0a-a306-86d60b7011b2','d829421a-6844-4422-9e1d-e4fcac6e47aa','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/daily.parquet',2825,1);
INSERT INTO "delivery_files" VALUES('b0fc6b1d-fe27-4a70-b423-6f556521d35d','d829421a-6844-4422-9e1d-e4fcac6e47aa','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/monthly.parquet',2825,1);
INSERT INTO "delivery_files" VALUES('b9ea3ea9-95ee-4d96-8f6d-0ccf063ad1a1','d829421a-6844-4422-9e1d-e4fcac6e47aa','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/daily_regions.parquet',2153,1);
INSERT INTO "delivery_files" VALUES('ca0d62f9-a377-4b7b-ba22-7b25784b5532','d829421a-6844-4422-9e1d-e4fcac6e47aa','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-10/delivery=d829421a-6844-4422-9e1d-e4fcac6e47aa/daily_services.parquet',2057,1);
INSERT INTO "delivery_files" VALUES('2630f9fb-628f-4668-837f-9aa521a1b0a6','d5ea2d2e-26b8-4796-ba69-e27fb5390579','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/charges-1-0.parquet',12872,3);
INSERT INTO "delivery_files" VALUES('0180408d-2665-4ac8-afa1-484a33efda6a','d5ea2d2e-26b8-4796-ba69-e27fb5390579','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/monthly_fine.parquet',3559,2);
INSERT INTO "delivery_files" VALUES('a001d106-3085-45eb-9aee-e4c5d16a5e6f','d5ea2d2e-26b8-4796-ba69-e27fb5390579','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/tags.parquet',3077,2);
INSERT INTO "delivery_files" VALUES('7869d3d4-6f5f-4a6a-a286-0795d4b71137','d5ea2d2e-26b8-4796-ba69-e27fb5390579','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/daily.parquet',2891,2);
INSERT INTO "delivery_files" VALUES('2ff6b36f-740e-49db-b719-f03f6db10acd','d5ea2d2e-26b8-4796-ba69-e27fb5390579','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/monthly.parquet',2891,2);
INSERT INTO "delivery_files" VALUES('ed33fe5d-086e-4faa-8d56-9b3d832770cb','d5ea2d2e-26b8-4796-ba69-e27fb5390579','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/daily_regions.parquet',2262,2);
INSERT INTO "delivery_files" VALUES('1aacfcbe-83a5-4eb3-9716-81d354be8b5d','d5ea2d2e-26b8-4796-ba69-e27fb5390579','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-08/delivery=d5ea2d2e-26b8-4796-ba69-e27fb5390579/daily_services.parquet',2212,2);
INSERT INTO "delivery_files" VALUES('c4c93eb1-5fa2-456f-b854-86cf26a1cb50','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/charges-1-0.parquet',12999,6);
INSERT INTO "delivery_files" VALUES('d916fd7d-3c43-4ae5-a031-7cba9b67edc7','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/monthly_fine.parquet',3662,5);
INSERT INTO "delivery_files" VALUES('c3d60665-616f-4e70-80bb-be1f4e8e202c','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/tags.parquet',3181,5);
INSERT INTO "delivery_files" VALUES('3b12048f-0928-4e02-8982-ae95a886a1ce','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/daily.parquet',2996,5);
INSERT INTO "delivery_files" VALUES('176a8670-afce-4688-bc20-498496db0dc4','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/monthly.parquet',2994,5);
INSERT INTO "delivery_files" VALUES('f834d9ff-e931-454c-9aca-61194fbd77f7','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/daily_regions.parquet',2367,5);
INSERT INTO "delivery_files" VALUES('8bc6a94d-cd8d-40d2-b02f-9819cda681cf','a49e1f09-8ef2-4cbb-9205-9e9f146b6097','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2024-09/delivery=a49e1f09-8ef2-4cbb-9205-9e9f146b6097/daily_services.parquet',2316,5);
INSERT INTO "delivery_files" VALUES('59caa133-19c4-4d3d-adf9-1dd09f2123df','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','charges','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/charges-1-0.parquet',12233,15);
INSERT INTO "delivery_files" VALUES('b81c279b-3709-41c8-8cbf-9318629192d5','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','monthly_fine','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/monthly_fine.parquet',3320,2);
INSERT INTO "delivery_files" VALUES('ea8df36d-c5a5-4418-87fe-8ad2f98229a6','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','tags','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/tags.parquet',2828,2);
INSERT INTO "delivery_files" VALUES('ec2c93db-31d8-4f95-9cd9-9fa2b9776e0f','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','daily','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/daily.parquet',3065,10);
INSERT INTO "delivery_files" VALUES('9a47ca53-7885-4adb-a8f2-712c6d65560c','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','monthly','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/monthly.parquet',2682,2);
INSERT INTO "delivery_files" VALUES('0e29dcbf-9f7d-49e0-bf3e-fcec850bbab3','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','daily_regions','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/daily_regions.parquet',2342,5);
INSERT INTO "delivery_files" VALUES('c5d9fbdf-520a-4618-9015-b04fe8290f3c','7c0e93e4-fe72-4a95-b20e-f3b67808ce73','daily_services','organization=12b225bc-e4d8-4d7d-af53-8895e59604c6/billing_period=2025-12/delivery=7c0e93e4-fe72-4a95-b20e-f3b67808ce73/daily_services.parquet',2476,10);
INSERT INTO "delivery_files" VALUES('1f421807-68c8-4def-8ef1-b021be780e9d','849a3e74-e9a4-48fb-9ce5-2371e4456194','charges','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/charges-1-0.parquet',15532,24);
INSERT INTO "delivery_files" VALUES('f8cd5ddc-fe11-49e8-8208-79379c701464','849a3e74-e9a4-48fb-9ce5-2371e4456194','monthly_fine','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/monthly_fine.parquet',3899,9);
INSERT INTO "delivery_files" VALUES('8b757910-dff9-4585-ae92-49265423e67e','849a3e74-e9a4-48fb-9ce5-2371e4456194','tags','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/tags.parquet',3704,16);
INSERT INTO "delivery_files" VALUES('6229f934-cf9a-4a32-ac4a-096529fa137d','849a3e74-e9a4-48fb-9ce5-2371e4456194','daily','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/daily.parquet',2991,6);
INSERT INTO "delivery_files" VALUES('fe677ba0-9214-405a-b6ba-2e32b2c10814','849a3e74-e9a4-48fb-9ce5-2371e4456194','monthly','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/monthly.parquet',2991,6);
INSERT INTO "delivery_files" VALUES('c59c0616-57d6-482f-9bbd-00661423995d','849a3e74-e9a4-48fb-9ce5-2371e4456194','daily_regions','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/daily_regions.parquet',2452,6);
INSERT INTO "delivery_files" VALUES('7295f309-9850-4048-b5d1-773deac2591d','849a3e74-e9a4-48fb-9ce5-2371e4456194','daily_services','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=849a3e74-e9a4-48fb-9ce5-2371e4456194/daily_services.parquet',2130,2);
INSERT INTO "delivery_files" VALUES('fab7a20b-7f1c-4e34-9e04-e2f48f64a48b','04e63e54-ace5-4565-9d9d-5365dbefd826','charges','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/charges-1-0.parquet',14224,1);
INSERT INTO "delivery_files" VALUES('f4f81769-ce0d-4ad3-8669-63b159027f63','04e63e54-ace5-4565-9d9d-5365dbefd826','monthly_fine','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/monthly_fine.parquet',3561,1);
INSERT INTO "delivery_files" VALUES('e6587427-ec57-4648-932c-5c80ef36ed32','04e63e54-ace5-4565-9d9d-5365dbefd826','tags','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/tags.parquet',3143,1);
INSERT INTO "delivery_files" VALUES('a8a972f2-12b6-47b7-bff3-70f12c579d33','04e63e54-ace5-4565-9d9d-5365dbefd826','daily','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/daily.parquet',2818,1);
INSERT INTO "delivery_files" VALUES('9296c525-21d2-44a2-826e-e3a1828b0cca','04e63e54-ace5-4565-9d9d-5365dbefd826','monthly','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/monthly.parquet',2818,1);
INSERT INTO "delivery_files" VALUES('b379e16c-203b-4f70-8a71-56a76777e0c3','04e63e54-ace5-4565-9d9d-5365dbefd826','daily_regions','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/daily_regions.parquet',2230,1);
INSERT INTO "delivery_files" VALUES('77104156-4301-4777-bda0-272eb87f9150','04e63e54-ace5-4565-9d9d-5365dbefd826','daily_services','organization=245d7fdf-d8c4-4972-9803-8503e7814b33/billing_period=2026-05/delivery=04e63e54-ace5-4565-9d9d-5365dbefd826/daily_services.parquet',2082,1);
CREATE TABLE detection_runs (
	organization_id VARCHAR(36) NOT NULL, 
	finished_at DATETIME NOT NULL, 
	method VARCHAR(20) NOT NULL, 
	complete_through DATE, 
	series_count INTEGER NOT NULL, 
	further JSON NOT NULL, 
	note TEXT NOT NULL, 
	CONSTRAINT pk_detection_runs PRIMARY KEY (organization_id), 
	CONSTRAINT fk_detection_runs_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE
);
INSERT INTO "detection_runs" VALUES('12b225bc-e4d8-4d7d-af53-8895e59604c6','2026-03-21 09:00:22.630227','rolling_z_score','2026-03-18',3,'[]','');
INSERT INTO "detection_runs" VALUES('245d7fdf-d8c4-4972-9803-8503e7814b33','2026-03-21 09:00:24.563055','adaptive',NULL,0,'[]','Not enough history: the range has no complete day.');
CREATE TABLE events (
	id INTEGER NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	name VARCHAR(40) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	subject_id VARCHAR(36) NOT NULL, 
	data JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (id), 
	CONSTRAINT fk_events_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_events_organization_id_key UNIQUE (organization_id, "key")
);
INSERT INTO "events" VALUES(1,'12b225bc-e4d8-4d7d-af53-8895e59604c6','anomaly.detected','anomaly.detected:160aec6847905ab9dd84cdcc69f4db0bb023b3fd0d11d55e691e46b305d3d0f2:2026-03-10','1c5f4187-8c0a-4c73-ac86-40fae26aee77','{"anomaly_id": "1c5f4187-8c0a-4c73-ac86-40fae26aee77", "date": "2026-03-10", "provider_name": "AWS", "service_name": "EC2", "account": "aws:111", "currency": "USD", "actual": "240.100000000001", "expected": "42.15", "impact": "197.950000000001", "deviation_percent": "469.63", "severity": "medium"}','2026-03-21 09:00:10.059165');
INSERT INTO "events" VALUES(2,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.warning','budget:61cd175f-18ca-4b03-84ad-8431541f5795:2026-03-01:warning','61cd175f-18ca-4b03-84ad-8431541f5795','{"budget_id": "61cd175f-18ca-4b03-84ad-8431541f5795", "budget_name": "All of it", "budget_amount": "1500", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1646.700000000057", "predicted_spend": "2717.89055556", "utilization_percent": "109.7800000000038", "days_remaining": 10}','2026-03-21 09:00:22.759689');
INSERT INTO "events" VALUES(3,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.critical','budget:61cd175f-18ca-4b03-84ad-8431541f5795:2026-03-01:critical','61cd175f-18ca-4b03-84ad-8431541f5795','{"budget_id": "61cd175f-18ca-4b03-84ad-8431541f5795", "budget_name": "All of it", "budget_amount": "1500", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1646.700000000057", "predicted_spend": "2717.89055556", "utilization_percent": "109.7800000000038", "days_remaining": 10}','2026-03-21 09:00:22.760704');
INSERT INTO "events" VALUES(4,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.exceeded','budget:61cd175f-18ca-4b03-84ad-8431541f5795:2026-03-01:exceeded','61cd175f-18ca-4b03-84ad-8431541f5795','{"budget_id": "61cd175f-18ca-4b03-84ad-8431541f5795", "budget_name": "All of it", "budget_amount": "1500", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1646.700000000057", "predicted_spend": "2717.89055556", "utilization_percent": "109.7800000000038", "days_remaining": 10}','2026-03-21 09:00:22.761125');
INSERT INTO "events" VALUES(5,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.warning','budget:66f034e0-991b-44d2-8284-59a7ca3e806a:2026-01-01:warning','66f034e0-991b-44d2-8284-59a7ca3e806a','{"budget_id": "66f034e0-991b-44d2-8284-59a7ca3e806a", "budget_name": "Laboratory", "budget_amount": "800", "currency": "USD", "account": "aws:222", "period_start": "2026-01-01", "period_end": "2026-03-31", "current_spend": "1091.900000000077", "predicted_spend": "1258.49220779", "utilization_percent": "136.487500000009625", "days_remaining": 10}','2026-03-21 09:00:22.804425');
INSERT INTO "events" VALUES(6,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.critical','budget:66f034e0-991b-44d2-8284-59a7ca3e806a:2026-01-01:critical','66f034e0-991b-44d2-8284-59a7ca3e806a','{"budget_id": "66f034e0-991b-44d2-8284-59a7ca3e806a", "budget_name": "Laboratory", "budget_amount": "800", "currency": "USD", "account": "aws:222", "period_start": "2026-01-01", "period_end": "2026-03-31", "current_spend": "1091.900000000077", "predicted_spend": "1258.49220779", "utilization_percent": "136.487500000009625", "days_remaining": 10}','2026-03-21 09:00:22.805068');
INSERT INTO "events" VALUES(7,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.exceeded','budget:66f034e0-991b-44d2-8284-59a7ca3e806a:2026-01-01:exceeded','66f034e0-991b-44d2-8284-59a7ca3e806a','{"budget_id": "66f034e0-991b-44d2-8284-59a7ca3e806a", "budget_name": "Laboratory", "budget_amount": "800", "currency": "USD", "account": "aws:222", "period_start": "2026-01-01", "period_end": "2026-03-31", "current_spend": "1091.900000000077", "predicted_spend": "1258.49220779", "utilization_percent": "136.487500000009625", "days_remaining": 10}','2026-03-21 09:00:22.805499');
INSERT INTO "events" VALUES(8,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.warning','budget:24ce364c-7e9e-4784-a26b-966aea1b1c6f:2026-03-01:warning','24ce364c-7e9e-4784-a26b-966aea1b1c6f','{"budget_id": "24ce364c-7e9e-4784-a26b-966aea1b1c6f", "budget_name": "Web", "budget_amount": "900.5", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1376.800000000038", "predicted_spend": "2279.22333333", "utilization_percent": "152.892837312608328706", "days_remaining": 10}','2026-03-21 09:00:22.828426');
INSERT INTO "events" VALUES(9,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.critical','budget:24ce364c-7e9e-4784-a26b-966aea1b1c6f:2026-03-01:critical','24ce364c-7e9e-4784-a26b-966aea1b1c6f','{"budget_id": "24ce364c-7e9e-4784-a26b-966aea1b1c6f", "budget_name": "Web", "budget_amount": "900.5", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1376.800000000038", "predicted_spend": "2279.22333333", "utilization_percent": "152.892837312608328706", "days_remaining": 10}','2026-03-21 09:00:22.828886');
INSERT INTO "events" VALUES(10,'12b225bc-e4d8-4d7d-af53-8895e59604c6','budget.exceeded','budget:24ce364c-7e9e-4784-a26b-966aea1b1c6f:2026-03-01:exceeded','24ce364c-7e9e-4784-a26b-966aea1b1c6f','{"budget_id": "24ce364c-7e9e-4784-a26b-966aea1b1c6f", "budget_name": "Web", "budget_amount": "900.5", "currency": "USD", "account": null, "period_start": "2026-03-01", "period_end": "2026-03-31", "current_spend": "1376.800000000038", "predicted_spend": "2279.22333333", "utilization_percent": "152.892837312608328706", "days_remaining": 10}','2026-03-21 09:00:22.829292');
CREATE TABLE idempotency_records (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	request_digest VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	status INTEGER, 
	headers JSON, 
	body TEXT, 
	CONSTRAINT pk_idempotency_records PRIMARY KEY (id), 
	CONSTRAINT fk_idempotency_records_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_idempotency_records_organization_id_key UNIQUE (organization_id, "key")
);
CREATE TABLE imports (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36), 
	state VARCHAR(12) NOT NULL, 
	file_name VARCHAR(400) NOT NULL, 
	stored_name VARCHAR(100) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	format VARCHAR(40), 
	currency VARCHAR(3), 
	source_name VARCHAR(200), 
	created_by VARCHAR(400) NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	live_at DATETIME, 
	finished_at DATETIME, 
	bytes_done BIGINT NOT NULL, 
	rows_read BIGINT NOT NULL, 
	rows_kept BIGINT NOT NULL, 
	rows_rejected BIGINT NOT NULL, 
	message TEXT, 
	error TEXT, 
	options JSON NOT NULL, 
	CONSTRAINT pk_imports PRIMARY KEY (id), 
	CONSTRAINT fk_imports_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_imports_source_id FOREIGN KEY(source_id) REFERENCES sources (id) ON DELETE SET NULL
);
INSERT INTO "imports" VALUES('7bd4f923-b7e1-4561-9550-bf9b6c820aa9','12b225bc-e4d8-4d7d-af53-8895e59604c6','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','live','january.csv','29199148-43f6-4e53-966c-09042ca6fce8',20940,'0b00be0262a0b731c355a9e7bcadf96ba2b75351ae22ce848759080df142bef5','FOCUS 1.0',NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:01.865617','2026-03-21 09:00:02.292864','2026-03-21 09:00:03.702333','2026-03-21 09:00:03.702333',20940,93,92,1,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('34fdb7fc-497a-4f94-be2a-a238df720126','12b225bc-e4d8-4d7d-af53-8895e59604c6','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','older','february-so-far.csv','45f42e38-fc49-429c-b054-4b5c05b0a6cc',13605,'005dc26bcddf55ac9be5cad0e95227c9c3408860bb48a7047c78bac74bb5707c','FOCUS 1.0',NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:04.329387','2026-03-21 09:00:04.397433','2026-03-21 09:00:06.126702','2026-03-21 09:00:06.126702',13605,60,60,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('e65f24be-563e-4f4d-a3b2-40e1db31ffa0','12b225bc-e4d8-4d7d-af53-8895e59604c6','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','live','february.csv','a9f73c53-7f4f-458d-9f54-5e183a87c607',18945,'997fbb8ad782f989aa6f01a5dda797a412ac46f016f94540df5ba28acc151413','FOCUS 1.0',NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:06.335104','2026-03-21 09:00:06.360111','2026-03-21 09:00:07.861972','2026-03-21 09:00:07.861972',18945,84,84,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('10e11681-e327-4abe-81a8-0da0119ee7e8','12b225bc-e4d8-4d7d-af53-8895e59604c6','99afdc0d-1b9f-4b4f-947f-23f22e5ee545','live','march-so-far.csv','61bd5682-6695-40cc-a05f-8d80e1228378',12947,'5cef9d7241b78d8c798119cb872f4c444b34769ef0a8f2c38a2061c117e404c9','FOCUS 1.0',NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:08.077540','2026-03-21 09:00:08.110744','2026-03-21 09:00:09.622665','2026-03-21 09:00:09.622665',12947,57,57,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('34c60786-5bbe-4444-a14c-f5d6425aa7e6','12b225bc-e4d8-4d7d-af53-8895e59604c6',NULL,'live','march-again.csv','bf24e9d1-ef5a-4e59-a2fa-8d02952ce64d',12947,'5cef9d7241b78d8c798119cb872f4c444b34769ef0a8f2c38a2061c117e404c9',NULL,NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:10.149272',NULL,NULL,'2026-03-21 09:00:10.213665',12947,0,0,0,'already imported, nothing changed',NULL,'{}');
INSERT INTO "imports" VALUES('39f588f0-222b-468c-80d6-5c61595192e1','12b225bc-e4d8-4d7d-af53-8895e59604c6','0f84ff04-eb00-40f0-8fbf-1e3e05627796','live','MCA_ActualCost_Made.csv','6ed77188-8aad-4ebf-a611-1a5666472627',4721,'fd143cbb3630ef9fb9f93162930b0ad1bbd5f8091e4c839cf2d894beed02c530','Azure MCA cost details',NULL,'azure','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:10.272579','2026-03-21 09:00:10.320842','2026-03-21 09:00:12.384976','2026-03-21 09:00:12.384976',4721,11,11,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('360ba403-1b0d-4116-b2f1-156b9ef02c35','12b225bc-e4d8-4d7d-af53-8895e59604c6','0f84ff04-eb00-40f0-8fbf-1e3e05627796','live','MCA_AmortizedCost_Made.csv','d6c0c474-e12e-4051-b7a6-42ff6f89c830',4180,'8a7d3e480e88033cbd82055e631979bfafd6cc3678f63cd203f69bbf102b4067','Azure MCA cost details',NULL,'azure','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:12.683549','2026-03-21 09:00:12.728888','2026-03-21 09:00:14.854880','2026-03-21 09:00:14.854880',4180,10,10,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('47244f38-a7e9-42a3-813f-7251765f24cd','12b225bc-e4d8-4d7d-af53-8895e59604c6','4ab6792d-85ca-4608-b63a-c90e8158e6b0','live','cost_report.csv','19dfcbd4-2bea-4ee1-b77f-6826062c5cfc',1373,'cef7631a1a3d9175597c1dc1ffebe0d143a964174ba24cebf9c2a9a21f0514ba','Oracle Cloud cost report',NULL,'oracle','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:15.169151','2026-03-21 09:00:15.208805','2026-03-21 09:00:16.576323','2026-03-21 09:00:16.576323',1373,3,3,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('2a49b647-83a3-48de-b9bc-2032acf07006','12b225bc-e4d8-4d7d-af53-8895e59604c6','640735ed-3b5a-465f-97ef-55cb42eb5552','live','detailed.jsonl','1d17ecdc-538c-48e3-9c8f-2f526db7dc30',6261,'df4417992c833771efa474ed628d6b3f6867d71447d31bbef319e3376f052a51','Google Cloud detailed export',NULL,'google','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:16.821084','2026-03-21 09:00:16.859118','2026-03-21 09:00:18.394257','2026-03-21 09:00:18.394257',6261,9,9,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('9a80ce79-85c4-4b33-a10b-b11c427c20c9','12b225bc-e4d8-4d7d-af53-8895e59604c6','283e946d-d409-4a7b-8bfc-0c4371131f2b','withdrawn','trial.csv','8cef2169-21fe-43a8-8edb-2f590c25900a',3266,'a2970d413df57ecfb9546e4378d7a62b07e201680da6773139268db3bdbfd64e','FOCUS 1.0',NULL,'trial','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:18.580553','2026-03-21 09:00:18.604480','2026-03-21 09:00:19.892367','2026-03-21 09:00:20.074460',3266,15,15,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('319967a2-2c2b-46c4-9f12-5eef2955d9b2','12b225bc-e4d8-4d7d-af53-8895e59604c6',NULL,'refused','shopping.csv','a1677bfb-e7c3-4672-8227-bf02636bd92a',12,'b932e360e2adfbe4fdb7709aaebb7bc36cf133fd1a83c88a0549a5b18fc37496',NULL,NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:20.103602','2026-03-21 09:00:20.311454',NULL,'2026-03-21 09:00:21.350297',12,0,0,0,NULL,'This is not a billing file that Cost Optix knows: its first line is not a header.','{}');
INSERT INTO "imports" VALUES('f64f36a1-d483-43b3-8c7a-5500de479d0c','12b225bc-e4d8-4d7d-af53-8895e59604c6',NULL,'waiting','february-short.csv','1eb0dd0d-78d5-49b1-b9d5-9691d5db551f',2255,'5f3fe95b9896bbf73fc1315c909cf02b2bce0423006cddca1b83efc634485aab','FOCUS 1.0',NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:21.387545','2026-03-21 09:00:21.421101',NULL,NULL,0,9,9,0,'This delivery would take charges away from a month that is live.',NULL,'{"question": {"kind": "removal", "sentence": "This delivery would take charges away from a month that is live.", "effects": [{"billing_account_id": "payer", "billing_period": "2026-02-01", "currency": "USD", "live": "1826.180000000084000000", "delivered": "189.180000000009000000", "sub_accounts": [], "source": "aws"}]}}');
INSERT INTO "imports" VALUES('44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','245d7fdf-d8c4-4972-9803-8503e7814b33','ca8d9ec1-d517-4f71-a4de-0b5dab2103bb','live','aws_1_2_cost_and_usage_rows25_seed7.csv','2124bc04-c5af-4e56-b14f-14f32231332b',23719,'6e5fb2281e631841188186365793024940f8b684dd6230939b78848f1f271603','FOCUS 1.2',NULL,'focus','frozen (cc_OZXMD3cb…)','2026-03-21 09:00:22.860783','2026-03-21 09:00:22.888780','2026-03-21 09:00:24.411768','2026-03-21 09:00:24.411768',23719,25,25,0,NULL,NULL,'{}');
INSERT INTO "imports" VALUES('47b31acc-72e3-4fbc-9831-a932722bd31e','12b225bc-e4d8-4d7d-af53-8895e59604c6',NULL,'received','november.csv','7ca2eddb-d4ea-4d36-b002-6c1f8242038a',20281,'6be368a649f4c1fd306a7d1fe9db3b9f7333557f8a7c4c2c538183eefe859b34',NULL,NULL,'aws','frozen (cc_5yN2VJWw…)','2026-03-21 09:00:24.609325',NULL,NULL,NULL,0,0,0,0,NULL,NULL,'{}');
CREATE TABLE inbox_items (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	path TEXT NOT NULL, 
	appearance VARCHAR(64) NOT NULL, 
	import_id VARCHAR(36), 
	error TEXT, 
	taken_at DATETIME NOT NULL, 
	CONSTRAINT pk_inbox_items PRIMARY KEY (id), 
	CONSTRAINT fk_inbox_items_import_id FOREIGN KEY(import_id) REFERENCES imports (id) ON DELETE SET NULL, 
	CONSTRAINT fk_inbox_items_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_inbox_items_organization_id_path UNIQUE (organization_id, path)
);
CREATE TABLE invitations (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	created_by_user_id VARCHAR(36), 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_invitations PRIMARY KEY (id), 
	CONSTRAINT fk_invitations_created_by_user_id FOREIGN KEY(created_by_user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_invitations_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_invitations_token_digest UNIQUE (token_digest)
);
CREATE TABLE jobs (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36), 
	kind VARCHAR(60) NOT NULL, 
	payload JSON NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	run_at DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	lease_token VARCHAR(36), 
	lease_until DATETIME, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_jobs_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE
);
INSERT INTO "jobs" VALUES('31c9eedb-4411-411d-892a-a20807153206','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "7bd4f923-b7e1-4561-9550-bf9b6c820aa9"}','done','2026-03-21 09:00:01.854730',1,NULL,'2026-03-21 09:01:03.702388',NULL,'2026-03-21 09:00:01.871536','2026-03-21 09:00:03.737036');
INSERT INTO "jobs" VALUES('b148324c-6412-4ed0-b7ae-2a6af7697f4c','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:01.898054',1,NULL,'2026-03-21 09:01:03.754277',NULL,'2026-03-21 09:00:01.898283','2026-03-21 09:00:04.172652');
INSERT INTO "jobs" VALUES('6018a18f-8d77-42a1-90a1-4efdf4704fa6','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:01.916494',1,NULL,'2026-03-21 09:01:04.183514',NULL,'2026-03-21 09:00:01.916777','2026-03-21 09:00:04.188030');
INSERT INTO "jobs" VALUES('63b9edd7-efd9-450f-897e-54a646618825','245d7fdf-d8c4-4972-9803-8503e7814b33','detect_anomalies','{}','done','2026-03-21 09:00:01.928284',1,NULL,'2026-03-21 09:01:04.195771',NULL,'2026-03-21 09:00:01.928599','2026-03-21 09:00:04.249871');
INSERT INTO "jobs" VALUES('ead671f1-b7dd-417b-9d24-ae66ea60f0f8','245d7fdf-d8c4-4972-9803-8503e7814b33','check_budgets','{}','done','2026-03-21 09:00:01.936110',1,NULL,'2026-03-21 09:01:04.271558',NULL,'2026-03-21 09:00:01.936395','2026-03-21 09:00:04.276377');
INSERT INTO "jobs" VALUES('2d8c5aaf-1475-4235-a2d1-d10677bd0f5e','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "34fdb7fc-497a-4f94-be2a-a238df720126"}','done','2026-03-21 09:00:04.328838',1,NULL,'2026-03-21 09:01:06.126727',NULL,'2026-03-21 09:00:04.329544','2026-03-21 09:00:06.165936');
INSERT INTO "jobs" VALUES('b28d271d-0a42-46f5-8604-c841ce890d20','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:06.124071',1,NULL,'2026-03-21 09:01:06.171535',NULL,'2026-03-21 09:00:06.124320','2026-03-21 09:00:06.274896');
INSERT INTO "jobs" VALUES('fc7eab82-36a5-4c99-9b5f-39c536aae656','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:06.124547',1,NULL,'2026-03-21 09:01:06.283453',NULL,'2026-03-21 09:00:06.124893','2026-03-21 09:00:06.293517');
INSERT INTO "jobs" VALUES('2e6782d3-8e0f-458d-89f1-d6e85121911f','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "e65f24be-563e-4f4d-a3b2-40e1db31ffa0"}','done','2026-03-21 09:00:06.334602',1,NULL,'2026-03-21 09:01:07.862001',NULL,'2026-03-21 09:00:06.338837','2026-03-21 09:00:07.889954');
INSERT INTO "jobs" VALUES('a069ce3f-0d72-4e17-9ff5-23f4a1016613','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:07.859400',1,NULL,'2026-03-21 09:01:07.899603',NULL,'2026-03-21 09:00:07.860077','2026-03-21 09:00:08.020192');
INSERT INTO "jobs" VALUES('bb1441ba-62c9-4ec3-b417-de47b6f88cf5','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:07.860413',1,NULL,'2026-03-21 09:01:08.035495',NULL,'2026-03-21 09:00:07.860854','2026-03-21 09:00:08.038359');
INSERT INTO "jobs" VALUES('4847b69f-858d-4a8a-bf80-8da968015ce2','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "10e11681-e327-4abe-81a8-0da0119ee7e8"}','done','2026-03-21 09:00:08.076918',1,NULL,'2026-03-21 09:01:09.622694',NULL,'2026-03-21 09:00:08.077705','2026-03-21 09:00:09.668777');
INSERT INTO "jobs" VALUES('c248d9df-d011-4980-8cbd-174ec820ac3f','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:09.620477',1,NULL,'2026-03-21 09:01:09.683558',NULL,'2026-03-21 09:00:09.620748','2026-03-21 09:00:10.092322');
INSERT INTO "jobs" VALUES('016b7d68-679b-44fe-8083-67e7ac5a79a1','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:09.620999',1,NULL,'2026-03-21 09:01:10.107660',NULL,'2026-03-21 09:00:09.621598','2026-03-21 09:00:10.116287');
INSERT INTO "jobs" VALUES('7178c6e9-a40e-4872-a692-a030153a8cd8','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "34c60786-5bbe-4444-a14c-f5d6425aa7e6"}','done','2026-03-21 09:00:10.148658',1,NULL,'2026-03-21 09:01:10.214031',NULL,'2026-03-21 09:00:10.149436','2026-03-21 09:00:10.228080');
INSERT INTO "jobs" VALUES('dab9ee53-0ae6-4054-94b7-2958ad9b3200','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "39f588f0-222b-468c-80d6-5c61595192e1"}','done','2026-03-21 09:00:10.271999',1,NULL,'2026-03-21 09:01:12.385027',NULL,'2026-03-21 09:00:10.272735','2026-03-21 09:00:12.415404');
INSERT INTO "jobs" VALUES('d7fc86c3-669f-4212-baa4-979aa21ffe72','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:12.376634',1,NULL,'2026-03-21 09:01:12.419459',NULL,'2026-03-21 09:00:12.377043','2026-03-21 09:00:12.616611');
INSERT INTO "jobs" VALUES('b9e39184-9a69-48c0-ad21-e9949f3484f6','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:12.377388',1,NULL,'2026-03-21 09:01:12.631668',NULL,'2026-03-21 09:00:12.377824','2026-03-21 09:00:12.640258');
INSERT INTO "jobs" VALUES('9270e227-14b6-4976-8dc9-15b14de1ef5a','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "360ba403-1b0d-4116-b2f1-156b9ef02c35"}','done','2026-03-21 09:00:12.680284',1,NULL,'2026-03-21 09:01:14.854912',NULL,'2026-03-21 09:00:12.683731','2026-03-21 09:00:14.882859');
INSERT INTO "jobs" VALUES('5854989c-3ec9-4bb4-a110-b31153449aec','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:14.848127',1,NULL,'2026-03-21 09:01:14.887188',NULL,'2026-03-21 09:00:14.848404','2026-03-21 09:00:15.106152');
INSERT INTO "jobs" VALUES('aa2488a5-7474-469b-9b18-80d1a5b30b0f','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:14.850115',1,NULL,'2026-03-21 09:01:15.109540',NULL,'2026-03-21 09:00:14.850587','2026-03-21 09:00:15.114999');
INSERT INTO "jobs" VALUES('5740954d-bd3b-41bc-af38-fba8f4673f16','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "47244f38-a7e9-42a3-813f-7251765f24cd"}','done','2026-03-21 09:00:15.168602',1,NULL,'2026-03-21 09:01:16.576357',NULL,'2026-03-21 09:00:15.169306','2026-03-21 09:00:16.584937');
INSERT INTO "jobs" VALUES('1b3422a5-55ca-4ce9-a572-fe9dd69bbf9e','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:16.570048',1,NULL,'2026-03-21 09:01:16.589144',NULL,'2026-03-21 09:00:16.570312','2026-03-21 09:00:16.761413');
INSERT INTO "jobs" VALUES('cf2dcde9-346f-4a65-a406-36f60e1c894f','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:16.570567',1,NULL,'2026-03-21 09:01:16.775584',NULL,'2026-03-21 09:00:16.570957','2026-03-21 09:00:16.784338');
INSERT INTO "jobs" VALUES('d4891814-d277-4898-9fce-4ce488970456','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "2a49b647-83a3-48de-b9bc-2032acf07006"}','done','2026-03-21 09:00:16.820509',1,NULL,'2026-03-21 09:01:18.394285',NULL,'2026-03-21 09:00:16.821237','2026-03-21 09:00:18.410675');
INSERT INTO "jobs" VALUES('badf54ba-435c-4cc2-89d5-32dd74ca3bae','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:18.391979',1,NULL,'2026-03-21 09:01:18.415442',NULL,'2026-03-21 09:00:18.392321','2026-03-21 09:00:18.547742');
INSERT INTO "jobs" VALUES('e4df826b-10ed-4e03-9a33-0175834e203d','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:18.392628',1,NULL,'2026-03-21 09:01:18.555461',NULL,'2026-03-21 09:00:18.393066','2026-03-21 09:00:18.560049');
INSERT INTO "jobs" VALUES('c8041f01-d3c3-49ba-8f63-ad827633f691','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "9a80ce79-85c4-4b33-a10b-b11c427c20c9"}','done','2026-03-21 09:00:18.580064',1,NULL,'2026-03-21 09:01:19.892405',NULL,'2026-03-21 09:00:18.580691','2026-03-21 09:00:19.902539');
INSERT INTO "jobs" VALUES('779a7d11-22d6-47b3-a6d3-164537c2e992','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:19.885328',1,NULL,'2026-03-21 09:01:19.908645',NULL,'2026-03-21 09:00:19.885750','2026-03-21 09:00:20.029769');
INSERT INTO "jobs" VALUES('aeb1a4a8-a788-4080-a562-26d46b3cc34f','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:19.886263',1,NULL,'2026-03-21 09:01:20.038292',NULL,'2026-03-21 09:00:19.890744','2026-03-21 09:00:20.041408');
INSERT INTO "jobs" VALUES('0b16d409-c829-4153-b3f3-6183934f5c41','12b225bc-e4d8-4d7d-af53-8895e59604c6','detect_anomalies','{}','done','2026-03-21 09:00:20.082204',1,NULL,'2026-03-21 09:01:20.126221',NULL,'2026-03-21 09:00:20.082571','2026-03-21 09:00:20.284760');
INSERT INTO "jobs" VALUES('72184f26-0bf0-4c64-a0cc-81a9d58e6470','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:20.082899',1,NULL,'2026-03-21 09:01:20.288943',NULL,'2026-03-21 09:00:20.087594','2026-03-21 09:00:20.296536');
INSERT INTO "jobs" VALUES('05773ead-4502-46e2-a463-200fd43ea2f3','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "319967a2-2c2b-46c4-9f12-5eef2955d9b2"}','done','2026-03-21 09:00:20.102926',1,NULL,'2026-03-21 09:01:21.350958',NULL,'2026-03-21 09:00:20.103781','2026-03-21 09:00:21.363426');
INSERT INTO "jobs" VALUES('10ba6c45-0ad1-40c0-9af1-ddd2bf6f8d0a','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "f64f36a1-d483-43b3-8c7a-5500de479d0c"}','done','2026-03-21 09:00:21.386809',1,NULL,'2026-03-21 09:01:22.304783',NULL,'2026-03-21 09:00:21.387723','2026-03-21 09:00:22.339387');
INSERT INTO "jobs" VALUES('056711a7-97fa-4ebd-96bc-6c88c33dd563','12b225bc-e4d8-4d7d-af53-8895e59604c6','check_budgets','{}','done','2026-03-21 09:00:22.496842',1,NULL,'2026-03-21 09:01:22.679085',NULL,'2026-03-21 09:00:22.497055','2026-03-21 09:00:22.834526');
INSERT INTO "jobs" VALUES('6ac2afc6-86fc-4333-a34e-96410ec85605','245d7fdf-d8c4-4972-9803-8503e7814b33','import','{"import_id": "44a6a80a-7eb6-47b2-b766-c0a2ca0dec54"}','done','2026-03-21 09:00:22.860265',1,NULL,'2026-03-21 09:01:24.411802',NULL,'2026-03-21 09:00:22.860931','2026-03-21 09:00:24.511372');
INSERT INTO "jobs" VALUES('42853a85-55f8-4e20-836f-5fa9348fbae9','245d7fdf-d8c4-4972-9803-8503e7814b33','detect_anomalies','{}','done','2026-03-21 09:00:24.405387',1,NULL,'2026-03-21 09:01:24.519484',NULL,'2026-03-21 09:00:24.405679','2026-03-21 09:00:24.572495');
INSERT INTO "jobs" VALUES('3eb3f49f-3627-4276-85cd-baea47234a92','245d7fdf-d8c4-4972-9803-8503e7814b33','check_budgets','{}','done','2026-03-21 09:00:24.405955',1,NULL,'2026-03-21 09:01:24.574262',NULL,'2026-03-21 09:00:24.406353','2026-03-21 09:00:24.577965');
INSERT INTO "jobs" VALUES('7a87a47b-2564-4bb4-ad79-b6629e1025dc','12b225bc-e4d8-4d7d-af53-8895e59604c6','import','{"import_id": "47b31acc-72e3-4fbc-9831-a932722bd31e"}','due','2026-03-21 09:00:24.608717',0,NULL,NULL,NULL,'2026-03-21 09:00:24.609493',NULL);
CREATE TABLE organizations (
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	tier VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	data_version VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_organizations PRIMARY KEY (id), 
	CONSTRAINT uq_organizations_name UNIQUE (name)
);
INSERT INTO "organizations" VALUES('12b225bc-e4d8-4d7d-af53-8895e59604c6','Acme Cloud','enterprise','2026-03-21 09:00:01.475919','598068a9-a371-4332-87be-dcbf76237f15');
INSERT INTO "organizations" VALUES('245d7fdf-d8c4-4972-9803-8503e7814b33','Elsewhere','professional','2026-03-21 09:00:01.619374','792d51fa-a69f-47b5-b61d-7107e6e459f1');
CREATE TABLE reconciliation_lines (
	id VARCHAR(36) NOT NULL, 
	import_id VARCHAR(36) NOT NULL, 
	billing_period DATE, 
	currency VARCHAR(3), 
	charge_category VARCHAR(40), 
	metric VARCHAR(20) NOT NULL, 
	rows_read BIGINT NOT NULL, 
	rows_kept BIGINT NOT NULL, 
	rows_rejected BIGINT NOT NULL, 
	rows_rounded BIGINT NOT NULL, 
	sum_file VARCHAR(64) NOT NULL, 
	sum_stored VARCHAR(64) NOT NULL, 
	sum_rejected VARCHAR(64) NOT NULL, 
	sum_rounding VARCHAR(64) NOT NULL, 
	sum_before VARCHAR(64), 
	CONSTRAINT pk_reconciliation_lines PRIMARY KEY (id), 
	CONSTRAINT fk_reconciliation_lines_import_id FOREIGN KEY(import_id) REFERENCES imports (id) ON DELETE CASCADE
);
INSERT INTO "reconciliation_lines" VALUES('4528ac5b-7b42-4674-a4a8-156ad521b78c','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','2026-01-01','USD','Usage','billed_cost',93,92,1,0,'2022.860000000092','2022.860000000092','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('60026687-3fc4-4cd7-ac36-b90178e4adfe','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','2026-01-01','USD','Usage','effective_cost',93,92,1,0,'2035.880000000093','2022.860000000092','13.020000000001','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('4fb7384f-c6ed-4163-b5d4-cdee599ec5b4','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','2026-01-01','USD','Usage','list_cost',93,92,1,0,'2035.880000000093','2022.860000000092','13.020000000001','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('4e9bb462-0239-4e79-add9-0e1de876fa50','7bd4f923-b7e1-4561-9550-bf9b6c820aa9','2026-01-01','USD','Usage','contracted_cost',93,92,1,0,'2035.880000000093','2022.860000000092','13.020000000001','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('8a2d3758-691b-46db-b649-77f7b91a45ef','34fdb7fc-497a-4f94-be2a-a238df720126','2026-02-01','USD','Usage','billed_cost',60,60,0,0,'1306.30000000006','1306.30000000006','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('11ede06b-e211-4610-95c8-6fc6df9f4e3b','34fdb7fc-497a-4f94-be2a-a238df720126','2026-02-01','USD','Usage','effective_cost',60,60,0,0,'1306.30000000006','1306.30000000006','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('402a6ad5-195a-4a17-8eb4-8d98f1ae2f09','34fdb7fc-497a-4f94-be2a-a238df720126','2026-02-01','USD','Usage','list_cost',60,60,0,0,'1306.30000000006','1306.30000000006','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('60a52c57-8839-495f-8264-25a0e7ce6233','34fdb7fc-497a-4f94-be2a-a238df720126','2026-02-01','USD','Usage','contracted_cost',60,60,0,0,'1306.30000000006','1306.30000000006','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('912d23c6-5689-4e27-adf1-2ecb21807d72','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','2026-02-01','USD','Usage','billed_cost',84,84,0,0,'1826.180000000084','1826.180000000084','0','0','1306.30000000006');
INSERT INTO "reconciliation_lines" VALUES('7eea91b6-2353-400e-a2bb-299c1c68349a','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','2026-02-01','USD','Usage','effective_cost',84,84,0,0,'1826.180000000084','1826.180000000084','0','0','1306.30000000006');
INSERT INTO "reconciliation_lines" VALUES('0b8f62be-beaf-4614-b597-0f7857f0647e','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','2026-02-01','USD','Usage','list_cost',84,84,0,0,'1826.180000000084','1826.180000000084','0','0','1306.30000000006');
INSERT INTO "reconciliation_lines" VALUES('3e10e3c5-1e25-4188-8fe1-275e1889f1d5','e65f24be-563e-4f4d-a3b2-40e1db31ffa0','2026-02-01','USD','Usage','contracted_cost',84,84,0,0,'1826.180000000084','1826.180000000084','0','0','1306.30000000006');
INSERT INTO "reconciliation_lines" VALUES('2de0f05b-bd73-4792-9cdc-9873950cd410','10e11681-e327-4abe-81a8-0da0119ee7e8','2026-03-01','USD','Usage','billed_cost',57,57,0,0,'1646.700000000057','1646.700000000057','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('fa61c042-5fc6-49ed-a27b-94b4a2277cc2','10e11681-e327-4abe-81a8-0da0119ee7e8','2026-03-01','USD','Usage','effective_cost',57,57,0,0,'1646.700000000057','1646.700000000057','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('fb9ebb12-6108-4981-b692-6541e156ad01','10e11681-e327-4abe-81a8-0da0119ee7e8','2026-03-01','USD','Usage','list_cost',57,57,0,0,'1646.700000000057','1646.700000000057','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('112412de-75f3-4779-9121-759b08ddca06','10e11681-e327-4abe-81a8-0da0119ee7e8','2026-03-01','USD','Usage','contracted_cost',57,57,0,0,'1646.700000000057','1646.700000000057','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('7284fdde-267c-4279-abec-3ff12641cb0b','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Usage','billed_cost',4,4,0,0,'0.1044','0.1044','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('32449522-a5be-4969-a226-a37d4d6f673e','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Usage','effective_cost',4,4,0,0,'0.1044','0.1044','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ae9512f5-0201-4e28-aa20-30f0d8837f1e','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Usage','list_cost',4,4,0,0,'1.98','1.98','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('a41e5f9c-7530-4d4d-bfeb-9f11114c2a47','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Usage','contracted_cost',4,4,0,0,'1.8324','1.8324','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ee499be1-de3e-45e2-983d-ece03682d5a2','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Purchase','billed_cost',4,4,0,0,'10.088','10.088','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('b3366daf-3f24-4bbb-b2a7-cb656e007acb','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Purchase','effective_cost',4,4,0,0,'9','9','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ff32493b-76ee-4e75-a4cd-7272138cf8a2','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Purchase','list_cost',4,4,0,0,'10.188','10.188','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('1dfe5c14-5a49-4718-bd6c-f6ca4bc062d3','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Purchase','contracted_cost',4,4,0,0,'10.188','10.188','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('70bf1c92-1adf-449b-93b5-bac1d7d21124','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Tax','billed_cost',1,1,0,0,'1.5','1.5','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('0d5541e2-d458-4c52-9320-0257e2cab7b8','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Tax','effective_cost',1,1,0,0,'1.5','1.5','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ef683165-38c0-4ed6-8f31-329812bbd8e9','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Tax','list_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('287d2e83-cbae-4a63-aa9f-1547e01e4966','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Tax','contracted_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ae707944-5320-48c6-92d9-c360638e5a4f','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Credit','billed_cost',1,1,0,0,'-2','-2','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('78ea63d0-46d2-4f7b-93de-7f105f90b080','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Credit','effective_cost',1,1,0,0,'-2','-2','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('6e86b8c2-54a0-4db9-882b-31581dfcaabd','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Credit','list_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('21263171-76c2-451f-8e16-77fde326d872','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Credit','contracted_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('2c4fea80-cbdb-40ba-92bb-458b0b92397e','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Adjustment','billed_cost',1,1,0,0,'0.001','0.001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('5b41c1f1-0e89-4629-9871-d24766b4e79c','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Adjustment','effective_cost',1,1,0,0,'0.001','0.001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('f7289075-98ea-4f22-bf34-19d65234e532','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Adjustment','list_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('14e93908-afbb-4ed1-b79d-d1e40cad9391','39f588f0-222b-468c-80d6-5c61595192e1','2024-09-01','EUR','Adjustment','contracted_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('9bf29616-c7e0-4a29-9898-7265b9a52ef7','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Usage','billed_cost',6,6,0,0,'0.1044','0.1044','0','0','0.1044');
INSERT INTO "reconciliation_lines" VALUES('83a6379f-c4d4-488e-bb1d-6e99893315d2','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Usage','effective_cost',6,6,0,0,'1.2924','1.2924','0','0','0.1044');
INSERT INTO "reconciliation_lines" VALUES('52929442-575f-464c-8264-bf5dd903e1fa','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Usage','list_cost',6,6,0,0,'2.16','2.16','0','0','1.98');
INSERT INTO "reconciliation_lines" VALUES('848a15a8-cbb6-4e19-8ce4-46b1f7bbc384','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Usage','contracted_cost',6,6,0,0,'2.0952','2.0952','0','0','1.8324');
INSERT INTO "reconciliation_lines" VALUES('57c85dcf-cbd2-4e94-a464-f30fbf109aa8','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Purchase','billed_cost',1,1,0,0,'9','9','0','0','10.088');
INSERT INTO "reconciliation_lines" VALUES('0c5db8fd-381c-4564-b041-8f6a78123562','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Purchase','effective_cost',1,1,0,0,'9','9','0','0','9');
INSERT INTO "reconciliation_lines" VALUES('733a435c-b067-4c88-9cd6-a8bb8858a477','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Purchase','list_cost',1,1,0,0,'9','9','0','0','10.188');
INSERT INTO "reconciliation_lines" VALUES('47e76c37-d7cd-491f-a2a9-c3211b8517c2','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Purchase','contracted_cost',1,1,0,0,'9','9','0','0','10.188');
INSERT INTO "reconciliation_lines" VALUES('c43b3022-6edb-4959-bedc-b2d6a9284075','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Tax','billed_cost',1,1,0,0,'1.5','1.5','0','0','1.5');
INSERT INTO "reconciliation_lines" VALUES('b6c2130e-b27f-4cc8-8aa2-d3e7d8c8c3c8','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Tax','effective_cost',1,1,0,0,'1.5','1.5','0','0','1.5');
INSERT INTO "reconciliation_lines" VALUES('16388186-e56e-4935-9c7d-1be32aa2888f','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Tax','list_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('53a63a9a-3228-40b2-bd3e-f7dbe236b9a9','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Tax','contracted_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('140bf66c-1a64-4e8b-8cd5-4fe7e3b8d716','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Credit','billed_cost',1,1,0,0,'-2','-2','0','0','-2');
INSERT INTO "reconciliation_lines" VALUES('07af7b66-aca6-4976-a16e-26be5e1c099e','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Credit','effective_cost',1,1,0,0,'-2','-2','0','0','-2');
INSERT INTO "reconciliation_lines" VALUES('5cf67fda-877d-4a86-b325-56997f256a24','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Credit','list_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('82c9fb53-eedf-447d-9963-49febbde9f02','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Credit','contracted_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('6be1369d-63f1-4a6a-b586-48941776583e','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Adjustment','billed_cost',1,1,0,0,'0.001','0.001','0','0','0.001');
INSERT INTO "reconciliation_lines" VALUES('cb673ded-e348-416a-bf86-12f9d46fb948','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Adjustment','effective_cost',1,1,0,0,'0.001','0.001','0','0','0.001');
INSERT INTO "reconciliation_lines" VALUES('e795f962-2c77-4b01-bb9e-670d5532fffe','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Adjustment','list_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('068c57aa-d1af-4e07-a056-278565b79def','360ba403-1b0d-4116-b2f1-156b9ef02c35','2024-09-01','EUR','Adjustment','contracted_cost',1,1,0,0,'0','0','0','0','0');
INSERT INTO "reconciliation_lines" VALUES('c7212e86-3615-4be3-a2b2-ff3d4e8f403b','47244f38-a7e9-42a3-813f-7251765f24cd','2024-09-01','EUR','Usage','billed_cost',2,2,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('4f7f4904-fa0a-4727-9234-a287f31761e7','47244f38-a7e9-42a3-813f-7251765f24cd','2024-09-01','EUR','Usage','effective_cost',2,2,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('9f6e687e-5302-4146-a076-1ef738d89569','47244f38-a7e9-42a3-813f-7251765f24cd','2024-09-01','EUR','Usage','list_cost',2,2,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('44710c96-0f63-49cb-9113-50e8e81479ab','47244f38-a7e9-42a3-813f-7251765f24cd','2024-09-01','EUR','Usage','contracted_cost',2,2,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('5bafd2e6-b25f-43d8-b473-3ca825ee5097','47244f38-a7e9-42a3-813f-7251765f24cd','2024-10-01','EUR','Usage','billed_cost',1,1,0,0,'0.00003825','0.00003825','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('4f565935-dd5c-41e6-8637-a5a5f0920f25','47244f38-a7e9-42a3-813f-7251765f24cd','2024-10-01','EUR','Usage','effective_cost',1,1,0,0,'0.00003825','0.00003825','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('a66ad2db-187a-47c6-ae87-af873b948e90','47244f38-a7e9-42a3-813f-7251765f24cd','2024-10-01','EUR','Usage','list_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('35fc58ba-d637-4320-8ac0-cc673fd83e96','47244f38-a7e9-42a3-813f-7251765f24cd','2024-10-01','EUR','Usage','contracted_cost',1,1,0,0,'0.00003825','0.00003825','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('4a166253-a218-4e67-8e13-80a3ab8e6ef8','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Usage','billed_cost',1,1,0,0,'1.1','1.1','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('787f4c31-0512-4d02-876f-907248dabbfb','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Usage','effective_cost',1,1,0,0,'1.1','1.1','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('f189b65d-66ef-4163-bcf3-561a03bb70d3','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Usage','list_cost',1,1,0,0,'1.5','1.5','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('1612e71e-c2dd-4b7a-b43f-08df0c88c62b','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Usage','contracted_cost',1,1,0,0,'1.1','1.1','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('e59f8f97-35b5-4ec4-a693-b1992bed71db','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Credit','billed_cost',2,2,0,0,'-1.1','-1.1','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('a5c3a58e-0cb6-4c93-a500-a330426a50f7','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Credit','effective_cost',2,2,0,0,'-1.1','-1.1','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('3ba19ecf-2387-4687-876b-70327e59ee05','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Credit','list_cost',2,2,0,0,'-0.8','-0.8','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('04ea99ca-9e77-40b9-b18f-bb759dac0dd7','2a49b647-83a3-48de-b9bc-2032acf07006','2024-08-01','USD','Credit','contracted_cost',2,2,0,0,'-0.8','-0.8','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('2e8e6491-2ff7-411f-a72e-7c119f06f66e','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Usage','billed_cost',2,2,0,0,'2.2500001','2.2500001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('12501974-3d06-48c9-801b-1f48ce0c044a','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Usage','effective_cost',2,2,0,0,'2.2500001','2.2500001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('37329b70-0b5f-44f0-83ac-d1f56d6bd3fb','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Usage','list_cost',2,2,0,0,'2.5000001','2.5000001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('38a8a380-8e52-4e62-8182-91a1c405149e','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Usage','contracted_cost',2,2,0,0,'2.2500001','2.2500001','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('2580ac2a-decd-43e9-b700-56ca4c5f696f','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Tax','billed_cost',1,1,0,0,'0.2','0.2','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('3315405c-7d8b-42d3-8d43-34b0827fc560','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Tax','effective_cost',1,1,0,0,'0.2','0.2','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('9b87b101-0927-42d6-ba1d-325365168132','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Tax','list_cost',1,1,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('3ea089ef-7592-49fc-a4d5-5dd36ecb1829','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Tax','contracted_cost',1,1,0,0,'0.2','0.2','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('481956e3-c326-41bf-9acd-e5cadf147f0b','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Adjustment','billed_cost',2,2,0,0,'-0.496','-0.496','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('1ae96291-e4af-4f40-a6bb-5c6a2aa4764b','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Adjustment','effective_cost',2,2,0,0,'-0.496','-0.496','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('04d3184d-27a7-4258-b4c9-e157b35e9e60','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Adjustment','list_cost',2,2,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('fe6d75e0-a6a4-4b50-8372-8335edd1efc5','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Adjustment','contracted_cost',2,2,0,0,'-0.496','-0.496','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('25fe6af3-222a-4593-9a1b-5176a32c8968','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Credit','billed_cost',1,1,0,0,'-0.00000025','-0.00000025','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('2079339e-6245-4dce-86ef-d9d44ef9b234','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Credit','effective_cost',1,1,0,0,'-0.00000025','-0.00000025','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('18a5922e-1971-4c2e-859a-c305f4d59ee8','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Credit','list_cost',1,1,0,0,'-0.00000025','-0.00000025','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('266cc58f-fbb6-4498-bcc3-c85bbc64c8f1','2a49b647-83a3-48de-b9bc-2032acf07006','2024-09-01','USD','Credit','contracted_cost',1,1,0,0,'-0.00000025','-0.00000025','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('b4e991e4-f948-4310-a9d4-5946c45073fa','9a80ce79-85c4-4b33-a10b-b11c427c20c9','2025-12-01','USD','Usage','billed_cost',15,15,0,0,'325.450000000015','325.450000000015','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('bf014299-7b80-493c-84c5-b88167fb5a11','9a80ce79-85c4-4b33-a10b-b11c427c20c9','2025-12-01','USD','Usage','effective_cost',15,15,0,0,'325.450000000015','325.450000000015','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('a07535b9-09c0-4827-a852-072de023fdd9','9a80ce79-85c4-4b33-a10b-b11c427c20c9','2025-12-01','USD','Usage','list_cost',15,15,0,0,'325.450000000015','325.450000000015','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('dea435c3-01ed-4f9c-bad5-d9f55c00a047','9a80ce79-85c4-4b33-a10b-b11c427c20c9','2025-12-01','USD','Usage','contracted_cost',15,15,0,0,'325.450000000015','325.450000000015','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('f99590bf-a103-4dc7-a73a-d1c399d61ca2','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Purchase','billed_cost',6,6,0,0,'1.28064','1.28064','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ef0e6a0a-ba75-488f-ba79-84473e2c0c51','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Purchase','effective_cost',6,6,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('f0099912-f0ba-4739-b609-f6dd06d88db5','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Purchase','list_cost',6,6,0,0,'1.28064','1.28064','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('46f3cc2e-e607-418f-a968-bbd0dcac2a24','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Purchase','contracted_cost',6,6,0,0,'1.28064','1.28064','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('f3d97464-f99e-4266-9435-d921ae10f8f5','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Usage','billed_cost',18,18,0,0,'0','0','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('0b3b0888-7f29-43a3-a14d-3be3b87f74f7','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Usage','effective_cost',18,18,0,0,'1.28064','1.28064','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('6accca1b-60f8-46a8-bb38-9fa20d4feb42','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Usage','list_cost',18,18,0,0,'1.788787344','1.788787344','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('ea178c21-db43-48f8-b74e-f760aad83e74','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Usage','contracted_cost',18,18,0,0,'1.636190544','1.636190544','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('e9f451e8-e73b-4bf0-bae8-95c7568a2288','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Tax','billed_cost',1,1,0,0,'26.058559','26.058559','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('3be9b5a9-a2a3-4229-a5e8-0cbd2f23e23b','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Tax','effective_cost',1,1,0,0,'26.058559','26.058559','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('cc824ea6-06e8-4dd0-ae13-43a6de135401','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Tax','list_cost',1,1,0,0,'26.058559','26.058559','0','0',NULL);
INSERT INTO "reconciliation_lines" VALUES('6aa29d04-0ac4-4073-8c16-e0a274919c7f','44a6a80a-7eb6-47b2-b766-c0a2ca0dec54','2026-05-01','USD','Tax','contracted_cost',1,1,0,0,'26.058559','26.058559','0','0',NULL);
CREATE TABLE setup_state (
	name VARCHAR(60) NOT NULL, 
	value TEXT NOT NULL, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_setup_state PRIMARY KEY (name)
);
CREATE TABLE sources (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	format VARCHAR(40), 
	currency VARCHAR(3), 
	settings JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (id), 
	CONSTRAINT fk_sources_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sources_organization_id_name UNIQUE (organization_id, name)
);
INSERT INTO "sources" VALUES('99afdc0d-1b9f-4b4f-947f-23f22e5ee545','12b225bc-e4d8-4d7d-af53-8895e59604c6','aws','focus',NULL,'{}','2026-03-21 09:00:03.644694');
INSERT INTO "sources" VALUES('0f84ff04-eb00-40f0-8fbf-1e3e05627796','12b225bc-e4d8-4d7d-af53-8895e59604c6','azure','azure',NULL,'{}','2026-03-21 09:00:12.350689');
INSERT INTO "sources" VALUES('4ab6792d-85ca-4608-b63a-c90e8158e6b0','12b225bc-e4d8-4d7d-af53-8895e59604c6','oracle','oci',NULL,'{}','2026-03-21 09:00:16.554225');
INSERT INTO "sources" VALUES('640735ed-3b5a-465f-97ef-55cb42eb5552','12b225bc-e4d8-4d7d-af53-8895e59604c6','google','gcp',NULL,'{}','2026-03-21 09:00:18.381096');
INSERT INTO "sources" VALUES('283e946d-d409-4a7b-8bfc-0c4371131f2b','12b225bc-e4d8-4d7d-af53-8895e59604c6','trial','focus',NULL,'{}','2026-03-21 09:00:19.871606');
INSERT INTO "sources" VALUES('ca8d9ec1-d517-4f71-a4de-0b5dab2103bb','245d7fdf-d8c4-4972-9803-8503e7814b33','focus','focus',NULL,'{}','2026-03-21 09:00:24.389198');
CREATE TABLE throttle_counters (
	name VARCHAR(120) NOT NULL, 
	attempts INTEGER NOT NULL, 
	ends_at DATETIME NOT NULL, 
	CONSTRAINT pk_throttle_counters PRIMARY KEY (name)
);
CREATE TABLE user_sessions (
	id VARCHAR(36) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	password_confirmed_at DATETIME NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	user_agent VARCHAR(300) NOT NULL, 
	CONSTRAINT pk_user_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_user_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_user_sessions_token_digest UNIQUE (token_digest)
);
CREATE TABLE users (
	id VARCHAR(36) NOT NULL, 
	organization_id VARCHAR(36) NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	password_hash VARCHAR(200) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	is_active BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT fk_users_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_users_email UNIQUE (email)
);
INSERT INTO "users" VALUES('5df5cacb-b4c9-4aa8-ae78-2b254b25039d','12b225bc-e4d8-4d7d-af53-8895e59604c6','admin@acme.example','','$argon2id$v=19$m=19456,t=2,p=1$7v4yQEPjFGfCY3rLJDkTog$HG5eYw5gsBVwHqYmatMbeNNHmu5rJvuB+tEVV5NxQP4','admin',1,'2026-03-21 09:00:01.494287');
INSERT INTO "users" VALUES('fef9313b-492c-40d9-984a-59d15ab9b1a9','245d7fdf-d8c4-4972-9803-8503e7814b33','admin@elsewhere.example','','$argon2id$v=19$m=19456,t=2,p=1$hDIUrvBF9YafJKF3biAqew$yViVLmLdc7tklggxxTlUKNwtdPVYtGzB9ymelLg/bGA','admin',1,'2026-03-21 09:00:01.622018');
INSERT INTO "users" VALUES('5a81d88d-d9f6-4546-9227-87259fc4319c','12b225bc-e4d8-4d7d-af53-8895e59604c6','bob@acme.example','','$argon2id$v=19$m=19456,t=2,p=1$YeFbgj/Y1q6GCvxyPXj6GA$///LPuu0TlHE32JC4hViqB3VizjO0MKW/sGhEOn0SgI','member',1,'2026-03-21 09:00:01.755559');
CREATE TABLE worker_heartbeats (
	id VARCHAR(100) NOT NULL, 
	seen_at DATETIME NOT NULL, 
	CONSTRAINT pk_worker_heartbeats PRIMARY KEY (id)
);
INSERT INTO "worker_heartbeats" VALUES('vm:20286','2026-03-21 09:00:22.869815');
CREATE INDEX ix_audit_entries_organization_id_at ON audit_entries (organization_id, at);
CREATE INDEX ix_throttle_counters_ends_at ON throttle_counters (ends_at);
CREATE INDEX ix_anomalies_organization_id ON anomalies (organization_id);
CREATE INDEX ix_api_keys_organization_id ON api_keys (organization_id);
CREATE INDEX ix_budgets_organization_id ON budgets (organization_id);
CREATE INDEX ix_events_organization_id ON events (organization_id);
CREATE INDEX ix_events_subject_id ON events (subject_id);
CREATE INDEX ix_idempotency_records_created_at ON idempotency_records (created_at);
CREATE INDEX ix_idempotency_records_organization_id ON idempotency_records (organization_id);
CREATE INDEX ix_jobs_organization_id ON jobs (organization_id);
CREATE INDEX ix_jobs_state_run_at ON jobs (state, run_at);
CREATE INDEX ix_sources_organization_id ON sources (organization_id);
CREATE INDEX ix_users_organization_id ON users (organization_id);
CREATE INDEX ix_anomaly_judgements_anomaly_id ON anomaly_judgements (anomaly_id);
CREATE INDEX ix_imports_organization_id_created_at ON imports (organization_id, created_at);
CREATE INDEX ix_imports_sha256 ON imports (sha256);
CREATE INDEX ix_invitations_organization_id ON invitations (organization_id);
CREATE INDEX ix_user_sessions_user_id ON user_sessions (user_id);
CREATE INDEX ix_deliveries_import_id ON deliveries (import_id);
CREATE INDEX ix_deliveries_organization_id_is_live ON deliveries (organization_id, is_live);
CREATE INDEX ix_deliveries_replaced_by_id ON deliveries (replaced_by_id);
CREATE INDEX ix_deliveries_scope ON deliveries (organization_id, source_id, billing_account_id, billing_period);
CREATE INDEX ix_reconciliation_lines_import_id ON reconciliation_lines (import_id);
CREATE INDEX ix_delivery_files_delivery_id ON delivery_files (delivery_id);
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
COMMIT;
