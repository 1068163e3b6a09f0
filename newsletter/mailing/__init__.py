"""A mailing's life: prepare an issue, plan who gets it, send it, explain what became of it."""
