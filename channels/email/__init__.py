"""Mail: parsed in a process that can be killed, proved or claimed, threaded by what we signed, answered once."""
