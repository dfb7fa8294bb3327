"""A real Docker host, made for the purpose and predicted from its snapshot: `make test-docker`."""
