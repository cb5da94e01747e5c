"""UNSW-NB15: synthetic attacks beside captured traffic, made at UNSW Canberra in 2015."""

from __future__ import annotations

from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile

# Kinds after the description of the features that its authors publish beside the data. ``id`` numbers the rows, so no
# model sees it.
COLUMNS = (
    Column("dur", "real", "log1p", minimum=0),
    Column("proto", "categorical"),
    Column("service", "categorical"),
    Column("state", "categorical"),
    Column("spkts", "count", "log1p"),
    Column("dpkts", "count", "log1p"),
    Column("sbytes", "count", "log1p"),
    Column("dbytes", "count", "log1p"),
    Column("rate", "real", "log1p", minimum=0),
    Column("sttl", "count"),
    Column("dttl", "count"),
    Column("sload", "real", "log1p", minimum=0),
    Column("dload", "real", "log1p", minimum=0),
    Column("sloss", "count", "log1p"),
    Column("dloss", "count", "log1p"),
    Column("sinpkt", "real", "log1p", minimum=0),
    Column("dinpkt", "real", "log1p", minimum=0),
    Column("sjit", "real", "log1p", minimum=0),
    Column("djit", "real", "log1p", minimum=0),
    Column("swin", "count"),
    Column("stcpb", "count"),
    Column("dtcpb", "count"),
    Column("dwin", "count"),
    Column("tcprtt", "real", "log1p", minimum=0),
    Column("synack", "real", "log1p", minimum=0),
    Column("ackdat", "real", "log1p", minimum=0),
    Column("smean", "count", "log1p"),
    Column("dmean", "count", "log1p"),
    Column("trans_depth", "count", "log1p"),
    Column("response_body_len", "count", "log1p"),
    Column("ct_srv_src", "count", "log1p"),
    Column("ct_state_ttl", "count"),
    Column("ct_dst_ltm", "count", "log1p"),
    Column("ct_src_dport_ltm", "count", "log1p"),
    Column("ct_dst_sport_ltm", "count", "log1p"),
    Column("ct_dst_src_ltm", "count", "log1p"),
    Column("is_ftp_login", "binary"),
    Column("ct_ftp_cmd", "count"),
    Column("ct_flw_http_mthd", "count", "log1p"),
    Column("ct_src_ltm", "count", "log1p"),
    Column("ct_srv_dst", "count", "log1p"),
    Column("is_sm_ips_ports", "binary"),
)

CLASSES = (
    "Normal",
    "Generic",
    "Exploits",
    "Fuzzers",
    "DoS",
    "Reconnaissance",
    "Analysis",
    "Backdoor",
    "Shellcode",
    "Worms",
)

DATASET = DatasetSpec(
    name="unsw-nb15",
    columns=COLUMNS,
    label_column="attack_cat",
    label_maps=(
        LabelMap("unsw-nb15", CLASSES, "Normal"),
        LabelMap("binary", ("Normal", "Attack"), "Normal", dict.fromkeys(CLASSES, "Attack") | {"Normal": "Normal"}),
    ),
    # Copies swap the names of the two halves of the authors' partition, so that a name tells nothing about which of
    # them a file holds. A hold-out is therefore made from the rows of whichever is searched on.
    files=(
        SourceFile(
            name="UNSW-NB15-82332",
            filename="UNSW_NB15_training-set.csv",
            sha256="734fe6642edf758f7c94d7d9149426b49d202fe8e7bf0bef47392489c3c0a559",
            rows=82_332,
            size=15_380_800,
            features="06f48e0d8dba66d3",
            role="training",
        ),
    ),
    hold_out=0.2,
    citation=(
        "Moustafa, Slay: UNSW-NB15: A Comprehensive Data Set for Network Intrusion Detection Systems. MilCIS 2015"
    ),
)
