"""The agents' console: pages made on the server, from the same doors as the API."""
