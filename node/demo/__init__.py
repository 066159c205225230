"""The demonstration: a federation of one hub and three countries on this machine, with real photographs."""
