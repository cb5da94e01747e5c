"""A data set unlike NSL-KDD, as a contributor would add it: this file is all that there is of it."""

from __future__ import annotations

from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile

CLASSES = ("Benign", "Botnet", "BruteForce", "DDoS", "Infiltration", "PortScan", "Web")

DATASET = DatasetSpec(
    name="flows",
    columns=(
        Column("duration", "real", "log1p", minimum=0),
        Column("jitter", "real", "arcsinh"),
        Column("clock_offset", "integer"),
        Column("balance", "real", minimum=-1, maximum=1),
        Column("packets", "count", "log1p"),
        Column("urgent", "binary"),
    ),
    label_column="category",
    attack_column="attack",
    label_maps=(
        LabelMap("categories", CLASSES, "Benign"),
        LabelMap(
            "families",
            ("Benign", "Flood", "Intrusion"),
            "Benign",
            dict.fromkeys(CLASSES, "Intrusion") | {"Benign": "Benign", "DDoS": "Flood", "Botnet": "Flood"},
        ),
        LabelMap("binary", ("Attack", "Benign"), "Benign", dict.fromkeys(CLASSES, "Attack") | {"Benign": "Benign"}),
    ),
    files=(
        SourceFile("monday", "monday.csv", sha256="0" * 64, rows=420, role="training"),
        SourceFile("friday", "friday.csv", sha256="1" * 64, rows=140, role="held-out"),
    ),
    citation="Made up for the tests",
)
