"""What a row of a list said, as the JSON text that stays with it (`Reference.said`)."""

from __future__ import annotations

import json
from typing import Final

compact: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
"""A value as a JSON text without spaces. One encoder for all rows: `json.dumps` makes a new one for each."""
