"""Who it is: contacts of every channel, resolved to one customer, explained and undone exactly."""
