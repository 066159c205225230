"""gRPC and protobuf: only this package uses them.

Two settings are made at import, because they must come before gRPC is first imported, and gRPC for Python has no other
way:

- TLS 1.2 keeps only a cipher suite for RSA, which no certificate of ours (P-256) can use. TLS 1.3 remains.
- gRPC's own lines on stderr, which name peers and do not follow our format, are off unless a user asked for them.
"""

import os

os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-RSA-AES256-GCM-SHA384"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
