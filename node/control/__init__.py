"""What the daemon answers on its local socket, and the client of it."""
