"""What the synthetic sample draws from: how each attack, and benign traffic, shows in one connection.

The numbers are round and written by hand: the frequencies of attacks and common services after their totals in
KDDTrain+, the rest after what is generally known of the attacks (Kendall: A Database of Computer Attacks for the
Evaluation of Intrusion Detection Systems. MIT 1999, describes them). No captured row was copied or fitted. How far
classes overlap was set by trial, so that a random forest confuses some rows, as it does on the real data: a stolen
session looks like a session, a slow scan like stray traffic, a busy server like a flooded one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nids.datasets.catalog.nsl_kdd_sample.distributions import Around, Between, Fixed, Rate, Sometimes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.datasets.catalog.nsl_kdd_sample.distributions import Distribution

    Values = Mapping[str, Distribution]


@dataclass(frozen=True)
class Behaviour:
    """One way in which an attack, or benign traffic, shows.

    Attributes:
        attack: Its name; "normal" for benign traffic.
        weight: How frequent it is, against the other behaviours of its class.
        connections: Weights of "protocol service flag".
        same_service: Probability that another connection to the host within two seconds asks for the same
            service.
        values: Distributions by feature, of those that are not 0 and do not follow from others; and of
            "elsewhere", the number of connections to the same service of other hosts within two seconds.
    """

    attack: str
    weight: float
    connections: Mapping[str, float]
    same_service: float
    values: Values


def _to(services: str, protocol_and_flag: str, weight: float) -> dict[str, float]:
    """Return connections to several services, all equally likely."""
    protocol, flag = protocol_and_flag.split()
    names = services.split()
    return {f"{protocol} {service} {flag}": weight / len(names) for service in names}


_ONE, _MANY = Between(1, 5), Between(1, 40)
_LOGGED_IN: Values = {"logged_in": Fixed(1)}
# Where connections come and go all day, the window of the last 100 connections to a host is full.
_BUSY_HOST: Values = {
    "dst_host_count": Between(30, 255),
    "dst_host_srv_count": Between(150, 255),
    "dst_host_same_src_port_rate": Rate(0.03),
    "dst_host_srv_diff_host_rate": Rate(0.04),
}
_MIXED_HOST: Values = {
    "dst_host_count": Between(20, 255),
    "dst_host_srv_count": Between(1, 90),
    "dst_host_diff_srv_rate": Rate(0.06),
    "dst_host_same_src_port_rate": Rate(0.05),
}
_QUIET_HOST: Values = {
    "dst_host_count": Between(1, 60),
    "dst_host_srv_count": Between(1, 30),
    "dst_host_diff_srv_rate": Rate(0.1),
    "dst_host_same_src_port_rate": Rate(0.2),
    "dst_host_srv_diff_host_rate": Rate(0.05),
}
_SCANNED_HOST: Values = {
    "dst_host_count": Between(150, 255),
    "dst_host_srv_count": Between(1, 20),
    "dst_host_diff_srv_rate": Rate(0.5),
    "dst_host_same_src_port_rate": Rate(0.2),
}
_FLOODED_HOST: Values = {
    "dst_host_count": Between(200, 255),
    "dst_host_srv_count": Between(1, 26),
    "dst_host_diff_srv_rate": Rate(0.07),
}
# Of an interactive session, whoever types: benign users become root and create files too, only less often.
_SESSION: Values = {
    **_LOGGED_IN,
    **_QUIET_HOST,
    "count": _ONE,
    "duration": Around(90, 1.3),
    "src_bytes": Around(700, 1),
    "dst_bytes": Around(3000, 1.1),
}

_RARE_SERVICES = (
    "Z39_50 bgp courier csnet_ns ctf daytime discard echo efs exec gopher hostnames http_443 iso_tsap "
    "klogin kshell ldap link login mtp name netbios_dgm netbios_ns netbios_ssn netstat nnsp nntp pop_2 "
    "printer remote_job rje shell sql_net sunrpc supdup systat uucp uucp_path vmnet whois"
)

# A behaviour reads as a paragraph, not as a column.
# fmt: off
BEHAVIOURS = (
    Behaviour("normal", 50, same_service=0.98,
        connections={"tcp http SF": 95, "tcp http REJ": 2, "tcp http S1": 1, "tcp http RSTO": 1,
         "tcp http RSTR": 1},
        values={**_LOGGED_IN, **_BUSY_HOST, "count": Around(6, 0.9),
         "elsewhere": Sometimes(0.4, Around(6, 0.8)), "src_bytes": Around(250, 0.3),
         "dst_bytes": Around(1800, 1.3), "hot": Sometimes(0.02, Between(1, 2)),
         "duration": Sometimes(0.1, Around(3, 1.2))}),
    Behaviour("normal", 10, same_service=0.9,
        connections={"tcp smtp SF": 97, "tcp smtp REJ": 2, "tcp smtp S1": 1},
        values={**_LOGGED_IN, **_MIXED_HOST, "count": _ONE, "elsewhere": Sometimes(0.3, _ONE),
         "duration": Around(1, 1), "src_bytes": Around(1100, 0.8), "dst_bytes": Around(330, 0.2)}),
    Behaviour("normal", 17, same_service=0.97,
        connections={"udp domain_u SF": 80, "udp private SF": 8, "udp other SF": 8, "udp ntp_u SF": 4},
        values={**_BUSY_HOST, "count": Around(60, 1), "elsewhere": Sometimes(0.2, _MANY),
         "src_bytes": Around(44, 0.2), "dst_bytes": Sometimes(0.85, Around(90, 0.5))}),
    Behaviour("normal", 3, same_service=0.97,
        connections={"icmp eco_i SF": 50, "icmp ecr_i SF": 25, "icmp urp_i SF": 20, "icmp tim_i SF": 4,
         "icmp red_i SF": 1},
        values={**_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.3, _MANY),
         "src_bytes": Around(30, 0.9)}),
    Behaviour("normal", 9, same_service=0.95,
        connections={"tcp ftp_data SF": 97, "tcp ftp_data S1": 3},
        values={**_LOGGED_IN, **_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.1, _ONE),
         "duration": Sometimes(0.3, Around(3, 1.3)), "src_bytes": Sometimes(0.6, Around(1500, 2)),
         "dst_bytes": Sometimes(0.4, Around(3000, 2)), "is_guest_login": Sometimes(0.05, Fixed(1))}),
    Behaviour("normal", 3, same_service=0.9,
        connections={"tcp ftp SF": 95, "tcp ftp RSTO": 5},
        values={**_SESSION, "src_bytes": Around(150, 0.8), "dst_bytes": Around(600, 0.8),
         "hot": Sometimes(0.5, Around(3, 1)), "is_guest_login": Sometimes(0.4, Fixed(1)),
         "num_file_creations": Sometimes(0.05, _ONE), "num_access_files": Sometimes(0.02, Fixed(1))}),
    Behaviour("normal", 2.5, same_service=0.9,
        connections={"tcp telnet SF": 92, "tcp login SF": 4, "tcp ssh SF": 2, "tcp telnet S3": 2},
        values={**_SESSION, "hot": Sometimes(0.1, _ONE), "num_failed_logins": Sometimes(0.04, Fixed(1)),
         "num_compromised": Sometimes(0.06, Around(2, 0.8)), "root_shell": Sometimes(0.04, Fixed(1)),
         "su_attempted": Sometimes(0.03, Fixed(1)), "num_root": Sometimes(0.05, Around(4, 1)),
         "num_file_creations": Sometimes(0.06, _ONE), "num_shells": Sometimes(0.03, Fixed(1)),
         "num_access_files": Sometimes(0.08, Fixed(1))}),
    Behaviour("normal", 3, same_service=0.9,
        connections={"tcp finger SF": 35, "tcp auth SF": 25, "tcp pop_3 SF": 20, "tcp domain SF": 4,
         "tcp time SF": 5, "tcp IRC SF": 6, "tcp X11 SF": 5},
        values={**_MIXED_HOST, "count": _ONE, "logged_in": Sometimes(0.4, Fixed(1)),
         "duration": Sometimes(0.3, Around(5, 1.5)), "src_bytes": Around(20, 1),
         "dst_bytes": Around(150, 1.2)}),
    Behaviour("normal", 0.5, same_service=0.9,
        connections={"tcp pop_3 SF": 60, "tcp telnet SF": 30, "tcp telnet RSTO": 10},
        values={**_MIXED_HOST, "count": _ONE, "num_failed_logins": Between(1, 2), "duration": Around(4, 0.8),
         "src_bytes": Around(120, 0.4), "dst_bytes": Around(180, 0.4)}),
    Behaviour("normal", 1.2, same_service=0.3,
        connections={"tcp private REJ": 40, "tcp other REJ": 20, "tcp http S0": 15, "tcp private S0": 15,
         "tcp smtp S0": 10},
        values={**_SCANNED_HOST, "count": Around(8, 1)}),
    Behaviour("normal", 0.8, same_service=0.4,
        connections={"tcp http S0": 60, "tcp telnet S0": 20, "tcp ftp S0": 20},
        values={**_FLOODED_HOST, "count": Around(90, 0.6)}),
    Behaviour("neptune", 76, same_service=0.07,
        connections=_to("private", "tcp S0", 25) | _to(_RARE_SERVICES, "tcp S0", 45)
        | _to("http telnet ftp smtp finger", "tcp S0", 12),
        values={**_FLOODED_HOST, "count": Around(160, 0.4), "elsewhere": Sometimes(0.1, _ONE)}),
    Behaviour("neptune", 13, same_service=0.07,
        connections=_to("private", "tcp REJ", 40) | _to(_RARE_SERVICES, "tcp REJ", 50)
        | _to(_RARE_SERVICES, "tcp RSTO", 10),
        values={**_FLOODED_HOST, "count": Around(160, 0.4)}),
    Behaviour("neptune", 1, same_service=0.6,
        connections=_to("http telnet ftp smtp finger", "tcp S0", 1),
        values={**_SCANNED_HOST, "count": Around(25, 0.8)}),
    Behaviour("smurf", 5.7, same_service=1.0,
        connections={"icmp ecr_i SF": 1},
        values={**_BUSY_HOST, "count": Around(400, 0.6), "src_bytes": Between(508, 1032),
         "dst_host_same_src_port_rate": Rate(0.9)}),
    Behaviour("pod", 0.4, same_service=0.95,
        connections={"icmp ecr_i SF": 80, "icmp tim_i SF": 20},
        values={**_QUIET_HOST, "count": _MANY, "src_bytes": Around(1480, 0.1),
         "wrong_fragment": Sometimes(0.9, Fixed(1))}),
    Behaviour("teardrop", 1.9, same_service=0.98,
        connections={"udp private SF": 1},
        values={**_MIXED_HOST, "count": Around(70, 0.6), "src_bytes": Fixed(28),
         "wrong_fragment": Sometimes(0.95, Between(1, 3))}),
    Behaviour("back", 2, same_service=0.98,
        connections={"tcp http SF": 85, "tcp http RSTR": 15},
        values={**_LOGGED_IN, **_BUSY_HOST, "count": Around(6, 0.7),
         "src_bytes": Sometimes(0.9, Around(50000, 0.3)), "dst_bytes": Around(8000, 0.2),
         "hot": Sometimes(0.9, Between(1, 2)), "num_compromised": Sometimes(0.9, Fixed(1))}),
    Behaviour("land", 0.05, same_service=1.0,
        connections={"tcp finger S0": 60, "tcp telnet S0": 40},
        values={**_QUIET_HOST, "count": _ONE, "land": Fixed(1)}),
    Behaviour("satan", 24, same_service=0.05,
        connections=_to("private other", "tcp REJ", 45) | _to(_RARE_SERVICES, "tcp REJ", 25)
        | _to(_RARE_SERVICES, "tcp S0", 8) | _to("private other", "udp SF", 12)
        | _to("http finger telnet", "tcp SF", 10),
        values={**_SCANNED_HOST, "count": Around(40, 1.4), "elsewhere": Sometimes(0.2, _MANY),
         "src_bytes": Sometimes(0.4, Around(10, 0.8)), "dst_bytes": Sometimes(0.1, Around(100, 1))}),
    Behaviour("satan", 7, same_service=0.07,
        connections=_to("private", "tcp REJ", 50) | _to(_RARE_SERVICES, "tcp REJ", 30)
        | _to("private", "tcp S0", 20),
        values={**_FLOODED_HOST, "count": Around(140, 0.5)}),
    Behaviour("ipsweep", 27, same_service=1.0,
        connections={"icmp eco_i SF": 85, "icmp ecr_i SF": 5, "tcp private REJ": 5, "tcp private RSTR": 5},
        values={**_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.7, Around(12, 0.9)),
         "src_bytes": Between(8, 18), "dst_host_same_src_port_rate": Rate(0.8),
         "dst_host_srv_diff_host_rate": Rate(0.5)}),
    Behaviour("ipsweep", 3.5, same_service=0.9,
        connections={"tcp http SF": 30, "tcp http RSTO": 20, "tcp ftp SF": 15, "tcp smtp SF": 20,
         "tcp telnet SF": 15},
        values={**_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.3, _ONE),
         "src_bytes": Around(15, 1.2), "dst_bytes": Sometimes(0.6, Around(120, 1.2))}),
    Behaviour("portsweep", 21, same_service=0.4,
        connections=_to("private", "tcp RSTR", 35) | _to("private other", "tcp REJ", 30)
        | _to(_RARE_SERVICES, "tcp RSTR", 15) | _to("private other", "tcp RSTOS0", 10)
        | _to("private", "tcp SH", 10),
        values={**_SCANNED_HOST, "count": Around(2, 0.9), "elsewhere": Sometimes(0.2, _ONE),
         "duration": Sometimes(0.3, Around(5000, 1.5))}),
    Behaviour("portsweep", 4, same_service=0.06,
        connections=_to(_RARE_SERVICES, "tcp REJ", 60) | _to(_RARE_SERVICES, "tcp S0", 40),
        values={**_FLOODED_HOST, "count": Around(120, 0.5)}),
    Behaviour("nmap", 8, same_service=0.9,
        connections=_to("private", "tcp SH", 30) | _to(_RARE_SERVICES, "tcp SH", 10)
        | _to("eco_i", "icmp SF", 40) | _to("private", "udp SF", 20),
        values={**_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.5, _MANY),
         "src_bytes": Between(6, 10), "dst_host_same_src_port_rate": Rate(0.7)}),
    Behaviour("nmap", 5, same_service=0.9,
        connections={"icmp eco_i SF": 60, "udp private SF": 40},
        values={**_QUIET_HOST, "count": _ONE, "elsewhere": Sometimes(0.4, _MANY),
         "src_bytes": Between(8, 215)}),
    Behaviour("warezclient", 55, same_service=0.95,
        connections={"tcp ftp_data SF": 1},
        values={**_LOGGED_IN, **_MIXED_HOST, "count": _ONE, "dst_host_same_src_port_rate": Rate(0.4),
         "elsewhere": Sometimes(0.1, _ONE), "duration": Sometimes(0.3, Around(15, 0.8)),
         "src_bytes": Around(60000, 2.2), "is_guest_login": Sometimes(0.5, Fixed(1)),
         "hot": Sometimes(0.3, Fixed(1))}),
    Behaviour("warezclient", 34, same_service=0.9,
        connections={"tcp ftp SF": 85, "tcp ftp RSTO": 15},
        values={**_SESSION, "duration": Around(600, 1.3), "src_bytes": Around(400, 1),
         "dst_bytes": Around(1500, 1), "hot": Sometimes(0.85, Around(20, 0.5)),
         "is_guest_login": Sometimes(0.9, Fixed(1))}),
    Behaviour("guess_passwd", 5.3, same_service=0.95,
        connections={"tcp telnet RSTO": 45, "tcp pop_3 SF": 30, "tcp telnet SF": 25},
        values={**_MIXED_HOST, "count": _ONE, "num_failed_logins": Sometimes(0.9, Between(1, 3)),
         "duration": Around(3, 0.6), "src_bytes": Around(120, 0.2), "dst_bytes": Around(180, 0.2),
         "hot": Sometimes(0.4, Fixed(1))}),
    Behaviour("warezmaster", 2, same_service=0.9,
        connections={"tcp ftp SF": 40, "tcp ftp_data SF": 60},
        values={**_SESSION, "dst_bytes": Around(100000, 2), "src_bytes": Sometimes(0.5, Around(300, 1)),
         "hot": Sometimes(0.5, Around(8, 1)), "is_guest_login": Sometimes(0.5, Fixed(1))}),
    Behaviour("imap", 1.1, same_service=0.9,
        connections={"tcp imap4 SF": 40, "tcp imap4 SH": 30, "tcp imap4 S0": 20, "tcp imap4 RSTO": 10},
        values={**_QUIET_HOST, "count": _ONE, "src_bytes": Around(1400, 0.4),
         "dst_bytes": Around(300, 1.5)}),
    Behaviour("ftp_write", 0.8, same_service=0.9,
        connections={"tcp ftp SF": 30, "tcp ftp_data SF": 40, "tcp login SF": 30},
        values={**_SESSION, "hot": Sometimes(0.5, _ONE), "is_guest_login": Sometimes(0.4, Fixed(1)),
         "num_file_creations": Sometimes(0.5, _ONE), "num_access_files": Sometimes(0.2, Fixed(1))}),
    Behaviour("multihop", 0.7, same_service=0.9,
        connections={"tcp telnet SF": 50, "tcp ftp_data SF": 50},
        values={**_SESSION, "hot": Sometimes(0.5, _ONE), "root_shell": Sometimes(0.4, Fixed(1)),
         "num_compromised": Sometimes(0.4, Around(2, 0.8)), "num_root": Sometimes(0.4, Around(3, 0.8)),
         "num_file_creations": Sometimes(0.4, _ONE)}),
    Behaviour("phf", 0.4, same_service=0.95,
        connections={"tcp http SF": 1},
        values={**_LOGGED_IN, **_BUSY_HOST, "count": _ONE, "src_bytes": Around(51, 0.1),
         "dst_bytes": Around(8127, 0.1), "hot": Fixed(2), "root_shell": Fixed(1),
         "num_access_files": Fixed(1)}),
    Behaviour("spy", 0.2, same_service=0.9,
        connections={"tcp telnet SF": 1},
        values={**_SESSION, "duration": Around(300, 0.3), "num_compromised": Sometimes(0.5, Fixed(1)),
         "su_attempted": Sometimes(0.4, Fixed(1)), "num_access_files": Sometimes(0.5, Fixed(1))}),
    Behaviour("buffer_overflow", 30, same_service=0.9,
        connections={"tcp telnet SF": 85, "tcp ftp_data SF": 12, "tcp ftp SF": 3},
        values={**_SESSION, "duration": Around(130, 0.8), "src_bytes": Around(1500, 0.8),
         "hot": Sometimes(0.85, Around(3, 0.6)), "num_compromised": Sometimes(0.7, Around(2, 0.8)),
         "root_shell": Sometimes(0.85, Fixed(1)), "num_root": Sometimes(0.4, Around(3, 0.8)),
         "num_file_creations": Sometimes(0.7, _ONE), "num_shells": Sometimes(0.4, Between(1, 2))}),
    Behaviour("rootkit", 10, same_service=0.9,
        connections={"tcp telnet SF": 75, "tcp ftp_data SF": 15, "udp other SF": 10},
        values={**_SESSION, "hot": Sometimes(0.6, _ONE), "num_compromised": Sometimes(0.6, Around(3, 1)),
         "root_shell": Sometimes(0.7, Fixed(1)), "num_root": Sometimes(0.6, Around(5, 1)),
         "num_file_creations": Sometimes(0.6, Around(4, 0.8))}),
    Behaviour("loadmodule", 9, same_service=0.9,
        connections={"tcp telnet SF": 75, "tcp ftp_data SF": 25},
        values={**_SESSION, "duration": Around(60, 0.8), "hot": Sometimes(0.6, _ONE),
         "num_compromised": Sometimes(0.6, Fixed(1)), "root_shell": Sometimes(0.8, Fixed(1)),
         "num_file_creations": Sometimes(0.7, _ONE), "num_access_files": Sometimes(0.3, Fixed(1))}),
    Behaviour("perl", 3, same_service=0.9,
        connections={"tcp telnet SF": 1},
        values={**_SESSION, "duration": Around(50, 0.5), "src_bytes": Around(250, 0.3),
         "hot": Sometimes(0.7, Fixed(1)), "root_shell": Sometimes(0.9, Fixed(1)), "num_root": Around(2, 0.4),
         "num_file_creations": Sometimes(0.8, _ONE), "num_shells": Sometimes(0.5, Fixed(1))}),
)
# fmt: on
