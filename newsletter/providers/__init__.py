"""Transports: our code that hands editions to a provider. Each is imported only when it is used."""
