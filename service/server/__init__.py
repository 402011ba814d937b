"""Sockets and processes: who listens, how long a client may take, how workers start and stop."""
