"""Stand-ins for services that cannot run here: real servers on loopback that keep the service's documented rules."""
