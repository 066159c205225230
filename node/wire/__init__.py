"""gRPC and protobuf: the only room that knows either."""
