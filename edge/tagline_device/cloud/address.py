"""The address of MQTT over WebSocket, signed as AWS IoT wants it (Signature Version 4)."""

import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote

_SERVICE = "iotdevicegateway"
_PATH = "/mqtt"


def signed_path(host: str, region: str, access_key: str, secret_key: str, now: datetime) -> str:
    """Return path and query that open MQTT at a host for five minutes from `now` (UTC) on."""
    day, second = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{region}/{_SERVICE}/aws4_request"
    query = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in sorted(
            {
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": f"{access_key}/{scope}",
                "X-Amz-Date": second,
                "X-Amz-Expires": "300",
                "X-Amz-SignedHeaders": "host",
            }.items()
        )
    )
    empty = hashlib.sha256(b"").hexdigest()
    asked = f"GET\n{_PATH}\n{query}\nhost:{host}\n\nhost\n{empty}"
    told = hashlib.sha256(asked.encode()).hexdigest()
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{second}\n{scope}\n{told}"
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{_PATH}?{query}&X-Amz-Signature={signature}"
