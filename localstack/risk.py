"""What the risk of sign-ins is decided by on the local stack: the default policy, a list of networks, and a location database
for the addresses of documentation (RFC 5737, RFC 3849). The emulator's own callers come from 127.0.0.1, which has no place.
"""

from localstack.aws import client
from localstack.lists import put_if_missing
from localstack.settings import ROOT, Settings

FOLDER = "risk"
NETWORKS = b"# The local stack's sample of a list of networks, such as anonymising proxies.\n203.0.113.0/24\n"

# The parameter that names each object.
PARAMETERS = {"RiskPolicy": "policy.json", "RiskNetworks": "networks.txt", "RiskLocations": "places.mmdb"}


def put_risk_files(settings: Settings, lists_bucket: str) -> None:
    """Stores the files. One that is there already stays, so that another policy can be tried."""
    files = {
        "RiskPolicy": (ROOT / "shared/domain/src/risk/default_policy.json").read_bytes(),
        "RiskNetworks": NETWORKS,
        "RiskLocations": (ROOT / "shared/src/location/places.mmdb").read_bytes(),
    }
    s3 = client(settings, "s3")
    for parameter, content in files.items():
        put_if_missing(s3, lists_bucket, f"{FOLDER}/{PARAMETERS[parameter]}", content)
