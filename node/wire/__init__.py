"""gRPC and protobuf: the only room that knows either.

What happens at import, because it must come before gRPC is first imported, and gRPC for Python has no other setting:

- TLS 1.2 is left with a cipher suite for RSA alone, which no certificate of ours (P-256) can serve. TLS 1.3 remains.
- gRPC's own lines on stderr, which name peers and follow no format of ours, are off unless somebody asked for them.
"""

import os

os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-RSA-AES256-GCM-SHA384"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
