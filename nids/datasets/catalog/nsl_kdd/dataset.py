"""NSL-KDD: KDD Cup 1999 without its redundant records."""

from __future__ import annotations

from nids.datasets.catalog.nsl_kdd.published import PAPER
from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile, Subset

# Kinds after the task description of KDD Cup 1999 (http://kdd.ics.uci.edu/databases/kddcup99/task.html).
COLUMNS = (
    Column("duration", "count", "log1p"),
    Column("protocol_type", "categorical"),
    Column("service", "categorical"),
    Column("flag", "categorical"),
    Column("src_bytes", "count", "log1p"),
    Column("dst_bytes", "count", "log1p"),
    Column("land", "binary"),
    Column("wrong_fragment", "count"),
    Column("urgent", "count"),
    Column("hot", "count", "log1p"),
    Column("num_failed_logins", "count"),
    Column("logged_in", "binary"),
    Column("num_compromised", "count", "log1p"),
    Column("root_shell", "binary"),
    Column("su_attempted", "binary"),
    Column("num_root", "count", "log1p"),
    Column("num_file_creations", "count", "log1p"),
    Column("num_shells", "count"),
    Column("num_access_files", "count"),
    Column("num_outbound_cmds", "count"),
    Column("is_host_login", "binary"),
    Column("is_guest_login", "binary"),
    Column("count", "count", "log1p"),
    Column("srv_count", "count", "log1p"),
    Column("serror_rate", "rate"),
    Column("srv_serror_rate", "rate"),
    Column("rerror_rate", "rate"),
    Column("srv_rerror_rate", "rate"),
    Column("same_srv_rate", "rate"),
    Column("diff_srv_rate", "rate"),
    Column("srv_diff_host_rate", "rate"),
    Column("dst_host_count", "count"),
    Column("dst_host_srv_count", "count"),
    Column("dst_host_same_srv_rate", "rate"),
    Column("dst_host_diff_srv_rate", "rate"),
    Column("dst_host_same_src_port_rate", "rate"),
    Column("dst_host_srv_diff_host_rate", "rate"),
    Column("dst_host_serror_rate", "rate"),
    Column("dst_host_srv_serror_rate", "rate"),
    Column("dst_host_rerror_rate", "rate"),
    Column("dst_host_srv_rerror_rate", "rate"),
)

CLASSES = ("Normal", "DoS", "Probe", "R2L", "U2R")

_ATTACKS = {
    "Normal": "normal",
    "DoS": "back land neptune pod smurf teardrop apache2 udpstorm processtable mailbomb worm",
    "Probe": "satan ipsweep nmap portsweep mscan saint",
    "R2L": "guess_passwd ftp_write imap phf multihop warezmaster warezclient spy xlock xsnoop snmpguess "
    "snmpgetattack httptunnel sendmail named",
    "U2R": "buffer_overflow loadmodule rootkit perl sqlattack xterm ps",
}
# Columns that copies of KDD Cup 1999 call by their name with an "l" before it.
_WITH_L = (
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
)
_CLASS_OF_ATTACK = {attack: name for name, attacks in _ATTACKS.items() for attack in attacks.split()}


DATASET = DatasetSpec(
    name="nsl-kdd",
    columns=COLUMNS,
    label_column="attack",
    label_maps=(
        LabelMap("nsl-kdd", CLASSES, "Normal", _CLASS_OF_ATTACK),
        # This variant is common in publications too; both differ in attacks of the test files only.
        LabelMap("nsl-kdd-variant", CLASSES, "Normal", {**_CLASS_OF_ATTACK, "worm": "R2L", "httptunnel": "U2R"}),
        # Copies of the files tell normal from anomaly and no more: those in ARFF, and those of a Kaggle competition.
        LabelMap(
            "binary",
            ("Normal", "Attack"),
            "Normal",
            {**dict.fromkeys(_CLASS_OF_ATTACK, "Attack"), "anomaly": "Attack", "normal": "Normal"},
        ),
    ),
    aliases={
        "attack": ("class", "label", "labels", "outcome", "attack_type", "target"),
        "is_host_login": ("is_hot_login",),
        **{name: (f"l{name}",) for name in _WITH_L},
    },
    loose_labels=True,  # those of KDD Cup 1999 end in a dot
    # The difficulty is how many of 21 classifiers were right about the row: derived from the labels, so no model may
    # see it.
    layout=(*(column.name for column in COLUMNS), "attack", "difficulty"),
    files=(
        SourceFile(
            name="KDDTrain+",
            filename="KDDTrain+.txt",
            sha256="1b86d2f957b33082081bba410fe129b475efebcc13c9014c3f447c8271aadf95",
            rows=125_973,
            size=19_109_424,
            features="4ff57d462a0310d6",
            role="training",
        ),
        SourceFile(
            name="KDDTrain+_20Percent",
            filename="KDDTrain+_20Percent.txt",
            sha256="7ea86479faab5ca2190b7f18b4982fb058ce5bf2b46e0e1017d0d9ef90f9c16e",
            rows=25_192,
            size=3_822_033,
            features="ec21b60be570e039",
            role="training",
        ),
        SourceFile(
            name="KDDTest+",
            filename="KDDTest+.txt",
            sha256="fa46b0935342616aa83b7c2578db355b6a7aaabbc492248172c7a1e8b7ab8f84",
            rows=22_544,
            size=3_441_513,
            features="0f7fe60b8b928399",
            role="held-out",
        ),
        SourceFile(
            name="KDDTest-21",
            filename="KDDTest-21.txt",
            sha256="746993ac9e25868827cacf09eab450050a2a1056e1ce48a1ad39f5dc801d531d",
            rows=11_850,
            size=1_814_092,
            features="0fd6b96f70887c08",
            role="held-out",
            subset=Subset("KDDTest+", "difficulty", below=21),  # without the rows that all 21 classifiers got right
        ),
    ),
    citation="Tavallaee, Bagheri, Lu, Ghorbani: A Detailed Analysis of the KDD CUP 99 Data Set. CISDA 2009",
    mirrors=(
        "https://raw.githubusercontent.com/defcom17/NSL_KDD/master/{filename}",
        "https://raw.githubusercontent.com/jmnwong/NSL-KDD-Dataset/master/{filename}",
        "https://raw.githubusercontent.com/HoaNP/NSL-KDD-DataSet/master/{filename}",
    ),
    published=(PAPER,),
)
