"""How fast it is, measured beside what it is compared with. `make bench-NAME` runs one and keeps what came out."""
