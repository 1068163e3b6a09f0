"""What a sender survives: kills, bad servers, a full disk. Small in CI; `make test-faults` runs it in full."""
